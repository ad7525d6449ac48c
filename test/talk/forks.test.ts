// A device that signed two entries for one place, as one does that was restored from a backup or that lies: whoever holds both
// shows it to everyone here, and all stop at the same log.
import { describe, expect, test } from '@jest/globals';
import { signEntry } from '../../src/keys/entry.ts';
import { decodeEntry, encodeEntry, ENTRY_FIXED_BYTES, type Entry } from '../../src/wire/entry.ts';
import type { ForkProof } from '../../src/wire/talk-envelope.ts';
import { Net } from './net.ts';
import { Person, POOL } from './people.ts';

interface Scene {
  readonly net: Net;
  readonly ada: Person;
  readonly others: readonly [Person, Person, Person];
  readonly room: string;
  /** Ada's last entry, which all have, and another that she signed in its place. */
  readonly last: Uint8Array;
  readonly twin: Uint8Array;
}

const read = (bytes: Uint8Array | undefined): Entry => {
  const entry = bytes && decodeEntry(bytes);
  if (entry === undefined) throw new Error('no entry');
  return entry;
};

/** Four people who have one conversation, and the proof of nothing yet. */
async function scene(seed: number): Promise<Scene> {
  const net = new Net(seed);
  net.sent = [];
  const ada = await Person.join(net, 'Ada');
  const others = [await Person.join(net, 'Bo'), await Person.join(net, 'Cy'), await Person.join(net, 'Dee')] as const;
  net.mesh();
  const room = ada.keeper.poolRoom;
  await net.say(ada.device, room, 'one');
  await net.say(ada.device, room, 'two');
  await net.run(1000);
  const found = await ada.store.entries(POOL, ada.id, room, { first: 1, last: 99 }, Infinity);
  const last = found.at(-1)?.bytes ?? new Uint8Array(0);
  const { head: _head, signature: _signature, ...entry } = read(last);
  const body = entry.body ?? new Uint8Array(0);
  const twin = encodeEntry(await signEntry(ada.keys, { ...entry, created: entry.created + 1 }, body));
  return { net, ada, others, room, last, twin };
}

const proofOf = ({ ada, room, last, twin }: Scene): ForkProof => {
  const [one, other] = [last.slice(0, ENTRY_FIXED_BYTES), twin.slice(0, ENTRY_FIXED_BYTES)];
  return { author: ada.id, chain: room, one, other };
};

const frozen = ({ device }: Person, author: string): boolean =>
  [...device.talk.chains].some((chain) => chain.author === author && chain.forked);

const shows = ({ device }: Person, author: string): number =>
  device.told('problem').filter(({ problem }) => problem.code === 'fork' && problem.author === author).length;

const problems = ({ device }: Person): string[] => device.told('problem').map(({ problem }) => problem.code);

/** Fork proofs that went from one to another, by link. */
const passed = ({ net }: Scene): number[] => {
  const links = new Map<string, number>();
  for (const { from, to, envelope } of net.sent ?? []) {
    if (envelope.kind === 'fork') links.set(`${from} ${to}`, (links.get(`${from} ${to}`) ?? 0) + 1);
  }
  return [...links.values()];
};

describe('a log that was signed twice', () => {
  test('is stopped at by everyone, its author too, once one of them holds both', async () => {
    const it = await scene(1);
    const [bo] = it.others;
    bo.device.received(it.ada.id, { kind: 'entries', want: 0, entries: [it.twin] }, it.twin.length);
    await it.net.run(1000);
    for (const person of [it.ada, ...it.others]) {
      expect([person.name, frozen(person, it.ada.id), shows(person, it.ada.id)]).toEqual([person.name, true, 1]);
      expect(await person.keeper.proofs()).toHaveLength(1);
    }
    expect(await it.net.say(it.ada.device, it.room, 'three')).toMatchObject({ ok: false, code: 'refused' });
    expect(Math.max(...passed(it))).toBe(1);
    await it.net.say(bo.device, it.room, 'and on');
    await it.net.run(1000);
    for (const person of it.others) expect((await person.texts()).at(-1)).toBe('and on');
  });

  test('is stopped at by those who come later, after everyone began anew', async () => {
    const it = await scene(2);
    const [bo, cy, dee] = it.others;
    it.net.stop(cy.device);
    it.net.stop(dee.device);
    bo.device.received(it.ada.id, { kind: 'entries', want: 0, entries: [it.twin] }, it.twin.length);
    await it.net.run(500);
    bo.restart();
    const eve = await Person.join(it.net, 'Eve');
    it.net.link(bo.device, eve.device);
    await it.net.run(2000);
    expect([frozen(eve, it.ada.id), shows(eve, it.ada.id)]).toEqual([true, 1]);
  });

  test('is not what a forged, cut or pointless proof makes of it', async () => {
    const it = await scene(3);
    const [bo, cy] = it.others;
    const proof = proofOf(it);
    const flipped = proof.other.map((byte, i) => (i === ENTRY_FIXED_BYTES - 1 ? byte ^ 1 : byte));
    const bring = async (from: Person, forged: ForkProof): Promise<void> => {
      bo.device.received(from.id, { kind: 'fork', ...forged }, 600);
      await it.net.run(300);
    };
    await bring(cy, { ...proof, other: flipped });
    expect([frozen(bo, it.ada.id), problems(bo)]).toEqual([false, ['forged']]);
    // One of a link counts.
    await bring(cy, proof);
    expect(frozen(bo, it.ada.id)).toBe(false);
    const [, , dee] = it.others;
    await it.net.say(dee.device, it.room, 'mine');
    await bring(dee, { ...proof, other: proof.one });
    expect([frozen(bo, it.ada.id), problems(bo)]).toEqual([false, ['forged', 'malformed']]);
    await bring(dee, { ...proof, author: dee.id });
    expect([frozen(bo, dee.id), problems(bo)]).toEqual([false, ['forged', 'malformed', 'malformed']]);
    await bring(it.ada, proof);
    expect([frozen(bo, it.ada.id), shows(bo, it.ada.id)]).toEqual([true, 1]);
  });

  test('is passed on of a bounded number of logs', async () => {
    const it = await scene(4);
    const [bo, cy] = it.others;
    const proof = proofOf(it);
    for (let i = 0; i < 100; i++) {
      const chain = i.toString(16).padStart(32, '0');
      bo.device.received(cy.id, { kind: 'fork', ...proof, chain }, 600);
    }
    bo.device.received(cy.id, { kind: 'fork', ...proof }, 600);
    await it.net.run(300);
    expect(frozen(bo, it.ada.id)).toBe(false);
    expect(bo.device.heldBytes).toBe(0);
  });
});
