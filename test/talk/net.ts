// Talk machines that speak over a network of messages: seeded delays, so that messages overtake each other, links that break
// and lose what is under way, and devices that restart. The keepers behind them are asynchronous; the harness performs one
// operation at a time and waits for it before virtual time moves on, so a seed takes the same path every time.
import { VirtualClock } from '../../src/sim/clock.ts';
import { Random } from '../../src/sim/random.ts';
import type { TalkOptions } from '../../src/talk/options.ts';
import type { Draft, MetDevice, TalkOp, TalkResult } from '../../src/talk/ports.ts';
import { Talk } from '../../src/talk/talk.ts';
import type { TalkEvent } from '../../src/talk/views.ts';
import { decodeEnvelope, encodeEnvelope, type Envelope } from '../../src/wire/envelope.ts';
import type { DeviceId } from '../../src/wire/entry.ts';
import type { TalkEnvelope } from '../../src/wire/talk-envelope.ts';

export interface Keeping {
  perform(op: TalkOp): Promise<TalkResult>;
}

export interface DeviceSetup {
  readonly met: MetDevice;
  readonly keeper: Keeping;
  /** How wrong its idea of the pool's clock is, ms. */
  readonly skewMs?: number;
  readonly options?: Partial<TalkOptions>;
}

export const START_MS = 1_700_000_000_000;
const DELAY_MS: readonly [number, number] = [5, 60];
/** What a link takes before it says that it is blocked. */
const LINK_BYTES_MAX = 256 * 1024;

interface Pending {
  readonly id: number;
  readonly op: TalkOp;
}

/** One device while it runs; a restart makes a new one of the same setup, or of another keeper. */
export class Device {
  readonly id: DeviceId;
  readonly setup: DeviceSetup;
  readonly talk: Talk;
  readonly events: TalkEvent[] = [];
  readonly results: Map<number, TalkResult> = new Map();
  readonly ops: Pending[] = [];
  /** Bytes of envelopes that wait for the keeper, and the most there ever were. */
  heldBytes = 0;
  heldBytesMost = 0;
  gone = false;
  readonly #net: Net;
  readonly #held = new Map<number, number>();
  #dueMs = Infinity;

  constructor(net: Net, setup: DeviceSetup) {
    this.#net = net;
    this.setup = setup;
    this.id = setup.met.device;
    this.talk = new Talk({
      self: this.id,
      links: { send: (peer, envelope) => net.send(this, peer, envelope) },
      poolTimeMs: (now) => START_MS + now + (setup.skewMs ?? 0),
      ...(setup.options === undefined ? {} : { options: setup.options }),
    });
  }

  act<T>(action: (talk: Talk, now: number) => T): T {
    const result = action(this.talk, this.#net.clock.now);
    this.#drain();
    return result;
  }

  received(from: DeviceId, envelope: TalkEnvelope, bytes: number): void {
    const id = this.act((talk, now) => talk.envelope(now, from, envelope));
    if (id === undefined) return;
    this.#held.set(id, bytes);
    this.heldBytes += bytes;
    this.heldBytesMost = Math.max(this.heldBytesMost, this.heldBytes);
  }

  #drain(): void {
    for (let output = this.talk.poll(); output !== undefined; output = this.talk.poll()) {
      if (output.kind === 'event') this.events.push(output.event);
      else this.ops.push({ id: output.id, op: output.op });
    }
    const dueMs = this.talk.nextTimeout() ?? Infinity;
    if (dueMs >= this.#dueMs) return;
    this.#dueMs = dueMs;
    this.#net.clock.at(dueMs, () => {
      this.#dueMs = Infinity;
      if (!this.gone) this.act((talk, now) => talk.timeout(now));
    });
  }

  /** The next operation. False if there is none. */
  async perform(): Promise<boolean> {
    const next = this.ops.shift();
    if (next === undefined || this.gone) return false;
    const result = await this.setup.keeper.perform(next.op);
    this.results.set(next.id, result);
    this.heldBytes -= this.#held.get(next.id) ?? 0;
    this.#held.delete(next.id);
    this.act((talk, now) => talk.done(now, next.id, result));
    return true;
  }

  /** Of one kind, in order. */
  told<Kind extends TalkEvent['kind']>(kind: Kind): Extract<TalkEvent, { kind: Kind }>[] {
    return this.events.filter((event): event is Extract<TalkEvent, { kind: Kind }> => event.kind === kind);
  }
}

interface Link {
  /** Of two devices that link again, the messages of the earlier link reach nobody. */
  readonly ends: readonly [Device, Device];
  readonly queuedBytes: Map<DeviceId, number>;
  readonly blocked: Set<DeviceId>;
}

export interface Sent {
  readonly from: DeviceId;
  readonly to: DeviceId;
  readonly envelope: TalkEnvelope;
  readonly bytes: number;
}

