// Two real Link machines joined by a simulated network under one virtual clock. Does what a driver does (perform the
// outputs, arm one timer) and keeps what each end said, so that a test can look at it. Chunks come from `serve`.
import { Link, type LinkInput, type LinkOutput } from '../link/link.ts';
import type { LinkOptions } from '../link/options.ts';
import type { LinkCode } from '../wire/codes.ts';
import { VirtualClock, type Scheduled } from './clock.ts';
import { Duplex, type Path, type PathOptions } from './network.ts';
import { Random } from './random.ts';

type Role = 'initiator' | 'acceptor';
type Kind = LinkOutput['kind'];
export type OutputOf<K extends Kind> = Extract<LinkOutput, { readonly kind: K }>;

export interface LinkPairOptions {
  /** Names the whole run: session ids and the network both follow from it. */
  readonly seed?: number;
  /** Both directions, unless one is named apart. */
  readonly path?: Partial<PathOptions>;
  readonly toInitiator?: Partial<PathOptions>;
  readonly toAcceptor?: Partial<PathOptions>;
  readonly link?: Partial<LinkOptions>;
  readonly initiatorLink?: Partial<LinkOptions>;
  readonly acceptorLink?: Partial<LinkOptions>;
}

/** One end: a Link, the timer its driver would hold, and everything it gave out. */
export class LinkEnd {
  readonly role: Role;
  /** Every output but datagrams, in order. */
  readonly outputs: LinkOutput[] = [];
  /** Datagrams given to the network, and the moments. Copies, so they can be sent again by a test. */
  readonly said: { readonly atMs: number; readonly bytes: Uint8Array }[] = [];
  /** Gives a datagram that arrives back, changed, or undefined to lose it. */
  filter: (bytes: Uint8Array) => Uint8Array | undefined = (bytes) => bytes;
  /** Release what arrives at once, as an application that keeps up does. */
  releases = true;
  /** Answers chunk requests; undefined leaves them unanswered. */
  serve: ((transfer: number, chunk: number) => Uint8Array) | undefined = undefined;
  /** Called for every output but datagrams, after the machine was drained. */
  onOutput: (output: LinkOutput) => void = () => {};
  link: Link;
  #open = false;
  #asleep = false;
  #timer: Scheduled | undefined;
  #unanswered: OutputOf<'chunk-request'>[] = [];
  readonly #clock: VirtualClock;
  readonly #random: Random;
  readonly #options: Partial<LinkOptions>;
  readonly #path: () => Path;

  constructor(role: Role, clock: VirtualClock, random: Random, options: Partial<LinkOptions>, path: () => Path) {
    this.role = role;
    this.#clock = clock;
    this.#random = random;
    this.#options = options;
    this.#path = path;
    this.link = this.#make();
  }

