// What happens to a member whose socket the server lost: its link must prove that it lives, and soon.
import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { Link } from '../../src/link/link.ts';
import { Binding, type BindingOutput } from '../../src/pool/binding.ts';
import { POOL_DEFAULTS } from '../../src/pool/options.ts';
import { Pool, type PoolOutput } from '../../src/pool/pool.ts';
import type { OwnKeys } from '../../src/pool/ports.ts';
import type { PoolEvent } from '../../src/pool/views.ts';
import { SimKeyring } from '../../src/sim/keys.ts';
import { Random } from '../../src/sim/random.ts';
import { isBind } from '../../src/wire/datagram.ts';

const keyring = new SimKeyring((bytes) => new Uint8Array(createHash('sha256').update(bytes).digest()));
const dice = new Random(1);
/** The first calls the second. */
const [SELF, PEER] = pairOf(keyring.add(dice), keyring.add(dice));
/** Both ends tell of one and the same certificate. */
const FINGERPRINT = new Uint8Array(32).fill(0xab);
const SDP = `v=0\na=fingerprint:sha-256 ${Array.from({ length: 32 }, () => 'AB').join(':')}\n`;
const LOST_AT_MS = 1000;

function pairOf(a: OwnKeys, b: OwnKeys): readonly [OwnKeys, OwnKeys] {
  return a.id < b.id ? [a, b] : [b, a];
}

/** A pool with one member, whose end of the link is a bare Link; they reach each other at once. */
class Scene {
  readonly events: PoolEvent[] = [];
  readonly #pool: Pool;
  readonly #remote: Link;
  /** Of the remote end, from when the transport has opened. */
  #binding: Binding | undefined;
  #attempt = 0;
  #transport = -1;
  #alive = true;

  constructor() {
    const random = (n: number): Uint8Array => new Uint8Array(n).fill(7);
    this.#pool = new Pool({
      pool: 'test-pool',
      keys: SELF,
      name: 'A',
      device: 'browser',
      random,
      wallOffsetMs: 0,
    });
    this.#remote = new Link({ role: 'acceptor', random });
    this.#pool.handle(0, { kind: 'backhaul-open' });
    const peers = [{ id: PEER.id, name: 'B', device: 'browser', role: 'member' as const }];
    this.#pool.handle(0, {
      kind: 'server',
      message: { kind: 'welcome', self: SELF.id, pool: 'test-pool', role: 'owner', peers, iceServers: [] },
    });
    this.#exchange(0);
    const transport = this.#transport;
    this.#pool.handle(0, { kind: 'transport-signal', transport, signal: { kind: 'offer', sdp: SDP } });
    this.#exchange(0);
    const answer = { kind: 'answer', sdp: SDP } as const;
    const relayed = { kind: 'relayed', peer: PEER.id, attempt: this.#attempt, signal: answer } as const;
    this.#pool.handle(0, { kind: 'server', message: relayed });
    this.#remote.handle(0, { kind: 'transport-open' });
    this.#binding = new Binding(0, {
      role: 'acceptor',
      pool: 'test-pool',
      self: PEER,
      peer: SELF.id,
      fingerprints: { own: FINGERPRINT, theirs: FINGERPRINT },
      share: new Uint8Array(32).fill(9),
      resendMs: 200,
    });
    this.#pool.handle(0, { kind: 'transport-open', transport: this.#transport, path: 'direct' });
    this.#exchange(0);
  }

  /** Lets time pass in steps of 10 ms; the remote end lives until `diesAtMs`. */
  run(fromMs: number, untilMs: number, diesAtMs = Infinity): void {
    for (let now = fromMs; now <= untilMs; now += 10) {
      this.#alive = now < diesAtMs;
      if (this.#alive) this.#remote.handle(now, { kind: 'timeout' });
      this.#pool.handle(now, { kind: 'timeout' });
      this.#exchange(now);
    }
  }

  serverLosesPeer(now: number): void {
    this.#pool.handle(now, { kind: 'server', message: { kind: 'peer-left', id: PEER.id, lost: true } });
    this.#exchange(now);
  }

  get left(): boolean {
    return this.events.some((event) => event.kind === 'peer-left');
  }

  #exchange(now: number): void {
    for (let more = true; more;) {
      more = false;
      for (let output = this.#pool.poll(); output !== undefined; output = this.#pool.poll()) {
        more = true;
        this.#perform(now, output);
      }
      if (!this.#alive) return;
      for (let output = this.#binding?.poll(); output !== undefined; output = this.#binding?.poll()) {
        more = true;
        this.#bind(now, output);
      }
      for (let output = this.#remote.poll(); output !== undefined; output = this.#remote.poll()) {
        if (output.kind !== 'datagram') continue;
        more = true;
        this.#pool.handle(now, { kind: 'datagram', transport: this.#transport, bytes: output.bytes.slice() });
      }
    }
  }

  #perform(now: number, output: PoolOutput): void {
    if (output.kind === 'transport-create') this.#transport = output.transport;
    if (output.kind === 'backhaul' && output.message.kind === 'relay') this.#attempt = output.message.attempt;
    if (output.kind === 'event') this.events.push(output.event);
    if (output.kind === 'key') {
      const result = keyring.perform(SELF.signKey, output.op);
      this.#pool.handle(now, { kind: 'key-done', id: output.id, result });
    }
    if (output.kind !== 'datagram' || !this.#alive) return;
    const bytes = output.bytes.slice();
    if (isBind(bytes)) this.#binding?.handle(now, { kind: 'datagram', bytes });
    else this.#remote.handle(now, { kind: 'datagram', bytes });
  }

  #bind(now: number, output: BindingOutput): void {
    if (output.kind === 'datagram')
      this.#pool.handle(now, { kind: 'datagram', transport: this.#transport, bytes: output.bytes });
    if (output.kind === 'key')
      this.#binding?.handle(now, { kind: 'key-done', result: keyring.perform(PEER.signKey, output.op) });
  }
}

describe('a member whose socket the server lost', () => {
  test('stays while its link says anything', () => {
    const scene = new Scene();
    scene.run(0, LOST_AT_MS);
    scene.serverLosesPeer(LOST_AT_MS);
    scene.run(LOST_AT_MS, LOST_AT_MS + 4 * POOL_DEFAULTS.proofMs);
    expect(scene.left).toBe(false);
  });

  test('is gone within two seconds when all that still comes was under way before', () => {
    const scene = new Scene();
    scene.run(0, LOST_AT_MS);
    scene.serverLosesPeer(LOST_AT_MS);
    // It answers for a moment, as a full receive queue does after the sender was killed.
    scene.run(LOST_AT_MS, LOST_AT_MS + 2000, LOST_AT_MS + 200);
    expect(scene.left).toBe(true);
  });
});
