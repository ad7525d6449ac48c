// Two pools with clocks of their own, a server with a third, and paths with delays between them; true time in ms from 0.
// Small enough to be read in one go: no loss, no SCTP, no store. What needs those is in test/sim.
import { createHash } from 'node:crypto';
import type { ControlFrame } from '../../src/pool/control.ts';
import { Pool, type PoolOutput } from '../../src/pool/pool.ts';
import type { OwnKeys } from '../../src/pool/ports.ts';
import type { PoolEvent, PoolStats } from '../../src/pool/views.ts';
import { SimKeeper } from '../../src/sim/keeper.ts';
import { SimKeyring } from '../../src/sim/keys.ts';
import { Random } from '../../src/sim/random.ts';
import type { ClientMessage, ServerMessage } from '../../src/wire/signaling.ts';

export interface Shape {
  readonly serverMs: number;
  readonly serverJitterMs: number;
  readonly linkMs: number;
  readonly linkJitterMs: number;
}

const SHAPE: Shape = { serverMs: 15, serverJitterMs: 4, linkMs: 20, linkJitterMs: 2 };
/** Both ends tell of one and the same certificate: nothing here sits in between. */
const SDP = `v=0\na=fingerprint:sha-256 ${Array.from({ length: 32 }, () => 'AB').join(':')}\n`;
const SERVER_EPOCH_MS = 1_750_000_000_000;

export class Device {
  readonly id: string;
  readonly keys: OwnKeys;
  readonly pool: Pool;
  readonly keeper: SimKeeper;
  readonly events: PoolEvent[] = [];
  readonly asked: number[] = [];
  /** Called for each frame of a control stream. */
  onControl: (frame: ControlFrame) => void = () => {};
  readonly baseMs: number;
  readonly ppm: number;
  transport: number | undefined;
  readonly #scene: TwoPools;

  constructor(scene: TwoPools, keys: OwnKeys, random: Random, wallErrorMs: number) {
    this.#scene = scene;
    this.keys = keys;
    this.id = keys.id;
    this.baseMs = random.between(0, 1e7);
    this.ppm = random.between(-100, 100);
    this.pool = new Pool({
      pool: 'test-pool',
      keys,
      name: keys.id.slice(0, 8),
      device: 'terminal',
      random: (n) => random.bytes(n),
      wallOffsetMs: SERVER_EPOCH_MS - this.baseMs + wallErrorMs,
    });
    this.keeper = new SimKeeper(this.id, 'test-pool', sha256);
  }

  get now(): number {
    return this.at(this.#scene.nowMs);
  }

  /** The own clock at a true time. */
  at(trueMs: number): number {
    return this.baseMs + trueMs * (1 + this.ppm * 1e-6);
  }

  /** The true time at which the own clock shows `ownMs`. */
  trueAt(ownMs: number): number {
    return (ownMs - this.baseMs) / (1 + this.ppm * 1e-6);
  }

  get stats(): PoolStats[] {
    return this.events.flatMap((event) => (event.kind === 'stats' ? [event.stats] : []));
  }

  say(text: string): void {
    const draft = { kind: 'text', text, notify: [], important: false, announcement: false } as const;
    this.act((pool, now) => void pool.talk.write(now, this.keeper.room, draft));
  }

  act(action: (pool: Pool, now: number) => void): void {
    action(this.pool, this.now);
    for (let out = this.pool.poll(); out !== undefined; out = this.pool.poll()) this.#scene.perform(this, out);
  }
}

export class TwoPools {
  nowMs = 0;
  online = true;
  /** The server's wall clock minus true time. */
  serverBaseMs: number = SERVER_EPOCH_MS;
  readonly devices: readonly [Device, Device];
  readonly keyring: SimKeyring = new SimKeyring(sha256);
  readonly shape: Shape;
  readonly #random: Random;
  readonly #queue: { readonly atMs: number; readonly order: number; readonly run: () => void }[] = [];
  #order = 0;