export class Net {
  readonly clock: VirtualClock = new VirtualClock();
  readonly random: Random;
  readonly devices: Map<DeviceId, Device> = new Map();
  /** Everything that was ever sent, if it is kept. */
  sent: Sent[] | undefined;
  sentBytes = 0;
  /** What somebody does to a message on its way: undefined drops it. */
  tamper: (sent: Sent) => TalkEnvelope | undefined = ({ envelope }) => envelope;
  readonly #links = new Map<string, Link>();

  constructor(seed: number) {
    this.random = new Random(seed);
  }

  start(setup: DeviceSetup): Device {
    const device = new Device(this, setup);
    this.devices.set(device.id, device);
    device.act((talk, now) => talk.start(now));
    return device;
  }

  /** It is gone without a word. */
  stop(device: Device): void {
    for (const other of this.devices.values()) this.unlink(device, other);
    device.gone = true;
    this.devices.delete(device.id);
  }

  link(a: Device, b: Device): void {
    if (a === b || this.linked(a, b)) return;
    this.#links.set(pair(a.id, b.id), { ends: [a, b], queuedBytes: new Map(), blocked: new Set() });
    a.act((talk, now) => talk.peerUp(now, b.setup.met));
    b.act((talk, now) => talk.peerUp(now, a.setup.met));
  }

  linked(a: Device, b: Device): boolean {
    return this.#links.has(pair(a.id, b.id));
  }

  unlink(a: Device, b: Device): void {
    if (!this.#links.delete(pair(a.id, b.id))) return;
    a.act((talk, now) => talk.peerDown(now, b.id));
    b.act((talk, now) => talk.peerDown(now, a.id));
  }

  /** Everyone with everyone. */
  mesh(): void {
    const all = [...this.devices.values()];
    for (const [i, a] of all.entries()) for (const b of all.slice(i + 1)) this.link(a, b);
  }

  send(from: Device, to: DeviceId, envelope: TalkEnvelope): 'ok' | 'blocked' | 'dropped' {
    const link = this.#links.get(pair(from.id, to));
    const target = link?.ends.find(({ id }) => id === to);
    if (link === undefined || target === undefined || from.gone) return 'dropped';
    const encoded = encodeEnvelope(envelope);
    const bytes = encoded.length;
    this.sentBytes += bytes;
    const sent = { from: from.id, to, envelope, bytes };
    this.sent?.push(sent);
    link.queuedBytes.set(to, (link.queuedBytes.get(to) ?? 0) + bytes);
    this.clock.after(this.random.between(...DELAY_MS), () => {
      if (this.#links.get(pair(from.id, to)) !== link) return;
      const left = (link.queuedBytes.get(to) ?? 0) - bytes;
      link.queuedBytes.set(to, left);
      const arrived = this.tamper({ ...sent, envelope: read(decodeEnvelope(encoded)) });
      if (arrived !== undefined) target.received(from.id, arrived, bytes);
      if (left * 2 <= LINK_BYTES_MAX && link.blocked.delete(to)) from.act((talk, now) => talk.peerRoom(now, to));
    });
    if ((link.queuedBytes.get(to) ?? 0) <= LINK_BYTES_MAX) return 'ok';
    link.blocked.add(to);
    return 'blocked';
  }

  async write(device: Device, room: string, draft: Draft): Promise<TalkResult> {
    const id = device.act((talk, now) => talk.write(now, room, draft));
    await this.runUntil(() => device.results.has(id));
    const result = device.results.get(id);
    if (result === undefined) throw new Error('the write has no result');
    return result;
  }

  say(device: Device, room: string, text: string): Promise<TalkResult> {
    const draft = { kind: 'text', text, notify: [], important: false, announcement: false } as const;
    return this.write(device, room, draft);
  }

  /** What waits for the keepers is done before time moves on. */
  async settle(): Promise<void> {
    for (let busy = true; busy;) {
      busy = false;
      for (const device of this.devices.values()) while (await device.perform()) busy = true;
    }
  }

  async run(ms: number): Promise<void> {
    const untilMs = this.clock.now + ms;
    await this.settle();
    for (let next = this.clock.nextMs; next !== undefined && next <= untilMs; next = this.clock.nextMs) {
      this.clock.step();
      await this.settle();
    }
    this.clock.advance(untilMs - this.clock.now);
  }

  /** False if that is not so after `limitMs`. */
  async runUntil(done: () => boolean, limitMs = 60_000): Promise<boolean> {
    const untilMs = this.clock.now + limitMs;
    while (!done()) {
      if (this.clock.now >= untilMs) return false;
      await this.run(10);
    }
    return true;
  }
}

function read(envelope: Envelope | undefined): TalkEnvelope {
  switch (envelope?.kind) {
    case 'heads':
    case 'want':
    case 'entries':
    case 'typing':
    case 'read':
    case 'link-ask':
    case 'link-grant':
    case 'fork':
      return envelope;
    default:
      throw new Error(`${envelope?.kind ?? 'nothing'}: sent what is not talk`);
  }
}

const pair = (a: DeviceId, b: DeviceId): string => (a < b ? `${a} ${b}` : `${b} ${a}`);
