// Datagrams of one link that turn up in another: each names its session, so the other answers by rule, counts it, and
// carries on as if nothing had been said.
import { describe, expect, test } from '@jest/globals';
import { VirtualClock } from '../../src/sim/clock.ts';
import { LinkPair, type LinkEnd } from '../../src/sim/link-pair.ts';
import { LINK_CODES } from '../../src/wire/codes.ts';
import { decodeDatagram, encodeControl, sessionOf } from '../../src/wire/datagram.ts';
import { aesGcmSeal } from '../../src/wire/seal-aes-gcm.ts';
import { decode, endOf, framesSaid, payload, received, said, sorted, upTo } from './support.ts';

const CHUNKS = 24;
const CHUNK_BYTES = 64 * 1024;
const MESSAGES = 20;
const PATH = { delayMs: 20, rateMbit: 20, lossRatio: 0.01 };

interface Exchange {
  readonly pair: LinkPair;
  /** Payloads follow from it, so what another link carried is not what this one should. */
  readonly base: number;
}

/** A link with a session, on which chunks begin to flow to the initiator and messages to the acceptor. */
function exchange(seed: number, clock: VirtualClock, sealed = false): Exchange {
  const base = seed * 1000;
  const key = new Uint8Array(32).fill(seed);
  const seals = { initiator: () => aesGcmSeal(key, 'initiator'), acceptor: () => aesGcmSeal(key, 'acceptor') };
  const pair = new LinkPair({ seed, clock, path: PATH, ...(sealed ? { seals } : {}) });
  pair.connect();
  pair.acceptor.serve = (_, chunk) => payload(base + chunk, CHUNK_BYTES);
  for (const chunk of upTo(CHUNKS)) expect(pair.initiator.request(1, chunk, CHUNK_BYTES)).toBe('ok');
  for (const i of upTo(MESSAGES)) expect(pair.initiator.send(payload(base + i, 3000))).toBe('ok');
  return { pair, base };
}

/** All that was asked for arrived whole and once, over the session that the link began with, and nothing else did. */
function expectWhole({ pair, base }: Exchange, session: bigint): void {
  pair.runUntil(() => pair.initiator.all('chunk').length >= CHUNKS, 60_000);
  pair.settle();
  pair.run(3000);
  const chunks = pair.initiator.all('chunk');
  expect(sorted(chunks.map(({ chunk }) => chunk))).toEqual(upTo(CHUNKS));
  for (const { chunk, bytes } of chunks) expect(Buffer.compare(bytes, payload(base + chunk, CHUNK_BYTES))).toBe(0);
  expect(sorted(received(pair.acceptor))).toEqual(upTo(MESSAGES).map((i) => base + i));
  for (const end of pair.ends) {
    expect(end.link.state).toBe('open');
    expect(end.link.sessionId).toBe(session);
    expect(end.outputs.filter(({ kind }) => kind === 'closed' || kind === 'reset' || kind === 'lost')).toEqual([]);
  }
}

/** What `end` has said in its link's session since `from`, as it was on the wire. */
function ofSession(end: LinkEnd, from: number): Uint8Array[] {
  return end.said.slice(from).flatMap(({ bytes }) => (sessionOf(bytes) === end.link.sessionId ? [bytes.slice()] : []));
}

const isCounted = (bytes: Uint8Array): boolean => decodeDatagram(bytes)?.kind !== 'disconnect';

describe('two links, each of which hears all that the other says', () => {
  test('count what is not theirs, answer a few a second, and lose nothing', () => {
    const clock = new VirtualClock();
    const [a, b] = [exchange(1, clock), exchange(2, clock)];
    const sessions = [a.pair.initiator.link.sessionId, b.pair.initiator.link.sessionId] as const;
    const crossings = (['initiator', 'acceptor'] as const).flatMap((role) => [
      { from: a.pair[role], to: b.pair[role === 'initiator' ? 'acceptor' : 'initiator'], heard: 0 },
      { from: b.pair[role], to: a.pair[role === 'initiator' ? 'acceptor' : 'initiator'], heard: 0 },
    ]);
    const told = crossings.map(({ from }) => from.said.length);
    const fromMs = clock.now;
    for (const untilMs = fromMs + 3000; clock.now < untilMs; clock.advance(5)) {
      for (const [i, crossing] of crossings.entries()) {
        const strangers = ofSession(crossing.from, told[i] ?? 0);
        told[i] = crossing.from.said.length;
        for (const bytes of strangers) {
          crossing.to.receive(bytes);
          crossing.heard += isCounted(bytes) ? 1 : 0;
        }
      }
    }
    for (const { to, heard } of crossings) {
      expect(heard).toBeGreaterThan(50);
      expect(to.link.stats.drops['unknown-session']).toBe(heard);
      const answers = said(to, fromMs).filter(({ kind }) => kind === 'disconnect');
      expect(answers.length).toBeGreaterThan(20);
      expect(answers.length).toBeLessThanOrEqual(20 * 4);
      for (const answer of answers) expect([...sessions]).toContain(answer.session);
      for (const answer of answers) expect(answer.session).not.toBe(to.link.sessionId);
    }
    expectWhole(a, sessions[0]);
    expectWhole(b, sessions[1]);
  });

  test('do so with seals of their own too: what does not open is nobody’s fault', () => {
    const clock = new VirtualClock();
    const [a, b] = [exchange(3, clock, true), exchange(4, clock, true)];
    a.pair.run(300);
    const strangers = [...ofSession(a.pair.initiator, 0), ...ofSession(a.pair.acceptor, 0)];
    expect(strangers.length).toBeGreaterThan(50);
    for (const bytes of strangers) {
      for (const end of b.pair.ends) end.receive(bytes);
      b.pair.run(1);
    }
    expectWhole(a, a.pair.initiator.link.sessionId);
    expectWhole(b, b.pair.initiator.link.sessionId);
  });
});