  constructor(seed: number, shape: Partial<Shape> = {}) {
    this.shape = { ...SHAPE, ...shape };
    this.#random = new Random(seed);
    const wall = (): number => this.#random.between(-90_000, 90_000);
    const random = this.#random.fork();
    const keys: [OwnKeys, OwnKeys] = [this.keyring.add(random), this.keyring.add(random)];
    // The first is the one that calls.
    keys.sort((a, b) => (a.id < b.id ? -1 : 1));
    this.devices = [
      new Device(this, keys[0], this.#random.fork(), wall()),
      new Device(this, keys[1], this.#random.fork(), wall()),
    ];
    for (const device of this.devices) {
      device.act((pool, now) => pool.start(now));
      device.act((pool, now) => pool.handle(now, { kind: 'backhaul-open' }));
      const peers = this.devices
        .filter((other) => other !== device)
        .map(({ id }) => ({ id, name: id.slice(0, 8), device: 'terminal', role: 'member' as const }));
      const self = device.id;
      this.#tell(device, { kind: 'welcome', self, pool: 'test-pool', role: 'member', peers, iceServers: [] });
    }
  }

  get serverMs(): number {
    return this.serverBaseMs + this.nowMs;
  }

  /** Lets `ms` pass, with everything that happens then; `look` after each thing. */
  run(ms: number, look: () => void = () => {}): void {
    const endMs = this.nowMs + ms;
    for (;;) {
      this.#queue.sort((a, b) => a.atMs - b.atMs || a.order - b.order);
      const due = this.devices.map((device) => device.trueAt(device.pool.nextTimeout() ?? Infinity));
      const timerMs = Math.max(this.nowMs, Math.min(...due));
      const eventMs = this.#queue[0]?.atMs ?? Infinity;
      const nextMs = Math.min(timerMs, eventMs);
      if (nextMs > endMs) break;
      this.nowMs = nextMs;
      if (eventMs <= timerMs) this.#queue.shift()?.run();
      else {
        // A hair later, as every real timer is: clocks that are turned into one another round.
        this.nowMs += 0.001;
        for (const device of this.devices) {
          if (device.now >= (device.pool.nextTimeout() ?? Infinity))
            device.act((pool, now) => pool.handle(now, { kind: 'timeout' }));
        }
      }
      look();
    }
    this.nowMs = endMs;
  }

  perform(from: Device, output: PoolOutput): void {
    const to = this.devices[0] === from ? this.devices[1] : this.devices[0];
    switch (output.kind) {
      case 'backhaul':
        if (output.message.kind === 'time') from.asked.push(this.nowMs);
        return this.#later(this.#serverDelay(), () => this.#serve(from, to, output.message));
      case 'key': {
        const { id } = output;
        const result = this.keyring.perform(from.keys.signKey, output.op);
        return from.act((pool, now) => pool.handle(now, { kind: 'key-done', id, result }));
      }
      case 'talk': {
        const { id } = output;
        const result = from.keeper.perform(output.op);
        return from.act((pool, now) => pool.handle(now, { kind: 'talked', id, result }));
      }
      case 'transport-create': {
        from.transport = output.transport;
        if (!output.initiator) for (const device of this.devices) this.#later(80, () => this.#open(device));
        const signal = { kind: output.initiator ? 'offer' : 'answer', sdp: SDP } as const;
        const { transport } = output;
        return this.#later(1, () =>
          from.act((pool, now) => pool.handle(now, { kind: 'transport-signal', transport, signal })),
        );
      }
      case 'datagram': {
        const bytes = output.bytes.slice();
        return this.#later(this.shape.linkMs + this.#random.between(0, this.shape.linkJitterMs), () => {
          const { transport } = to;
          if (transport !== undefined) to.act((pool, now) => pool.handle(now, { kind: 'datagram', transport, bytes }));
        });
      }
      case 'control':
        return from.onControl(output.frame);
      case 'event':
        from.events.push(output.event);
        return;
      default:
    }
  }

  #serve(from: Device, to: Device, message: ClientMessage): void {
    if (!this.online) return;
    if (message.kind === 'time') {
      const { serverMs } = this;
      this.#tell(from, { kind: 'timed', t0Ms: message.t0Ms, t1Ms: serverMs, t2Ms: serverMs });
    }
    if (message.kind === 'relay') {
      this.#tell(to, { kind: 'relayed', peer: from.id, attempt: message.attempt, signal: message.signal });
    }
  }

  #tell(device: Device, message: ServerMessage): void {
    this.#later(this.#serverDelay(), () => device.act((pool, now) => pool.handle(now, { kind: 'server', message })));
  }

  #open(device: Device): void {
    const { transport } = device;
    if (transport === undefined) return;
    device.act((pool, now) => pool.handle(now, { kind: 'transport-open', transport, path: 'direct' }));
  }

  #serverDelay(): number {
    return this.shape.serverMs + this.#random.between(0, this.shape.serverJitterMs);
  }

  #later(ms: number, run: () => void): void {
    this.#queue.push({ atMs: this.nowMs + ms, order: this.#order++, run });
  }
}

function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(bytes).digest());
}
