// The control streams of a client, from one pool to the next: their loops, their sources, and what they surface as values.
// Stamps, clones and deadlines are the pool's (src/pool/control.ts).
import { checkShape, controlOptions, type ControlOptions } from '../control/options.ts';
import type { ControlDirection, ControlFrame, ControlStats, PoolControl } from '../pool/control.ts';
import type { DatagramSchema } from '../wire/registry.ts';
import { attempt } from './attempt.ts';
import { ControlLoop } from './control-loop.ts';
import type { ControlSource } from './control-sources.ts';
import { SchemaCodec } from './schema-codec.ts';

export type { ControlStats } from '../pool/control.ts';

/** How old a frame is, and which. */
export interface FrameInfo {
  /** Counts up with time, hz a second; the same number is never surfaced twice for one peer. */
  readonly poll: number;
  /** Since it was sampled, ms; at most the stream's deadline. */
  readonly ageMs: number;
  /** Brought by a clone: the datagram of its own poll was lost, or is slower. */
  readonly clone: boolean;
  /** No later one was surfaced before. Who only wants to know how things are now ignores the others. */
  readonly newest: boolean;
}

export interface ControlStreamOptions<Up, Down = never> {
  /** 0 to 255. Streams of one number speak to each other; all members give it the same schemas. */
  readonly stream: number;
  /** Of a member's own input: at most 160 bytes a frame. */
  readonly up: DatagramSchema<Up>;
  /** Of what `update` sends: at most 1,000 bytes. */
  readonly down?: DatagramSchema<Down>;
  /** Polls a second, 1 to 1,000. Members may differ in it. */
  readonly hz: number;
  /** Frames older than this are dropped, here and on the way. At most 240 polls, ms. */
  readonly deadlineMs: number;
  /** Sampled once a poll; undefined means nothing new, and nothing is sent. Without a source the stream only listens. */
  readonly source?: ControlSource<Up> | (() => Up | undefined);
  /** Another member's input. Called for each poll at most once; clones may bring an earlier one after a later. */
  readonly onFrame?: (peer: string, value: Up, info: FrameInfo) => void;
  /** Another member's update. */
  readonly onUpdate?: (peer: string, value: Down, info: FrameInfo) => void;
  /** Limits and paces, where the defaults will not do. */
  readonly control?: Partial<ControlOptions>;
}

/** An open stream. */
export interface ControlStream<Down = never> {
  /** Sends `value` to everyone at the next poll, unless a later one replaces it before. Throws what the schema throws. */
  update(value: Down): void;
  /** Since this pool was joined; undefined outside a pool. */
  readonly stats: ControlStats | undefined;
  stop(): void;
}

/** What of a pool the streams use: the machine's own, or one that stands in for it in another process. */
export interface ControlPool {
  poolTimeMs(now: number): number;
  readonly control: Pick<PoolControl, 'open' | 'close' | 'due' | 'poll' | 'stats' | 'unreadable'>;
}

/** What of a client's membership the streams use. */
export interface ControlHost {
  readonly pool: ControlPool;
  readonly driver: { run<T>(call: (pool: ControlPool, now: number) => T): T };
}

export class ControlStreams {
  readonly #host: () => ControlHost | undefined;
  readonly #streams = new Map<number, Running>();

  constructor(host: () => ControlHost | undefined) {
    this.#host = host;
  }

  /** Throws a RangeError on an option out of range, an Error on a stream that is open. Outside a pool it waits for one. */
  open<Up, Down>(options: ControlStreamOptions<Up, Down>): ControlStream<Down> {
    const { stream, hz, deadlineMs, control } = options;
    checkShape(options);
    controlOptions(control);
    if (this.#streams.has(stream)) throw new Error(`stream: expected one that is not open, got ${stream}`);
    const running = new Running(options as ControlStreamOptions<unknown, unknown>, this.#host);
    this.#host()?.pool.control.open({ stream, hz, deadlineMs, ...(control === undefined ? {} : { options: control }) });
    this.#streams.set(stream, running);
    const host = this.#host;
    return {
      update: (value) => running.update(value),
      get stats() {
        return host()?.pool.control.stats(stream);
      },
      stop: () => {
        if (this.#streams.get(stream) !== running) return;
        this.#streams.delete(stream);
        running.stop();
        this.#host()?.pool.control.close(stream);
      },
    };
  }

  /** A pool is being joined: what is open goes on there. */
  attach(pool: ControlPool): void {
    for (const { options } of this.#streams.values()) {
      const { stream, hz, deadlineMs, control } = options;
      pool.control.open({ stream, hz, deadlineMs, ...(control === undefined ? {} : { options: control }) });
    }
  }

  /** A frame that the pool surfaced. */
  deliver(frame: ControlFrame): void {
    if (this.#streams.get(frame.stream)?.deliver(frame) === false) this.#host()?.pool.control.unreadable(frame);
  }

  stop(): void {
    for (const running of this.#streams.values()) running.stop();
    this.#streams.clear();
  }
}

/** One stream's loop, source and schemas. */
class Running {
  readonly options: ControlStreamOptions<unknown, unknown>;
  readonly #host: () => ControlHost | undefined;
  readonly #codecs: Readonly<Record<ControlDirection, SchemaCodec | undefined>>;
  readonly #loop: ControlLoop | undefined;
  /** The update that goes with the next poll. */
  #pending: Uint8Array | undefined;
  /** The source or its schema failed at the poll before: one report is enough. */
  #failing = false;

  constructor(options: ControlStreamOptions<unknown, unknown>, host: () => ControlHost | undefined) {
    const { hz, up, down, source } = options;
    this.options = options;
    this.#host = host;
    this.#codecs = { up: new SchemaCodec(up), down: down === undefined ? undefined : new SchemaCodec(down) };
    if (source === undefined && down === undefined) return;
    const timeMs = (): number => host()?.pool.poolTimeMs(performance.now()) ?? performance.now();
    this.#loop = new ControlLoop({ hz, timeMs, onPoll: () => this.#poll() });
  }

  update(value: unknown): void {
    const { down } = this.#codecs;
    if (down === undefined) throw new Error('down: expected a schema for updates, got none');
    this.#pending = down.encode(value);
  }

  /** False if its schema could not read the frame. */
  deliver({ direction, peer, bytes, poll, ageMs, clone, newest }: ControlFrame): boolean {
    const { onFrame, onUpdate } = this.options;
    const told = direction === 'up' ? onFrame : onUpdate;
    const decoded = told === undefined ? undefined : this.#codecs[direction]?.decode(bytes);
    if (told === undefined || decoded === undefined) return true;
    if (decoded.kind === 'failed') return false;
    attempt(() => told(peer, decoded.value, { poll, ageMs, clone, newest }));
    return true;
  }

  stop(): void {
    const { source } = this.options;
    this.#loop?.stop();
    if (typeof source === 'object') source.stop();
  }

  #poll(): void {
    const { stream, source } = this.options;
    this.#host()?.driver.run((pool, now) => {
      const { control } = pool;
      if (source !== undefined && control.due(now, stream, 'up')) {
        this.#failing = !attempt(() => control.poll(now, stream, 'up', this.#sample()), this.#failing);
      }
      if (this.#codecs.down === undefined || !control.due(now, stream, 'down')) return;
      const update = this.#pending;
      this.#pending = undefined;
      attempt(() => control.poll(now, stream, 'down', update));
    });
  }

  #sample(): Uint8Array | undefined {
    const { source } = this.options;
    const value = typeof source === 'function' ? source() : source?.sample();
    return value === undefined ? undefined : this.#codecs.up?.encode(value);
  }
}
