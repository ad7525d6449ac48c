// Two talk machines and their keepers in one process, over stores in memory and a link that is a function call: what a merge
// takes of a processor where no network and no disk are in it. Both ends share the one thread.
import { MemoryTalkStore } from '../../src/io/talk-memory.ts';
import type { Keeper } from '../../src/io/keeper.ts';
import { Talk } from '../../src/talk/talk.ts';
import { decodeEnvelope, encodeEnvelope } from '../../src/wire/envelope.ts';
import { isTalk, type TalkEnvelope } from '../../src/wire/talk-envelope.ts';
import { copyPool, keeperOf, type Apart, type ApartDevice } from './diverged.ts';

/** Longer than it takes on any machine that is fit to measure on. */
const PATIENCE_MS = 60_000;

export interface MachineMerge {
  /** From the link until both have all. */
  readonly ms: number;
  /** Of encoded envelopes, both directions. */
  readonly bytes: number;
}

/** Leaves what is in `apart` as it is. */
export async function mergeMachines({ pool, devices, missing }: Apart): Promise<MachineMerge> {
  const ends = await Promise.all(devices.map((device) => openEnd(pool, device)));
  const [one, other] = ends;
  if (one === undefined || other === undefined) throw new Error('a merge takes two');
  const wanted = missing.reduce((sum, { entries }) => sum + entries, 0);
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error('the machines did not merge')), PATIENCE_MS);
    let bytes = 0;
    let taken = 0;
    const beganMs = performance.now();
    const deliver = (from: End, to: End): void => {
      from.send = (envelope) => {
        const encoded = encodeEnvelope(envelope);
        bytes += encoded.length;
        // Not from within the call that sends.
        setImmediate(() => to.run((talk, now) => talk.envelope(now, from.met.device, readTalk(encoded))));
      };
    };
    const onTaken = (entries: number): void => {
      taken += entries;
      if (taken < wanted) return;
      clearTimeout(late);
      for (const end of ends) end.stop();
      resolve({ ms: performance.now() - beganMs, bytes });
    };
    deliver(one, other);
    deliver(other, one);
    for (const end of ends) end.onTaken = onTaken;
    one.run((talk, now) => talk.peerUp(now, other.met));
    other.run((talk, now) => talk.peerUp(now, one.met));
  });
}

function readTalk(encoded: Uint8Array): TalkEnvelope {
  const envelope = decodeEnvelope(encoded);
  if (envelope === undefined || !isTalk(envelope)) throw new Error('expected talk');
  return envelope;
}

async function openEnd(pool: string, { met, keys, store }: ApartDevice): Promise<End> {
  const own = new MemoryTalkStore();
  await copyPool(pool, keys.id, store, own);
  const end = new End(met, keeperOf(pool, met.name, keys, own));
  await end.opened;
  return end;
}

/** One machine and its keeper, driven as src/io/driver.ts drives them. */
class End {
  readonly met: ApartDevice['met'];
  readonly opened: Promise<void>;
  send: (envelope: TalkEnvelope) => void = () => undefined;
  onTaken: (entries: number) => void = () => undefined;
  readonly #talk: Talk;
  readonly #keeper: Keeper;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stopped = false;
  #onOpened: () => void = () => undefined;

  constructor(met: ApartDevice['met'], keeper: Keeper) {
    this.met = met;
    this.#keeper = keeper;
    this.opened = new Promise((resolve) => (this.#onOpened = resolve));
    this.#talk = new Talk({
      self: met.device,
      poolTimeMs: () => Date.now(),
      links: {
        send: (_, envelope) => {
          this.send(envelope);
          return 'ok';
        },
      },
    });
    this.run((talk, now) => talk.start(now));
  }

  run(call: (talk: Talk, now: number) => unknown): void {
    if (this.#stopped) return;
    call(this.#talk, performance.now());
    for (let output = this.#talk.poll(); output !== undefined; output = this.#talk.poll()) {
      if (output.kind === 'talk') void this.#perform(output.id, output.op);
    }
    clearTimeout(this.#timer);
    const dueMs = this.#talk.nextTimeout();
    if (dueMs === undefined) return;
    this.#timer = setTimeout(() => this.run((talk, now) => talk.timeout(now)), Math.max(0, dueMs - performance.now()));
  }

  async #perform(id: number, op: Parameters<Keeper['perform']>[0]): Promise<void> {
    const result = await this.#keeper.perform(op);
    this.run((talk, now) => talk.done(now, id, result));
    if (op.op === 'open') this.#onOpened();
    if (!result.ok) throw new Error(`${op.op}: ${result.code}`);
    const { value } = result;
    if (value !== undefined && 'problems' in value && 'entries' in value) this.onTaken(value.entries.length);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }
}
