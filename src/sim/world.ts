// A world of pools: N Pool machines under one virtual clock, with simulated transports, stores and a rendezvous between
// them. The rendezvous is an interface, so that tests put the real hub machine there. Everything follows from one seed.
import type { LinkOptions } from '../link/options.ts';
import { linkOptions } from '../link/options.ts';
import type { ControlFrame } from '../pool/control.ts';
import type { PoolOptions } from '../pool/options.ts';
import { Pool, type PoolInput, type PoolOutput } from '../pool/pool.ts';
import type { OwnKeys } from '../pool/ports.ts';
import type { PoolEvent } from '../pool/views.ts';
import { shareOptions, type ShareOptions } from '../share/options.ts';
import type { ClientMessage, ServerMessage } from '../wire/signaling.ts';
import { Alarm, LocalClock, VirtualClock, type ClockError, type Scheduled } from './clock.ts';
import type { PathOptions } from './network.ts';
import { SimKeeper } from './keeper.ts';
import { SimKeyring } from './keys.ts';
import { Random, seedFor } from './random.ts';
import { SimStore } from './store.ts';
import { Trace } from './trace.ts';
import { Switchboard, type SimTransport, type SwitchboardOptions } from './transports.ts';

/** The signaling server, as the world sees it: a machine for numbered clients. A number is used for one connection only. */
export interface Rendezvous {
  opened(nowMs: number, client: number): void;
  said(nowMs: number, client: number, message: ClientMessage): void;
  dropped(nowMs: number, client: number): void;
  timeout(nowMs: number): void;
  nextTimeout(): number | undefined;
  poll():
    | { readonly kind: 'tell'; readonly client: number; readonly message: ServerMessage }
    | { readonly kind: 'close'; readonly client: number }
    | undefined;
}

export interface WorldOptions {
  readonly seed: number;
  readonly members: number;
  /** The path from one member to another; asked once. All their transports share it. */
  readonly path: (from: number, to: number) => Partial<PathOptions>;
  readonly sctp?: SwitchboardOptions['sctp'];
  readonly access?: SwitchboardOptions['access'];
  /** How a member's clock differs from the world's; by default it does not. */
  readonly clockError?: ((member: number) => ClockError) | undefined;
  /** Makes a server; asked again when it is restarted. */
  readonly rendezvous: () => Rendezvous;
  readonly sha256: (bytes: Uint8Array) => Uint8Array;
  readonly storeDelayMsMax?: number;
  readonly pool?: Partial<PoolOptions>;
  readonly link?: Partial<LinkOptions>;
  readonly share?: Partial<ShareOptions>;
}

/** What a keeper takes for an operation, ms. */
const KEEPER_MS = 2;

/** One device: its Pool machine, store and transports, and all that it was told. */
export class Member {
  readonly index: number;
  readonly id: string;
  readonly pool: Pool;
  readonly store: SimStore;
  /** What is kept of the conversation. */
  readonly keeper: SimKeeper;
  readonly events: PoolEvent[] = [];
  /** Called for each event, after it was noted; may call the pool through `act`. */
  onEvent: (event: PoolEvent) => void = () => {};
  /** Called for each frame of a control stream. */
  onControl: (frame: ControlFrame) => void = () => {};
  /** Called for each control datagram of the application's own. */
  onApplication: (peer: string, schema: number, bytes: Uint8Array) => void = () => {};
  /** The connection to the server, if there is one. */
  client: number | undefined;
  readonly #world: World;
  readonly #own: OwnKeys;
  readonly #transports = new Map<number, SimTransport>();
  readonly #local: LocalClock;
  readonly #timer: Alarm;
  #dueMs = Infinity;
  #keys = 0;

  constructor(world: World, index: number, random: Random) {
    this.#world = world;
    this.index = index;
    const { options, clock } = world;
    this.#local = new LocalClock(clock, options.clockError?.(index));
    this.#timer = new Alarm(clock, () => this.#ring());
    this.#own = world.keyring.add(random);
    this.id = this.#own.id;
    const delays = { delayMsMax: options.storeDelayMsMax ?? 8 };
    this.store = new SimStore(clock, random.fork(), delays, options.sha256);
    this.pool = new Pool({
      pool: 'world',
      keys: this.#own,
      name: `Member ${index}`,
      device: 'terminal',
      random: (n) => random.bytes(n),
      wallOffsetMs: 1_700_000_000_000,
      options: { pool: options.pool ?? {}, link: options.link ?? {}, share: options.share ?? {} },
    });
    this.keeper = new SimKeeper(this.id, 'world', options.sha256);
    this.act((pool, nowMs) => pool.start(nowMs));
  }

  /** Says `text` to everyone. */
  say(text: string): void {
    const draft = { kind: 'text', text, notify: [], important: false, announcement: false } as const;
    this.act((pool, nowMs) => pool.talk.write(nowMs, this.keeper.room, draft));
  }

  /** Gives the machine an input and performs what it answers. */
  handle(input: PoolInput): void {
    this.pool.handle(this.now, input);
    this.drain();
  }

