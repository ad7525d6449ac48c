// Why two devices did not meet: the whole table, and what the pool makes of it.
import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { POOL_DEFAULTS } from '../../src/pool/options.ts';
import { Pool, type PoolOutput } from '../../src/pool/pool.ts';
import {
  addressKinds,
  unmetWords,
  whyUnmet,
  type AddressKind,
  type MeetFacts,
  type Unmet,
} from '../../src/pool/unmet.ts';

import { SimKeyring } from '../../src/sim/keys.ts';
import { Random } from '../../src/sim/random.ts';
import type { Signal } from '../../src/wire/signaling.ts';

const STUN = { urls: ['stun:a'] };
const TURN = { urls: ['turn:a'], username: 'u', credential: 'c' };

const facts = (own: string, theirs: string, change: Partial<MeetFacts> = {}): MeetFacts => ({
  own: kinds(own),
  theirs: kinds(theirs),
  heard: theirs !== '',
  iceServers: [STUN],
  relayOnly: false,
  ...change,
});

function kinds(text: string): ReadonlySet<AddressKind> {
  const all: readonly AddressKind[] = ['host', 'srflx', 'relay'];
  return new Set(all.filter((kind) => text.includes(kind)));
}

describe('the verdict', () => {
  test.each<[own: string, theirs: string, change: Partial<MeetFacts>, verdict: Unmet]>([
    ['host srflx', '', {}, 'unanswered'],
    ['', '', { iceServers: [] }, 'unanswered'],
    ['host srflx', '', { heard: true }, 'their-closed'],
    ['host', 'host', { iceServers: [] }, 'no-servers'],
    ['host', 'host srflx', { iceServers: [] }, 'no-servers'],
    ['host srflx', 'host srflx', {}, 'no-direct-way'],
    ['host', 'host srflx', {}, 'own-closed'],
    ['host', 'host', {}, 'own-closed'],
    ['host srflx', 'host', {}, 'their-closed'],
    ['host srflx', 'host srflx', { iceServers: [STUN, TURN] }, 'relay-unreachable'],
    ['host', 'host', { iceServers: [TURN] }, 'relay-unreachable'],
    ['host srflx relay', 'host srflx', { iceServers: [STUN, TURN] }, 'relay-failed'],
    ['host srflx', 'host srflx relay', { iceServers: [STUN, TURN] }, 'relay-failed'],
    ['host srflx', 'relay', {}, 'relay-failed'],
    ['', 'host', { relayOnly: true }, 'relay-missing'],
    ['', '', { relayOnly: true }, 'relay-missing'],
    ['', 'host srflx', { relayOnly: true, iceServers: [TURN] }, 'relay-unreachable'],
    ['', 'host relay', { relayOnly: true, iceServers: [TURN] }, 'relay-unreachable'],
    ['relay', 'host relay', { relayOnly: true, iceServers: [TURN] }, 'relay-failed'],
    ['relay', '', { relayOnly: true, iceServers: [TURN] }, 'unanswered'],
  ])('with “%s” here and “%s” there, %j, is %s', (own, theirs, change, verdict) => {
    expect(whyUnmet(facts(own, theirs, change))).toBe(verdict);
  });

  test('is put in words that name the other and say what helps', () => {
    const all: readonly Unmet[] = [
      'unanswered',
      'relay-missing',
      'relay-unreachable',
      'relay-failed',
      'no-servers',
      'own-closed',
      'their-closed',
      'no-direct-way',
    ];
    const words = all.map((unmet) => unmetWords(unmet, 'Jo'));
    expect(new Set(words).size).toBe(all.length);
    expect(words.at(-1)).toBe(
      'Your network and that of Jo cannot meet directly. Whoever runs the server can add a TURN server: docs/turn.md.',
    );
  });
});

test('the kinds of addresses are read from candidates and from descriptions that hold some', () => {
  const candidate = 'candidate:1 1 UDP 2122317823 10.0.0.1 4711 typ host';
  expect(addressKinds({ kind: 'candidate', mid: '0', candidate })).toEqual(['host']);
  const srflx = 'candidate:2 1 UDP 1686109951 198.51.100.7 4711 typ srflx raddr 0.0.0.0 rport 0';
  expect(addressKinds({ kind: 'candidate', mid: '0', candidate: srflx })).toEqual(['srflx']);
  const sdp = `v=0\r\na=${candidate}\r\na=${srflx}\r\na=candidate:3 1 UDP 1 192.0.2.1 1 typ prflx\r\n`;
  expect(addressKinds({ kind: 'offer', sdp })).toEqual(['host', 'srflx']);
  expect(addressKinds({ kind: 'candidate', mid: '0', candidate: '' })).toEqual([]);
  expect(addressKinds({ kind: 'candidate', mid: '0', candidate: 'candidate: typ hostile' })).toEqual([]);
});

