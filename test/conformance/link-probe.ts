// A Link machine at one end of a transport under test, in this process or in a page: drives it as src/io/driver.ts drives
// a pool, plays the application, loses datagrams on purpose and keeps what the machine said. Knows no platform.
import { Link, type LinkOutput, type SendResult } from '../../src/link/link.ts';
import type { LinkOptions } from '../../src/link/options.ts';
import type { LinkState } from '../../src/link/states.ts';
import type { Signal, Transport, TransportFactory } from '../../src/io/transport.ts';
import { Random } from '../../src/sim/random.ts';
import { LINK_CODES, type LinkCode } from '../../src/wire/codes.ts';
import { DatagramWriter, decodeDatagram, encodeControl, type Datagram } from '../../src/wire/datagram.ts';
import { CHUNK_BYTES, chunkBytes, Ledger, messageBytes, transferOf, type Side } from './link-payloads.ts';
import type { ProbeOptions } from './probe.ts';

/** The clock and the timers that an end runs by. */
export interface Time {
  now(): number;
  /** Returns what cancels it. */
  after(ms: number, action: () => void): () => void;
}

const REAL_TIME: Time = {
  now: () => performance.now(),
  after: (ms, action) => {
    const timer = setTimeout(action, ms);
    return () => clearTimeout(timer);
  },
};

export interface LinkProbeSetup {
  readonly link?: Partial<LinkOptions>;
  /** Of the datagrams this end sends, how many never reach the transport; 0 to 1, drawn from a seed. */
  readonly dropRatio?: number;
  /** Says this version in whatever it sends. */
  readonly version?: number;
  /** Answers chunk requests as they come, which is so unless it says false. */
  readonly serves?: boolean;
  /** Releases what arrives at once, which is so unless it says false. */
  readonly releases?: boolean;
}

/** What an end has seen so far; plain data, so that it crosses from a page into the test. */
export interface LinkSightings {
  readonly state: LinkState;
  /** In hexadecimal, `0x` first. */
  readonly session: string;
  /** `resumed` of each opening. */
  readonly opens: readonly boolean[];
  readonly resets: number;
  /** How long nothing had been heard whenever the link said `lost`, ms. */
  readonly lostAfterMs: readonly number[];
  readonly closed: { readonly code: LinkCode; readonly byPeer: boolean } | null;
  readonly rooms: readonly ('message' | 'chunk')[];
  /** Arrived so far. */
  readonly messages: number;
  readonly chunks: number;
  /** Announced by `expectMessages` or asked for and not here yet. */
  readonly missing: number;
  /** Came changed, twice or unannounced. */
  readonly strange: number;
  readonly unanswered: number;
  readonly unackedMessages: number;
  readonly held: Link['heldBytes'];
  /** Datagrams that the transport brought, by kind; and those lost here on purpose. */
  readonly heard: Readonly<Record<string, number>>;
  readonly dropped: number;
}

/** At least as long as the longest control datagram. */
const CONTROL_BYTES_MAX = 64;

export type InjectedKind = Exclude<Datagram['kind'], 'wrong-version'>;
type ChunkRequest = Extract<LinkOutput, { kind: 'chunk-request' }>;

export class LinkProbe {
  readonly #side: Side;
  readonly #factory: TransportFactory;
  readonly #emit: (signal: Signal) => void;
  readonly #time: Time;
  readonly #ids: Random;
  readonly #drops: Random;
  #setup: LinkProbeSetup = {};
  #link: Link;
  #transport: Transport | undefined;
  #asleep = false;
  #draining = false;
  #disarm: () => void = () => {};
  #armedMs = Infinity;
  readonly #waiting = new Set<() => void>();

  #opens: boolean[] = [];
  #resets = 0;
  #lostAfterMs: number[] = [];
  #closed: LinkSightings['closed'] = null;
  #rooms: ('message' | 'chunk')[] = [];
  #messages = 0;
  #chunks = 0;
  #dropped = 0;
  readonly #heard: Record<string, number> = {};
  /** Sessions that the other end said it does not know. */
  readonly #unknown = new Set<bigint>();
  readonly #ledger = new Ledger();
  #unanswered: ChunkRequest[] = [];
  /** Lengths of messages that arrived and were not released. */
  #unreleased: number[] = [];
  /** Numbers of the next message to go, to be announced, and of the next chunk to ask for; and where `exchange` ends. */
  #nextMessage = 0;
  #nextExpected = 0;
  #nextChunk = 0;
  #goal = { messages: 0, chunks: 0 };
  /** After `blocked`, until `room`: an application that keeps to the contract does not ask in between. */
  readonly #blocked = { message: false, chunk: false };