  /** What this device's own clock shows, ms. */
  get now(): number {
    return this.#local.now;
  }

  /** Does something with the pool at the present moment, and performs what it answers. */
  act<T>(action: (pool: Pool, nowMs: number) => T): T {
    const result = action(this.pool, this.now);
    this.drain();
    return result;
  }

  /** Offers files made of these bytes. Returns the offer's id. */
  offer(files: readonly { readonly name: string; readonly bytes: Uint8Array }[]): string {
    const { chunkBytes } = this.#world.shareOptions;
    const offered = files.map(({ name, bytes }) => {
      const key = `out/${this.#keys++}`;
      this.store.add(key, bytes, chunkBytes);
      return { key, facts: { name, bytes: bytes.length, modifiedMs: 0 } };
    });
    return this.act((pool, nowMs) => pool.share.offer(nowMs, offered));
  }

  /** All events of one kind so far. */
  all<K extends PoolEvent['kind']>(kind: K): Extract<PoolEvent, { readonly kind: K }>[] {
    return this.events.filter((event): event is Extract<PoolEvent, { readonly kind: K }> => event.kind === kind);
  }

  /** Polls until undefined and arms the timer: what a driver does after every call to the machine. */
  drain(): void {
    for (let output = this.pool.poll(); output !== undefined; output = this.pool.poll()) this.#perform(output);
    this.#world.checkMarks(this);
    this.#arm();
  }

  /** This device's clock jumps ahead by `ms`, as when it was suspended for a moment. */
  jumpClock(ms: number): void {
    this.#local.jump(ms);
    this.#arm();
  }

  #arm(): void {
    const atMs = this.pool.nextTimeout() ?? Infinity;
    this.#dueMs = atMs;
    if (atMs === Infinity) this.#timer.clear();
    else this.#timer.set(this.#local.worldMs(atMs));
  }

  #ring(): void {
    this.#local.reached(this.#dueMs);
    this.handle({ kind: 'timeout' });
  }

  #perform(output: PoolOutput): void {
    const { switchboard } = this.#world;
    this.#world.trace.note(this.#world.clock.now, this.index, ...traced(output));
    switch (output.kind) {
      case 'backhaul':
        return this.#world.toServer(this, output.message);
      case 'transport-create':
        return this.#createTransport(output.transport, output.initiator);
      case 'transport-signal': {
        const transport = this.#transports.get(output.transport);
        if (transport !== undefined) switchboard.signal(transport, output.signal);
        return;
      }
      case 'transport-close': {
        const transport = this.#transports.get(output.transport);
        if (transport !== undefined) switchboard.close(transport);
        return;
      }
      case 'datagram': {
        const transport = this.#transports.get(output.transport);
        if (transport !== undefined) switchboard.send(transport, output.bytes);
        return;
      }
      case 'key': {
        const result = this.#world.keyring.perform(this.#own.signKey, output.op);
        return this.handle({ kind: 'key-done', id: output.id, result });
      }
      case 'talk': {
        const result = this.keeper.perform(output.op);
        this.#world.clock.after(KEEPER_MS, () => this.handle({ kind: 'talked', id: output.id, result }));
        return;
      }
      case 'store':
        return this.store.perform(output.op, (result) => this.handle({ kind: 'stored', id: output.id, result }));
      case 'application':
        return this.onApplication(output.peer, output.schema, output.bytes);
      case 'control':
        return this.onControl(output.frame);
      case 'event':
        this.events.push(output.event);
        this.onEvent(output.event);
    }
  }

  #createTransport(transport: number, initiator: boolean): void {
    const made = this.#world.switchboard.create(this.index, initiator, {
      signal: (signal) => this.handle({ kind: 'transport-signal', transport, signal }),
      open: () => this.handle({ kind: 'transport-open', transport, path: 'direct' }),
      datagram: (bytes) => this.handle({ kind: 'datagram', transport, bytes }),
      closed: () => {
        this.#transports.delete(transport);
        this.handle({ kind: 'transport-closed', transport });
      },
    });
    this.#transports.set(transport, made);
  }
}

/** What the trace remembers of an output: its kind, and the size of what it carries. */
function traced(output: PoolOutput): [kind: string, size: number] {
  switch (output.kind) {
    case 'datagram':
      return [output.kind, output.bytes.length];
    case 'event':
      return [output.event.kind, output.event.kind === 'message' ? output.event.message.text.length : 0];
    case 'store':
      return [output.op.op, output.id];
    case 'transport-create':
    case 'transport-close':
      return [output.kind, output.transport];
    default:
      return [output.kind, 0];
  }
}

export class World {
  readonly clock: VirtualClock = new VirtualClock();
  readonly trace: Trace = new Trace();
  readonly options: WorldOptions;
  readonly random: Random;
  readonly switchboard: Switchboard;
  readonly keyring: SimKeyring;
  readonly members: Member[] = [];
  readonly shareOptions: ShareOptions;
  /** Whatever went past a mark, by description. */
  readonly violations: string[] = [];
  readonly #linkOptions: LinkOptions;
  #server: Rendezvous;
  #serverTimer: Scheduled | undefined;
  #nextClient = 1;
  readonly #clients = new Map<number, Member>();
  /** Websockets keep their order: nothing arrives before what was sent earlier the same way. */
  readonly #ways = new Map<string, { readonly random: Random; arrivalMs: number }>();