  /** Gives the machine an input and performs what it answers. */
  handle(input: LinkInput): void {
    if (input.kind === 'transport-open') this.#open = true;
    if (input.kind === 'transport-closed') this.#open = false;
    this.link.handle(this.#clock.now, input);
    this.drain();
  }

  /** What the network brings. Nothing is heard while asleep or without a transport. */
  receive(bytes: Uint8Array): void {
    if (!this.#open || this.#asleep) return;
    const passed = this.filter(bytes);
    if (passed !== undefined) this.handle({ kind: 'datagram', bytes: passed });
  }

  /** Sends a message; whatever the machine says to it is returned. */
  send(bytes: Uint8Array): ReturnType<Link['sendMessage']> {
    const result = this.link.sendMessage(this.#clock.now, bytes);
    this.drain();
    return result;
  }

  request(transfer: number, chunk: number, bytes: number): ReturnType<Link['requestChunk']> {
    const result = this.link.requestChunk(this.#clock.now, transfer, chunk, bytes);
    this.drain();
    return result;
  }

  close(code: LinkCode = 'left'): void {
    this.link.close(this.#clock.now, code);
    this.drain();
  }

  /** The program was restarted: a new machine that knows nothing, on no transport yet. */
  restart(): void {
    this.#open = false;
    this.#unanswered = [];
    this.link = this.#make();
    this.drain();
  }

  /** Neither timers nor the network reach this end until `wake`: a closed laptop. */
  sleep(): void {
    this.#asleep = true;
  }

  wake(): void {
    this.#asleep = false;
    this.#arm();
  }

  /** All outputs of one kind so far. */
  all<K extends Kind>(kind: K): OutputOf<K>[] {
    return this.outputs.filter((output): output is OutputOf<K> => output.kind === kind);
  }

  /** Polls until undefined and arms the timer: what a driver does after every call to the machine. */
  drain(): void {
    for (let output = this.link.poll(); output !== undefined; output = this.link.poll()) {
      if (output.kind === 'datagram') {
        this.said.push({ atMs: this.#clock.now, bytes: output.bytes.slice() });
        if (this.#open) this.#path().send(output.bytes);
        continue;
      }
      this.outputs.push(output);
      this.#perform(output);
      this.onOutput(output);
    }
    this.#arm();
  }

  #perform(output: LinkOutput): void {
    const now = this.#clock.now;
    switch (output.kind) {
      case 'message':
        if (this.releases) this.link.releaseMessage(now, output.bytes.length);
        return;
      case 'chunk':
        if (this.releases) this.link.releaseChunk(now, output.bytes.length);
        return;
      case 'chunk-request':
        this.#unanswered.push(output);
        this.#answer();
        return;
      case 'room':
        this.#answer();
        return;
      case 'reset':
      case 'closed':
        this.#unanswered = [];
        return;
      default:
        return;
    }
  }

  #answer(): void {
    while (this.serve !== undefined) {
      const next = this.#unanswered[0];
      if (next === undefined) return;
      const bytes = this.serve(next.transfer, next.chunk);
      if (this.link.sendChunk(this.#clock.now, next.request, bytes) === 'blocked') return;
      this.#unanswered.shift();
    }
  }

  #arm(): void {
    if (this.#timer !== undefined) this.#clock.cancel(this.#timer);
    this.#timer = undefined;
    const atMs = this.link.nextTimeout();
    if (atMs === undefined) return;
    this.#timer = this.#clock.at(atMs, () => {
      if (!this.#asleep) this.handle({ kind: 'timeout' });
    });
  }

  #make(): Link {
    return new Link({ role: this.role, random: (n) => this.#random.bytes(n), options: this.#options });
  }
}

export class LinkPair {
  readonly clock: VirtualClock = new VirtualClock();
  readonly random: Random;
  readonly initiator: LinkEnd;
  readonly acceptor: LinkEnd;
  readonly network: Duplex;

  constructor(options: LinkPairOptions = {}) {
    this.random = new Random(options.seed ?? 1);
    this.network = new Duplex(
      this.clock,
      this.random.fork(),
      { toA: { ...options.path, ...options.toInitiator }, toB: { ...options.path, ...options.toAcceptor } },
      { toA: (bytes) => this.initiator.receive(bytes), toB: (bytes) => this.acceptor.receive(bytes) },
    );
    const end = (role: Role, own: Partial<LinkOptions> | undefined, path: () => Path): LinkEnd =>
      new LinkEnd(role, this.clock, this.random.fork(), { ...options.link, ...own }, path);
    this.initiator = end('initiator', options.initiatorLink, () => this.network.toB);
    this.acceptor = end('acceptor', options.acceptorLink, () => this.network.toA);
  }

  get ends(): readonly [LinkEnd, LinkEnd] {
    return [this.initiator, this.acceptor];
  }

  /** Gives both ends a transport. The acceptor's opens first or last, as it happens in life. */
  openTransport(first: Role = 'acceptor'): void {
    const order = first === 'acceptor' ? [this.acceptor, this.initiator] : [this.initiator, this.acceptor];
    for (const end of order) end.handle({ kind: 'transport-open' });
  }

  /** Takes both ends' transport away; what is under way is lost. */
  closeTransport(): void {
    this.network.cut();
    for (const end of this.ends) end.handle({ kind: 'transport-closed' });
  }

  /** Opens a transport and runs until both ends are open. Throws if that takes more than `limitMs`. */
  connect(limitMs = 60_000): void {
    this.openTransport();
    this.runUntil(() => this.ends.every((end) => end.link.state === 'open'), limitMs);
  }

  /** The next thing that happens. False if nothing ever will. */
  step(): boolean {
    return this.clock.step();
  }

  /** Lets `ms` pass. */
  run(ms: number): void {
    this.clock.advance(ms);
  }

  /** Runs until `done`. Throws, saying when, if that is not so after `limitMs`. */
  runUntil(done: () => boolean, limitMs: number): void {
    const untilMs = this.clock.now + limitMs;
    while (!done()) {
      const nextMs = this.clock.nextMs;
      if (nextMs === undefined || nextMs > untilMs) {
        throw new Error(`the awaited did not happen within ${limitMs} virtual ms, by ${untilMs}`);
      }
      this.clock.step();
    }
  }

  /** Runs until nothing but heartbeats is left to say: no end has anything queued or in flight. */
  settle(limitMs = 60_000): void {
    const idle = (end: LinkEnd): boolean => {
      const { messagesOut, chunksOut } = end.link.heldBytes;
      return messagesOut === 0 && chunksOut === 0;
    };
    this.runUntil(() => this.ends.every(idle), limitMs);
  }
}
