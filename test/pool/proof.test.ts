// What happens to a member whose socket the server lost: its link must prove that it lives, and soon.
import { describe, expect, test } from '@jest/globals';
import { Link } from '../../src/link/link.ts';
import { POOL_DEFAULTS } from '../../src/pool/options.ts';
import { Pool, type PoolOutput } from '../../src/pool/pool.ts';
import type { PoolEvent } from '../../src/pool/views.ts';

const SELF = '0'.repeat(32);
const PEER = 'f'.repeat(32);
const LOST_AT_MS = 1000;

/** A pool with one member, whose end of the link is a bare Link; they reach each other at once. */
class Scene {
  readonly events: PoolEvent[] = [];
  readonly #pool: Pool;
  readonly #remote: Link;
  #transport = -1;
  #alive = true;

  constructor() {
    const random = (n: number): Uint8Array => new Uint8Array(n).fill(7);
    const secret = new Uint8Array(32);
    this.#pool = new Pool({
      pool: 'test-pool',
      self: SELF,
      secret,
      name: 'A',
      device: 'browser',
      random,
      wallOffsetMs: 0,
    });
    this.#remote = new Link({ role: 'acceptor', random });
    this.#pool.handle(0, { kind: 'backhaul-open' });
    const peers = [{ id: PEER, name: 'B', device: 'browser' }];
    this.#pool.handle(0, {
      kind: 'server',
      message: { kind: 'welcome', self: SELF, pool: 'test-pool', peers, iceServers: [] },
    });
    this.#exchange(0);
    this.#remote.handle(0, { kind: 'transport-open' });
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
    this.#pool.handle(now, { kind: 'server', message: { kind: 'peer-left', id: PEER, lost: true } });
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
      for (let output = this.#remote.poll(); output !== undefined; output = this.#remote.poll()) {
        if (output.kind !== 'datagram') continue;
        more = true;
        this.#pool.handle(now, { kind: 'datagram', transport: this.#transport, bytes: output.bytes.slice() });
      }
    }
  }

  #perform(now: number, output: PoolOutput): void {
    if (output.kind === 'transport-create') this.#transport = output.transport;
    if (output.kind === 'event') this.events.push(output.event);
    if (output.kind === 'datagram' && this.#alive)
      this.#remote.handle(now, { kind: 'datagram', bytes: output.bytes.slice() });
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