  constructor(options: WorldOptions) {
    this.options = options;
    this.random = new Random(options.seed);
    this.shareOptions = shareOptions(options.share);
    this.#linkOptions = linkOptions(options.link);
    this.keyring = new SimKeyring(options.sha256);
    this.switchboard = new Switchboard(this.clock, this.random.fork(), options.path, options);
    this.#server = options.rendezvous();
    for (let i = 0; i < options.members; i++) {
      this.members.push(new Member(this, i, new Random(seedFor(options.seed, `member ${i}`))));
    }
  }

  /** Opens a member's connection to the server after `delayMs`; its pool joins by itself. */
  join(member: Member, delayMs = 0): void {
    this.clock.after(delayMs, () => {
      const client = this.#nextClient++;
      member.client = client;
      this.#clients.set(client, member);
      this.#server.opened(this.clock.now, client);
      this.#drainServer();
      member.handle({ kind: 'backhaul-open' });
    });
  }

  /** The server forgets everything; members lose their connection and come back within `backMsMax`. */
  restartServer(backMsMax: number): void {
    this.#server = this.options.rendezvous();
    this.#clients.clear();
    for (const member of this.members) {
      if (member.client === undefined) continue;
      member.client = undefined;
      member.handle({ kind: 'backhaul-closed' });
      this.join(member, this.#way(`back ${member.index}`).random.between(0, backMsMax));
    }
  }

  /** Of all that every member gave out, and when: the same for the same seed. */
  get traceHash(): number {
    return this.trace.hash;
  }

  /** Nothing passes from `from` to `to` for `ms`; the other direction is left alone. */
  silence(from: Member, to: Member, ms: number): void {
    this.switchboard.path(from.index, to.index).darken(ms);
  }

  /** The next thing that happens. False if nothing ever will. */
  step(): boolean {
    return this.clock.step();
  }

  run(ms: number): void {
    this.clock.advance(ms);
  }

  /** Runs until `done`. False if that is not so after `limitMs`. `done` is asked every `everyMs`, for it may be dear. */
  runUntil(done: () => boolean, limitMs: number, everyMs = 20): boolean {
    const untilMs = this.clock.now + limitMs;
    while (!done()) {
      if (this.clock.now >= untilMs) return false;
      this.clock.advance(everyMs);
    }
    return true;
  }

  toServer(member: Member, message: ClientMessage): void {
    const { client } = member;
    if (client === undefined) return;
    this.#later(`up ${member.index}`, () => {
      if (!this.#clients.has(client)) return;
      this.#server.said(this.clock.now, client, message);
      this.#drainServer();
    });
  }

  /** Notes what a member holds beyond its marks. Called after everything that happens to it. */
  checkMarks(member: Member): void {
    const limits = this.#linkOptions;
    for (const held of member.pool.heldBytes) {
      const over =
        (held.messagesOut > limits.messageSendBytesMax && 'messagesOut') ||
        (held.messagesIn > limits.messageReceiveBytesMax && 'messagesIn') ||
        (held.chunksOut > limits.chunkSendBytesMax && 'chunksOut') ||
        (held.chunksIn > limits.chunkReceiveBytesMax && 'chunksIn');
      if (over !== false) this.violations.push(`member ${member.index}: ${over} at ${held[over]} bytes`);
    }
  }

  #drainServer(): void {
    for (let output = this.#server.poll(); output !== undefined; output = this.#server.poll()) {
      const { client } = output;
      const told = output;
      this.#later(`down ${this.#clients.get(client)?.index ?? client}`, () => {
        const member = this.#clients.get(client);
        if (member === undefined) return;
        if (told.kind === 'tell') return member.handle({ kind: 'server', message: told.message });
        this.#clients.delete(client);
        member.client = undefined;
        member.handle({ kind: 'backhaul-closed' });
      });
    }
    if (this.#serverTimer !== undefined) this.clock.cancel(this.#serverTimer);
    const atMs = this.#server.nextTimeout();
    this.#serverTimer =
      atMs === undefined
        ? undefined
        : this.clock.at(atMs, () => {
            this.#server.timeout(this.clock.now);
            this.#drainServer();
          });
  }

  #later(way: string, action: () => void): void {
    const known = this.#way(way);
    known.arrivalMs = Math.max(known.arrivalMs, this.clock.now + known.random.between(2, 40));
    this.clock.at(known.arrivalMs, action);
  }

  #way(name: string): { readonly random: Random; arrivalMs: number } {
    let way = this.#ways.get(name);
    if (way === undefined) {
      way = { random: new Random(seedFor(this.options.seed, name)), arrivalMs: 0 };
      this.#ways.set(name, way);
    }
    return way;
  }
}