describe('a pool', () => {
  const keyring = new SimKeyring((bytes) => new Uint8Array(createHash('sha256').update(bytes).digest()));
  const SELF = keyring.add(new Random(1));
  const CALLED = 'f'.repeat(32);
  const CALLER = '0'.repeat(32);
  const candidate = (kind: AddressKind): Signal => ({
    kind: 'candidate',
    candidate: `candidate:1 1 UDP 1 192.0.2.1 1 typ ${kind}`,
    mid: '0',
  });
  const described = (kind: 'offer' | 'answer'): Signal => ({
    kind,
    sdp: `v=0\na=fingerprint:sha-256 ${Array.from({ length: 32 }, () => 'AB').join(':')}\n`,
  });

  /** This device in a pool with one other, over a server that names STUN. */
  function scene(other: string, relayOnly = false): Scene {
    const random = (n: number): Uint8Array => new Uint8Array(n).fill(7);
    const setup = {
      pool: 'test',
      keys: SELF,
      name: 'A',
      device: 'browser',
      random,
      wallOffsetMs: 0,
      relayOnly,
    } as const;
    const pool = new Pool(setup);
    const outputs: PoolOutput[] = [];
    const drain = (): void => {
      for (let output = pool.poll(); output !== undefined; output = pool.poll()) outputs.push(output);
    };
    const transports = (): (PoolOutput & { readonly kind: 'transport-create' })[] =>
      outputs.flatMap((output) => (output.kind === 'transport-create' ? [output] : []));
    const attempt = (): number => {
      const said = outputs.findLast(({ kind }) => kind === 'backhaul');
      return said?.kind === 'backhaul' && said.message.kind === 'relay' ? said.message.attempt : 0;
    };
    pool.handle(0, { kind: 'backhaul-open' });
    const peers = [{ id: other, name: 'Jo', device: 'browser', role: 'member' as const }];
    const message = { kind: 'welcome', self: SELF.id, pool: 'test', role: 'owner', peers, iceServers: [STUN] } as const;
    pool.handle(0, { kind: 'server', message });
    drain();
    return {
      transports,
      told: () => {
        const changes = outputs.flatMap((output) => (output.kind === 'event' ? [output.event] : []));
        return changes.flatMap((event) => (event.kind === 'peer-changed' ? [event.peer.unmet] : []));
      },
      find: (...signals) => {
        const transport = transports().at(-1)?.transport ?? -1;
        for (const signal of signals) pool.handle(0, { kind: 'transport-signal', transport, signal });
        drain();
      },
      hear: (signals, number = attempt()) => {
        for (const signal of signals)
          pool.handle(0, { kind: 'server', message: { kind: 'relayed', peer: other, attempt: number, signal } });
        drain();
      },
      at: (now) => {
        pool.handle(now, { kind: 'timeout' });
        drain();
      },
      pool,
    };
  }

  interface Scene {
    readonly pool: Pool;
    transports(): readonly (PoolOutput & { readonly kind: 'transport-create' })[];
    /** Of every `peer-changed`, in order. */
    told(): readonly (Unmet | undefined)[];
    /** What the last transport of this device signals. */
    find(...signals: readonly Signal[]): void;
    /** What the other end signals, of the attempt that this device called last unless told otherwise. */
    hear(signals: readonly Signal[], attempt?: number): void;
    at(now: number): void;
  }

  test('tells why once the attempt is over, from what both ends found, and again only if that changes', () => {
    const { pool, told, find, hear, at } = scene(CALLED);
    find(described('offer'), candidate('host'), candidate('srflx'));
    hear([described('answer'), candidate('host')]);
    at(POOL_DEFAULTS.transportMs - 1);
    expect(told()).toEqual([]);
    at(POOL_DEFAULTS.transportMs);
    expect(told()).toEqual(['their-closed']);
    expect(pool.peers).toMatchObject([{ path: 'connecting', unmet: 'their-closed' }]);

    let now = POOL_DEFAULTS.transportMs + POOL_DEFAULTS.retryMsMin;
    for (const theirs of ['host', 'srflx'] as const) {
      at(now);
      find(described('offer'), candidate('srflx'));
      hear([described('answer'), candidate(theirs)]);
      at((now += POOL_DEFAULTS.transportMs));
      now += 4 * POOL_DEFAULTS.retryMsMin;
    }
    expect(told()).toEqual(['their-closed', 'no-direct-way']);
  });

  test('tells it where the other calls too, when that gives up and calls anew', () => {
    const { told, find, hear } = scene(CALLER);
    hear([described('offer'), candidate('host')], 1);
    find(described('answer'), candidate('host'));
    hear([described('offer')], 2);
    expect(told()).toEqual(['own-closed']);
  });

  test('makes every transport go through relays only, where that is wanted', () => {
    expect(scene(CALLED).transports()).toMatchObject([{ relayOnly: false }]);
    expect(scene(CALLED, true).transports()).toMatchObject([{ relayOnly: true }]);
  });
});