describe('an open link that hears of another’s session', () => {
  /** A link that has resumed its session once, so that its ends have said all that a handshake may say of one. */
  function resumed(): LinkPair {
    const pair = new LinkPair({ seed: 9, path: { delayMs: 20 } });
    pair.connect();
    pair.closeTransport();
    pair.connect();
    pair.run(3000);
    return pair;
  }

  /** The last datagram of `kind` that `end` said in its session. */
  function replayed(end: LinkEnd, kind: string): Uint8Array {
    const bytes = ofSession(end, 0).findLast((one) => decode(one).kind === kind);
    if (bytes === undefined) throw new Error(`it never said ${kind}`);
    return bytes;
  }

  test.each([
    ['connect', 'acceptor'],
    ['connect', 'initiator'],
    ['accepted', 'initiator'],
    ['accepted', 'acceptor'],
    ['heartbeat', 'acceptor'],
    ['heartbeat', 'initiator'],
  ] as const)('in a %s answers as the %s with disconnect, and carries on', (kind, role) => {
    const other = resumed();
    const bytes = replayed(kind === 'accepted' ? other.acceptor : other.initiator, kind);
    const it = exchange(5, new VirtualClock());
    const { pair } = it;
    const session = pair.initiator.link.sessionId;
    pair.run(100);
    const fromMs = pair.clock.now;
    pair[role].receive(bytes);
    expect(pair[role].link.stats.drops['unknown-session']).toBe(1);
    expect(said(pair[role], fromMs).filter(({ kind: told }) => told === 'disconnect')).toEqual([
      { kind: 'disconnect', session: other.initiator.link.sessionId, code: LINK_CODES['unknown-session'] },
    ]);
    expectWhole(it, session);
  });

  test.each(Object.entries(LINK_CODES))('in a disconnect with %s neither answers nor ends', (_name, code) => {
    const other = resumed();
    const bytes = encodeControl({ kind: 'disconnect', session: other.initiator.link.sessionId, code });
    const it = exchange(6, new VirtualClock());
    const session = it.pair.initiator.link.sessionId;
    it.pair.run(100);
    for (const end of it.pair.ends) {
      const before = end.said.length;
      end.receive(bytes);
      expect(end.said.slice(before).filter((told) => decode(told.bytes).kind === 'disconnect')).toEqual([]);
    }
    expectWhole(it, session);
  });

  test('takes no acknowledgement and no credit from there', () => {
    const other = exchange(7, new VirtualClock());
    other.pair.settle();
    const it = new LinkPair({ seed: 8, path: { delayMs: 20 }, link: { messageReceiveBytesMax: 300_000 } });
    it.connect();
    it.acceptor.releases = false;
    for (const i of upTo(8)) it.initiator.send(payload(i, 100_000));
    expect(framesSaid(other.pair.acceptor, 'ack').length).toBeGreaterThan(10);
    // The other link has sent more packets than this one: its acknowledgements would be of packets never sent.
    for (const bytes of ofSession(other.pair.acceptor, 0)) it.initiator.receive(bytes);
    it.run(10_000);
    expect(endOf(it.initiator)).toBeUndefined();
    expect(it.acceptor.link.heldBytes.messagesIn).toBeLessThanOrEqual(300_000);
    expect(it.acceptor.all('message')).toHaveLength(2);
  });
});

describe('a connect without a session, from another link', () => {
  test('begins anew, as a restarted peer’s would; both ends find together again and carry on', () => {
    const other = new LinkPair({ seed: 9 });
    other.connect();
    const first = other.initiator.said.find(({ bytes }) => decode(bytes).kind === 'connect');
    if (first === undefined) throw new Error('it never connected');
    const pair = new LinkPair({ seed: 10, path: { delayMs: 20 } });
    pair.connect();
    pair.run(1500);
    pair.acceptor.receive(first.bytes);
    pair.run(3000);
    expect(pair.ends.map(({ link }) => link.state)).toEqual(['open', 'open']);
    expect(pair.initiator.link.sessionId).toBe(pair.acceptor.link.sessionId);
    for (const end of pair.ends) expect(end.all('reset').length).toBeGreaterThan(0);
    for (const end of pair.ends) for (const i of upTo(3)) end.send(payload(i, 5000));
    pair.settle();
    for (const end of pair.ends) expect(sorted(received(end))).toEqual(upTo(3));
  });
});

test('sealed data of another session does not end a link that is about to resume', () => {
  const clock = new VirtualClock();
  const [{ pair: other }, { pair }] = [exchange(11, clock, true), exchange(12, clock, true)];
  other.run(200);
  pair.run(1000);
  pair.closeTransport();
  pair.openTransport();
  const data = other.initiator.said.findLast(({ bytes }) => decodeDatagram(bytes) === undefined);
  if (data === undefined) throw new Error('nothing sealed was said');
  pair.acceptor.receive(data.bytes);
  pair.run(3000);
  expect(pair.ends.map(({ link }) => link.state)).toEqual(['open', 'open']);
});
