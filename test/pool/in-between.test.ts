// A world whose server sits in between: it puts other fingerprints into what it relays. Nothing is carried and both are told.
import { describe, expect, test } from '@jest/globals';
import { World, type Member, type Rendezvous } from '../../src/sim/world.ts';
import { HubRendezvous, sha256 } from '../sim/hub-rendezvous.ts';

const FINGERPRINT = /sha-256 \S+/g;
const OTHER = `sha-256 ${Array.from({ length: 32 }, () => 'EE').join(':')}`;

/** Passes descriptions on as `change` makes them. */
class Meddler extends HubRendezvous {
  readonly #change: (sdp: string, kind: 'offer' | 'answer') => string;

  constructor(change: (sdp: string, kind: 'offer' | 'answer') => string) {
    super();
    this.#change = change;
  }

  override poll(): ReturnType<Rendezvous['poll']> {
    const told = super.poll();
    if (told?.kind !== 'tell' || told.message.kind !== 'relayed' || told.message.signal.kind === 'candidate')
      return told;
    const { kind, sdp } = told.message.signal;
    return { ...told, message: { ...told.message, signal: { kind, sdp: this.#change(sdp, kind) } } };
  }
}

function worldWith(change: (sdp: string, kind: 'offer' | 'answer') => string): [World, Member, Member] {
  const world = new World({
    seed: 3,
    members: 2,
    path: () => ({ delayMs: 20 }),
    rendezvous: () => new Meddler(change),
    sha256,
  });
  const [a, b] = world.members;
  if (a === undefined || b === undefined) throw new Error('two members were asked for');
  for (const member of [a, b]) world.join(member);
  world.run(500);
  a.offer([{ name: 'for b', bytes: new Uint8Array(1000) }]);
  b.offer([{ name: 'for a', bytes: new Uint8Array(1000) }]);
  return [world, a, b];
}

const foreign = (member: Member): number => member.all('offer').filter(({ offer }) => !offer.own).length;
const codes = (member: Member): string[] => member.all('unbound').map(({ code }) => code);

describe('between two members and a server', () => {
  test('that passes on what it gets, all is carried, with the same words at both ends', () => {
    const [world, a, b] = worldWith((sdp) => sdp);
    world.run(20_000);
    expect([foreign(a), foreign(b), codes(a), codes(b)]).toEqual([1, 1, [], []]);
    expect(a.pool.peers[0]?.words).toHaveLength(4);
    expect(a.pool.peers[0]?.words).toEqual(b.pool.peers[0]?.words);
    expect([a, b].map(({ pool }) => pool.peers[0]?.role).sort()).toEqual(['member', 'owner']);
  });

  test.each([
    ['both ways', () => true],
    ['in offers', (kind: string) => kind === 'offer'],
    ['in answers', (kind: string) => kind === 'answer'],
  ])(
    'that puts fingerprints of its own %s, nothing is, however long it tries, and both are told once',
    (_what, swaps) => {
      const [world, a, b] = worldWith((sdp, kind) => (swaps(kind) ? sdp.replaceAll(FINGERPRINT, OTHER) : sdp));
      world.run(120_000);
      expect([foreign(a), foreign(b)]).toEqual([0, 0]);
      expect([codes(a), codes(b)]).toEqual([['binding'], ['binding']]);
      for (const { pool } of [a, b]) {
        expect(pool.peers).toMatchObject([{ path: 'connecting' }]);
        expect(pool.peers[0]).not.toHaveProperty('words');
      }
    },
  );

  test.each([
    ['takes fingerprints out', (sdp: string) => sdp.replaceAll(/a=fingerprint.*\n/g, '')],
    ['puts further ones in', (sdp: string) => `${sdp}a=fingerprint:${OTHER}\n`],
    ['weakens them', (sdp: string) => sdp.replaceAll('sha-256', 'sha-1')],
  ])('that %s, nothing is', (_what, change) => {
    const [world, a, b] = worldWith(change);
    world.run(60_000);
    expect([foreign(a), foreign(b)]).toEqual([0, 0]);
    // Who is called sees the offer, and its caller never an answer.
    expect([...codes(a), ...codes(b)]).toEqual(['fingerprint']);
  });

  test('that stops meddling, all is carried after all', () => {
    let meddles = true;
    const [world, a, b] = worldWith((sdp) => (meddles ? sdp.replaceAll(FINGERPRINT, OTHER) : sdp));
    world.run(10_000);
    meddles = false;
    world.run(30_000);
    expect([foreign(a), foreign(b)]).toEqual([1, 1]);
  });
});
