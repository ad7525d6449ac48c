// One end of a simulated link: a Link machine, the timer its driver would hold, and everything it gave out, so that a test
// can look at it. What carries its datagrams is link-pair.ts's.
import { Link, type LinkInput, type LinkOutput } from '../link/link.ts';
import type { LinkOptions } from '../link/options.ts';
import type { LinkCode } from '../wire/codes.ts';
import type { Seal } from '../wire/seal.ts';
import type { Way } from './carrier.ts';
import { Alarm, LocalClock, type ClockError, type VirtualClock } from './clock.ts';
import type { Random } from './random.ts';
import type { Trace } from './trace.ts';

export type Role = 'initiator' | 'acceptor';
type Kind = LinkOutput['kind'];
export type OutputOf<K extends Kind> = Extract<LinkOutput, { readonly kind: K }>;

export interface LinkEndSetup {
  readonly role: Role;
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly options: Partial<LinkOptions>;
  readonly clockError: ClockError;
  readonly trace: Trace;
  /** Made anew for every machine. */
  readonly seal: (() => Seal) | undefined;
  /** Whether `outputs` and `said` are kept; long runs have no use for them. */
  readonly keeps: boolean;
  /** The way of a lane's datagrams, if there is one. */
  readonly way: (lane: number) => Way | undefined;
  readonly wantLane: (lane: number) => void;
  readonly dropLane: (lane: number) => void;
}

export class LinkEnd {
  readonly role: Role;
  /** Every output but datagrams, in order. */
  readonly outputs: LinkOutput[] = [];
  /** Datagrams given to the network, and the moments. Copies, so they can be sent again by a test. */
  readonly said: { readonly atMs: number; readonly bytes: Uint8Array; readonly lane: number }[] = [];
  /** Gives a datagram that arrives back, changed, or undefined to lose it. */
  filter: (bytes: Uint8Array) => Uint8Array | undefined = (bytes) => bytes;
  /** Release what arrives at once, as an application that keeps up does. */
  releases = true;
  /** Answers chunk requests; undefined leaves them unanswered. */
  serve: ((transfer: number, chunk: number) => Uint8Array) | undefined = undefined;
  /** Called for every output but datagrams, after the machine was drained. */
  onOutput: (output: LinkOutput) => void = () => {};
  link: Link;
  readonly #setup: LinkEndSetup;
  readonly #local: LocalClock;
  readonly #timer: Alarm;
  #dueMs = Infinity;
  readonly #open = new Set<number>();
  #asleep = false;
  #unanswered: OutputOf<'chunk-request'>[] = [];

  constructor(setup: LinkEndSetup) {
    this.#setup = setup;
    this.role = setup.role;
    this.#local = new LocalClock(setup.clock, setup.clockError);
    this.#timer = new Alarm(setup.clock, () => this.#ring());
    this.link = this.#make();
  }

  /** What this end's own clock shows, ms. */
  get now(): number {
    return this.#local.now;
  }

  /** Lanes that carry datagrams now, the first included. */
  get lanes(): readonly number[] {
    return [...this.#open];
  }

  /** Gives the machine an input and performs what it answers. */
  handle(input: LinkInput): void {
    if (input.kind === 'transport-open') this.#open.add(input.lane ?? 0);
    if (input.kind === 'transport-closed') this.#open.delete(input.lane ?? 0);
    this.link.handle(this.now, input);
    this.drain();
  }

  /** What the network brings. Nothing is heard while asleep or without a transport. */
  receive(bytes: Uint8Array, lane = 0): void {
    if (!this.#open.has(lane) || this.#asleep) return;
    const passed = this.filter(bytes);
    if (passed !== undefined) this.handle({ kind: 'datagram', lane, bytes: passed });
  }

  /** Sends a message; whatever the machine says to it is returned. */
  send(bytes: Uint8Array): ReturnType<Link['sendMessage']> {
    const result = this.link.sendMessage(this.now, bytes);
    this.drain();
    return result;
  }

  request(transfer: number, chunk: number, bytes: number): ReturnType<Link['requestChunk']> {
    const result = this.link.requestChunk(this.now, transfer, chunk, bytes);
    this.drain();
    return result;
  }

  /** Sends a control datagram that is of no use after `deadlineMs` on this end's clock. */
  sendControl(schema: number, bytes: Uint8Array, deadlineMs: number): ReturnType<Link['sendControl']> {
    const result = this.link.sendControl(this.now, schema, bytes, deadlineMs);
    this.drain();
    return result;
  }

  close(code: LinkCode = 'left'): void {
    this.link.close(this.now, code);
    this.drain();
  }

  /** The program was restarted: a new machine that knows nothing, on no transport yet. */
  restart(): void {
    this.#open.clear();
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

  /** This end's clock jumps ahead by `ms`, as when a machine was suspended for a moment. */
  jumpClock(ms: number): void {
    this.#local.jump(ms);
    this.#arm();
  }

  /** All outputs of one kind so far. */
  all<K extends Kind>(kind: K): OutputOf<K>[] {
    return this.outputs.filter((output): output is OutputOf<K> => output.kind === kind);
  }

  /** Polls until undefined and arms the timer: what a driver does after every call to the machine. */
  drain(): void {
    for (let output = this.link.poll(); output !== undefined; output = this.link.poll()) {
      if (output.kind === 'datagram') this.#say(output.bytes, output.lane);
      else this.#hear(output);
    }
    this.#arm();
  }

  #say(bytes: Uint8Array, lane: number): void {
    const { clock, trace, keeps, way } = this.#setup;
    trace.note(clock.now, this.role === 'initiator' ? 0 : 1, 'datagram', bytes.length);
    if (keeps) this.said.push({ atMs: clock.now, bytes: bytes.slice(), lane });
    if (this.#open.has(lane)) way(lane)?.send(bytes);
  }

  #hear(output: Exclude<LinkOutput, { kind: 'datagram' }>): void {
    const { clock, trace, keeps } = this.#setup;
    const bytes = output.kind === 'message' || output.kind === 'chunk' ? output.bytes.length : 0;
    trace.note(clock.now, this.role === 'initiator' ? 0 : 1, output.kind, bytes);
    if (keeps) this.outputs.push(output);
    this.#perform(output);
    this.onOutput(output);
  }

  #perform(output: Exclude<LinkOutput, { kind: 'datagram' }>): void {
    const now = this.now;
    switch (output.kind) {
      case 'lane-wanted':
        return this.#setup.wantLane(output.lane);
      case 'lane-unwanted':
        return this.#setup.dropLane(output.lane);
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
      case 'chunk-cancelled':
        this.#unanswered = this.#unanswered.filter(({ request }) => request !== output.request);
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
      if (this.link.sendChunk(this.now, next.request, bytes) === 'blocked') return;
      this.#unanswered.shift();
    }
  }

  #arm(): void {
    const atMs = this.link.nextTimeout();
    this.#dueMs = atMs ?? Infinity;
    if (atMs === undefined || atMs === Infinity) this.#timer.clear();
    else this.#timer.set(this.#local.worldMs(atMs));
  }

  #ring(): void {
    if (this.#asleep) return;
    this.#local.reached(this.#dueMs);
    this.handle({ kind: 'timeout' });
  }

  #make(): Link {
    const { role, random, options, seal } = this.#setup;
    return new Link({ role, random: (n) => random.bytes(n), options, ...(seal === undefined ? {} : { seal: seal() }) });
  }
}