  constructor(
    factory: TransportFactory,
    options: ProbeOptions,
    emit: (signal: Signal) => void,
    time: Time = REAL_TIME,
  ) {
    this.#side = options.initiator ? 'initiator' : 'acceptor';
    this.#factory = factory;
    this.#emit = emit;
    this.#time = time;
    this.#ids = new Random(transferOf(this.#side));
    this.#drops = this.#ids.fork();
    this.#link = this.#make();
  }

  // --- transports and life ---

  /** Makes the link and its first transport. The acceptor's goes first: it has to be there for the offer. */
  start(setup: LinkProbeSetup): void {
    this.#setup = setup;
    this.#link = this.#make();
    this.attach();
  }

  attach(): void {
    // A transport that was given up may still report: nobody listens any more.
    const current = (): boolean => this.#transport === transport;
    const transport = this.#factory(
      { initiator: this.#side === 'initiator', iceServers: [] },
      {
        onSignal: (signal) => {
          if (current()) this.#emit(signal);
        },
        onOpen: () => {
          if (current()) this.#run((link, now) => link.handle(now, { kind: 'transport-open' }));
        },
        onDatagram: (bytes) => {
          if (current()) this.#receive(bytes);
        },
        onClosed: () => {
          if (current()) this.detach();
        },
      },
    );
    this.#transport = transport;
  }

  /** Gives the transport up. */
  detach(): void {
    const transport = this.#transport;
    this.#transport = undefined;
    transport?.close();
    this.#run((link, now) => link.handle(now, { kind: 'transport-closed' }));
  }

  signal(signal: Signal): void {
    this.#transport?.signal(signal);
  }

  /** A program that was restarted and kept its transport: a machine that knows nothing. */
  restart(): void {
    this.#link = this.#make();
    this.#closed = null;
    this.#opens = [];
    this.#run((link, now) => link.handle(now, { kind: 'transport-open' }));
  }

  /** From now on neither timers nor datagrams reach the machine. */
  sleep(): void {
    this.#asleep = true;
    this.#disarm();
  }

  stop(): void {
    this.sleep();
    const transport = this.#transport;
    this.#transport = undefined;
    transport?.close();
  }

  /** Sends a hand-made datagram of a session (as `sightings` writes it) past the machine. */
  inject(kind: InjectedKind, session: string): boolean {
    return this.injectBytes([...handMade(kind, BigInt(session))]);
  }

  injectBytes(bytes: readonly number[]): boolean {
    return this.#transport?.send(Uint8Array.from(bytes)) ?? false;
  }

  // --- the application ---

