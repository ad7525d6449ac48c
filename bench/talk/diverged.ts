// Two devices that met, know each other's log, and wrote on without each other: what a merge begins with. Real keys, keepers and
// entries, in memory; copied into the store of whoever is to merge them.
import { randomFillSync } from 'node:crypto';
import { Keeper } from '../../src/io/keeper.ts';
import { MemoryTalkStore } from '../../src/io/talk-memory.ts';
import type { EpochRecord, TalkStore } from '../../src/io/talk-store.ts';
import { generateDeviceKeys, type DeviceKeys } from '../../src/keys/identity.ts';
import type { MetDevice, TalkOp, TalkValues } from '../../src/talk/ports.ts';
import { lastOf } from '../../src/talk/ranges.ts';
import { SEQ_MAX } from '../../src/wire/entry.ts';

export interface Apart {
  readonly pool: string;
  readonly devices: readonly [ApartDevice, ApartDevice];
  /** What each has and the other lacks: entries, and their bytes as entries (ENTRY_FIXED_BYTES and the body, each). */
  readonly missing: readonly [Missing, Missing];
}

export interface Missing {
  readonly entries: number;
  readonly bytes: number;
}

export interface ApartDevice {
  readonly met: MetDevice;
  readonly keys: DeviceKeys;
  readonly store: TalkStore;
  /** How many messages its own log has, and all there will be. */
  readonly messages: number;
}

/** `each`: messages that each of the two writes alone; `chars`: of each message's text. */
export async function diverged(pool: string, each: number, chars: number): Promise<Apart> {
  const devices = [await newDevice(pool, 'Ada'), await newDevice(pool, 'Ben')] as const;
  const [ada, ben] = devices;
  await ada.perform({ op: 'met', met: ben.met });
  await ben.perform({ op: 'met', met: ada.met });
  await introduce(ada, ben);
  await introduce(ben, ada);
  const missing = [await writeAlone(ada, each, chars), await writeAlone(ben, each, chars)] as const;
  const apart = ({ met, keys, store }: Device): ApartDevice => ({ met, keys, store, messages: each + 1 });
  return { pool, devices: [apart(ada), apart(ben)], missing };
}

interface Device {
  readonly met: MetDevice;
  readonly keys: DeviceKeys;
  readonly store: MemoryTalkStore;
  perform<Op extends TalkOp['op']>(op: Extract<TalkOp, { op: Op }>): Promise<TalkValues[Op]>;
  say(text: string): Promise<TalkValues['write']>;
}

async function newDevice(pool: string, name: string): Promise<Device> {
  const keys = await generateDeviceKeys(true);
  const store = new MemoryTalkStore();
  const keeper = keeperOf(pool, name, keys, store);
  const perform: Device['perform'] = async (op) => {
    const result = await keeper.perform(op);
    if (!result.ok) throw new Error(`${op.op}: ${result.code}`);
    // The keeper answers an operation with its own value only.
    return result.value as never;
  };
  await perform({ op: 'open' });
  const { id: device, signKey, agreeKey } = keys;
  const met: MetDevice = { device, signKey, agreeKey, name, kind: 'terminal', role: 'member' };
  const say: Device['say'] = (text) => {
    const draft = { kind: 'text', text, notify: [], important: false, announcement: false } as const;
    return perform({ op: 'write', room: keeper.poolRoom, draft, nowMs: Date.now() });
  };
  return { met, keys, store, perform, say };
}

export function keeperOf(pool: string, name: string, keys: DeviceKeys, store: TalkStore): Keeper {
  const random = (into: Uint8Array<ArrayBuffer>): Uint8Array => randomFillSync(into);
  return new Keeper({ pool, keys, name, kind: 'terminal', store, random, wallMs: () => Date.now() });
}

/** Its first message, at the other too. */
async function introduce(from: Device, to: Device): Promise<void> {
  const { entries } = await from.say('hello');
  const bytes = entries.map((entry) => entry.bytes);
  await to.perform({ op: 'take', from: from.met.device, entries: bytes, nowMs: Date.now() });
}

async function writeAlone(device: Device, count: number, chars: number): Promise<Missing> {
  const missing = { entries: 0, bytes: 0 };
  for (let written = 0; written < count; written += 1) {
    const { entries } = await device.say(`${written} `.padEnd(chars, 'words of some length '));
    missing.entries += entries.length;
    missing.bytes += entries.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }
  return missing;
}

/** All that is kept of `pool`, put into another store in one piece. `author`: whose device it is of. */
export async function copyPool(pool: string, author: string, from: TalkStore, to: TalkStore): Promise<void> {
  const { chains, members, rooms, pool: record } = await from.load(pool, author);
  const all = { first: 1, last: SEQ_MAX };
  const entries = await Promise.all(chains.map((each) => from.entries(pool, each.author, each.chain, all, Infinity)));
  const messages = await Promise.all(rooms.map(({ id }) => from.page(pool, id, SEQ_MAX)));
  const epochs: EpochRecord[] = [];
  for (const { author: by, chain, ranges } of chains) {
    for (let number = 1; number <= lastOf(ranges); number += 1) {
      const epoch = await from.epoch(pool, by, chain, number);
      if (epoch === undefined) break;
      epochs.push(epoch);
    }
  }
  await to.commit(pool, {
    chains,
    members,
    rooms,
    epochs,
    entries: entries.flat(),
    messages: messages.flat(),
    ...(record === undefined ? {} : { pool: record }),
  });
}