  /** Sends `count` messages of `bytes`, in one go, numbered on from the last one taken. */
  sendMessages(count: number, bytes: number): SendResult[] {
    return Array.from({ length: count }, () => {
      const result = this.#run((link, now) =>
        link.sendMessage(now, messageBytes(this.#side, this.#nextMessage, bytes)),
      );
      if (result === 'ok') this.#nextMessage += 1;
      return result;
    });
  }

  /** Announces the other end's next `count` messages of `bytes`, or of mixed sizes. They may not come before. */
  expectMessages(count: number, bytes?: number): void {
    for (let i = 0; i < count; i += 1) {
      this.#ledger.expect('message', messageBytes(other(this.#side), this.#nextExpected, bytes));
      this.#nextExpected += 1;
    }
  }

  /** Asks for `count` chunks of CHUNK_BYTES, in one go, numbered on from the last one taken. */
  requestChunks(count: number): SendResult[] {
    return Array.from({ length: count }, () => this.#run((link, now) => this.#request(link, now)));
  }

  /** Answers the requests that wait, each with what the machine said to it, until one is blocked. */
  answerChunks(): SendResult[] {
    return this.#run((link, now) => this.#answer(link, now));
  }

  /** Releases every message that arrived, and from now on each as it comes. */
  releaseMessages(): void {
    this.#setup = { ...this.#setup, releases: true };
    this.#run((link, now) => {
      for (const bytes of this.#unreleased.splice(0)) link.releaseMessage(now, bytes);
    });
  }

  releaseChunk(): void {
    this.#run((link, now) => link.releaseChunk(now, CHUNK_BYTES));
  }

  /** Sends `messages` messages of mixed sizes and asks for `chunks` chunks, as fast as the marks let it. */
  exchange(messages: number, chunks: number): void {
    this.#goal = { messages, chunks };
    this.#run(() => undefined);
  }

  /** All of `exchange` has arrived, here and, by their acknowledgements, at the other end. */
  get exchanged(): boolean {
    return (
      this.#nextMessage === this.#goal.messages &&
      this.#nextChunk === this.#goal.chunks &&
      this.#ledger.missing === 0 &&
      this.#link.unackedMessages === 0 &&
      this.#link.heldBytes.chunksOut === 0
    );
  }

  // --- what the test sees ---

  get state(): LinkState {
    return this.#link.state;
  }

  /** Times the link opened since it was made. */
  get opened(): number {
    return this.#opens.length;
  }

  get chunks(): number {
    return this.#chunks;
  }

  wasToldUnknown(session: string): boolean {
    return this.#unknown.has(BigInt(session));
  }

  sightings(): LinkSightings {
    return {
      state: this.#link.state,
      session: `0x${this.#link.sessionId.toString(16)}`,
      opens: [...this.#opens],
      resets: this.#resets,
      lostAfterMs: [...this.#lostAfterMs],
      closed: this.#closed,
      rooms: [...this.#rooms],
      messages: this.#messages,
      chunks: this.#chunks,
      missing: this.#ledger.missing,
      strange: this.#ledger.strange,
      unanswered: this.#unanswered.length,
      unackedMessages: this.#link.unackedMessages,
      held: this.#link.heldBytes,
      heard: { ...this.#heard },
      dropped: this.#dropped,
    };
  }

  /** True once `done` is, asked after whatever happens here; false if it is not within `ms`. */
  until(done: () => boolean, ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (result: boolean): void => {
        cancel();
        this.#waiting.delete(check);
        resolve(result);
      };
      const check = (): void => {
        if (done()) settle(true);
      };
      const cancel = this.#time.after(ms, () => settle(false));
      this.#waiting.add(check);
      check();
    });
  }

  /** Lets `ms` pass. */
  pass(ms: number): Promise<boolean> {
    return this.until(() => false, ms);
  }

  // --- driving ---

  #make(): Link {
    return new Link({ role: this.#side, random: (n) => this.#ids.bytes(n), options: this.#setup.link ?? {} });
  }

  #receive(bytes: Uint8Array): void {
    if (this.#asleep) return;
    this.#note(bytes);
    this.#run((link, now) => link.handle(now, { kind: 'datagram', bytes }));
  }

  #note(bytes: Uint8Array): void {
    // Long ones are data and not looked into: twice the work would slow the transfers.
    const datagram = bytes.length > CONTROL_BYTES_MAX ? undefined : decodeDatagram(bytes);
    const kind = bytes.length > CONTROL_BYTES_MAX ? 'data' : (datagram?.kind ?? 'malformed');
    this.#heard[kind] = (this.#heard[kind] ?? 0) + 1;
    if (datagram?.kind === 'disconnect' && datagram.code === LINK_CODES['unknown-session']) {
      this.#unknown.add(datagram.session);
    }
  }

  /** Calls the machine with the time, then performs everything it wants done and arms the timer. */
  #run<T>(call: (link: Link, now: number) => T): T {
    const result = call(this.#link, this.#time.now());
    if (this.#draining) return result;
    this.#draining = true;
    do {
      for (let output = this.#link.poll(); output !== undefined; output = this.#link.poll()) this.#perform(output);
    } while (this.#pump());
    this.#draining = false;
    this.#arm(this.#link.nextTimeout() ?? Infinity);
    for (const wake of this.#waiting) wake();
    return result;
  }

  /** One timer, moved only when it would come too late, as in src/io/driver.ts. */
  #arm(dueMs: number): void {
    if (this.#asleep || dueMs >= this.#armedMs) return;
    this.#disarm();
    this.#armedMs = dueMs;
    this.#disarm = this.#time.after(Math.max(0, dueMs - this.#time.now()), () => {
      this.#armedMs = Infinity;
      if (!this.#asleep) this.#run((link, now) => link.handle(now, { kind: 'timeout' }));
    });
  }

  #perform(output: LinkOutput): void {
    const now = this.#time.now();
    switch (output.kind) {
      case 'datagram':
        return this.#say(output.bytes);
      case 'message':
        this.#messages += 1;
        this.#ledger.arrived('message', output.bytes);
        if (this.#setup.releases === false) this.#unreleased.push(output.bytes.length);
        else this.#link.releaseMessage(now, output.bytes.length);
        return;
      case 'chunk':
        this.#chunks += 1;
        this.#ledger.arrived(`chunk ${output.transfer}/${output.chunk}`, output.bytes);
        if (this.#setup.releases !== false) this.#link.releaseChunk(now, output.bytes.length);
        return;
      case 'chunk-request':
        this.#unanswered.push(output);
        if (this.#setup.serves !== false && !this.#blocked.chunk) this.#answer(this.#link, now);
        return;
      case 'room':
        this.#rooms.push(output.for);
        this.#blocked[output.for] = false;
        if (output.for === 'chunk' && this.#setup.serves !== false) this.#answer(this.#link, now);
        return;
      case 'open':
        this.#opens.push(output.resumed);
        return;
      case 'lost':
        this.#lostAfterMs.push(now - this.#link.heardAtMs);
        return;
      case 'reset':
        this.#resets += 1;
        this.#unanswered = [];
        return;
      case 'closed':
        this.#closed = { code: output.code, byPeer: output.byPeer };
        return;
      case 'chunk-delivered':
        return;
    }
  }

  #say(bytes: Uint8Array): void {
    const { dropRatio = 0, version } = this.#setup;
    if (this.#drops.chance(dropRatio)) {
      this.#dropped += 1;
      return;
    }
    this.#transport?.send(version === undefined ? bytes : Uint8Array.of(version, ...bytes.subarray(1)));
  }

  /** Goes on with `exchange`; true if the machine took anything. */
  #pump(): boolean {
    const now = this.#time.now();
    let taken = false;
    while (!this.#blocked.message && this.#nextMessage < this.#goal.messages) {
      const result = this.#link.sendMessage(now, messageBytes(this.#side, this.#nextMessage));
      if (result === 'blocked') this.#blocked.message = true;
      if (result !== 'ok') break;
      this.#nextMessage += 1;
      taken = true;
    }
    while (this.#nextChunk < this.#goal.chunks && this.#request(this.#link, now) === 'ok') taken = true;
    return taken;
  }

  #request(link: Link, now: number): SendResult {
    const transfer = transferOf(this.#side);
    const result = link.requestChunk(now, transfer, this.#nextChunk, CHUNK_BYTES);
    if (result !== 'ok') return result;
    this.#ledger.expect(`chunk ${transfer}/${this.#nextChunk}`, chunkBytes(transfer, this.#nextChunk));
    this.#nextChunk += 1;
    return result;
  }

  #answer(link: Link, now: number): SendResult[] {
    const results: SendResult[] = [];
    for (let asked = this.#unanswered[0]; asked !== undefined; asked = this.#unanswered[0]) {
      const result = link.sendChunk(now, asked.request, chunkBytes(asked.transfer, asked.chunk));
      results.push(result);
      if (result === 'blocked') {
        this.#blocked.chunk = true;
        break;
      }
      this.#unanswered.shift();
    }
    return results;
  }
}

function other(side: Side): Side {
  return side === 'initiator' ? 'acceptor' : 'initiator';
}

function handMade(kind: InjectedKind, session: bigint): Uint8Array {
  switch (kind) {
    case 'connect':
    case 'accepted':
      return encodeControl({ kind, session, nonce: 0x5eedn, messageCreditBytes: 1 << 20 });
    case 'heartbeat':
      return encodeControl({ kind, session, timeUs: 0 });
    case 'disconnect':
      return encodeControl({ kind, session, code: LINK_CODES['unknown-session'] });
    case 'data': {
      const writer = new DatagramWriter();
      writer.begin(1156, { session, lane: 0, packet: 0xff_ffff, timeUs: 0 });
      writer.add({ kind: 'ping' });
      return writer.finish();
    }
  }
}
