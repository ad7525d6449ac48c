// The lanes of a link: which there are, how many there should be, and what they know together. Packets and their numbers
// are a lane's (lane.ts), what they carry is the session's.
import { LANE_IDS } from '../wire/datagram.ts';
import { LaneCount } from './lane-count.ts';
import { Lane } from './lane.ts';
import type { LinkOptions } from './options.ts';
import { PathDelay } from './path-delay.ts';
import { DelayWindow, type WindowPath } from './window.ts';
import type { PacketFates } from './recovery.ts';
import type { Counters } from './stats.ts';

export type LaneOutput =
  /** Make a transport for this lane and report it open, or closed if that failed. */
  | { readonly kind: 'lane-wanted'; readonly lane: number }
  /** Close this lane's transport. */
  | { readonly kind: 'lane-unwanted'; readonly lane: number };

export class Lanes {
  /** The first lane: the handshake runs over it, and the link with it. */
  readonly home: Lane;
  /**
   * Acks, control and whatever is small. As soon as there is a second lane it is that one, and carries nothing else: its
   * association has no bulk before it, and has had none.
   */
  small: Lane;
  readonly path: PathDelay;
  /**
   * What all lanes together may have in flight, while there is more than one. The least round trip of any lane shows the
   * path's queue: what the others have beyond it waits in their own associations.
   */
  readonly sum: DelayWindow;
  readonly #options: LinkOptions;
  readonly #fates: PacketFates;
  readonly #counters: Counters;
  readonly #emit: (output: LaneOutput) => void;
  readonly #all = new Map<number, Lane>();
  readonly #count: LaneCount;
  readonly #ownIds: readonly number[];
  /** Lanes of ours that are asked for and not open yet. */
  readonly #pending = new Set<number>();
  #up: Lane[] = [];
  #turn = 0;
  #roundAtMs = 0;
  /** Since when there is more than one. What was sent before has waited in an association behind bulk. */
  #manySinceMs = 0;

  constructor(
    options: LinkOptions,
    role: 'initiator' | 'acceptor',
    counters: Counters,
    fates: PacketFates,
    emit: (output: LaneOutput) => void,
  ) {
    this.#options = options;
    this.#counters = counters;
    this.#fates = fates;
    this.#emit = emit;
    this.path = new PathDelay(options);
    this.sum = new DelayWindow(options, this.path, options.windowBytesStart);
    this.#count = new LaneCount(options);
    const first = role === 'initiator' ? 2 : 1;
    this.#ownIds = Array.from({ length: LANE_IDS / 2 - 1 }, (_, i) => first + 2 * i);
    this.home = this.#make(0);
    this.small = this.home;
  }

  /** Those with a transport, the first lane first. */
  get up(): readonly Lane[] {
    return this.#up;
  }

  /** Whether bulk has lanes of its own. */
  get many(): boolean {
    return this.#up.length > 1;
  }

  /** When any lane last carried anything, ms. */
  get answeredAtMs(): number {
    return Math.max(...this.#up.map((lane) => lane.answeredAtMs));
  }

  /** A round-trip sample of a packet that was sent at `sentAtMs`. */
  sample(sentAtMs: number, rttMs: number): void {
    this.path.sample(rttMs);
    if (this.many && sentAtMs > this.#manySinceMs) this.sum.sample(rttMs);
  }

  /** After an ack was taken: the rounds of the sum are round trips of the path. */
  turn(now: number): void {
    if (!this.many || now - this.#roundAtMs < this.path.baseMs + this.path.targetMs) return;
    this.#roundAtMs = now;
    this.sum.round(now);
  }

  /** Whether the window of them all takes another `bytes`. */
  sumTakes(bytes: number): boolean {
    if (!this.many) return true;
    let inFlight = 0;
    for (const lane of this.#up) if (!lane.silent) inFlight += lane.recovery.inFlightBytes;
    return inFlight + bytes <= this.sum.limitBytes;
  }

  get(id: number): Lane | undefined {
    return this.#all.get(id);
  }

  *[Symbol.iterator](): IterableIterator<Lane> {
    yield* this.#all.values();
  }

  /** A transport for this lane is open. False if that is no lane to have. */
  opened(now: number, id: number): boolean {
    this.#pending.delete(id);
    const known = this.#all.get(id);
    if (known?.up === true) return true;
    if (id < 0 || id >= LANE_IDS || this.#up.length >= this.#options.lanesMax) return false;
    const lane = known ?? this.#make(id);
    lane.up = true;
    lane.answeredAtMs = now;
    if (this.#up.length === 1) {
      this.#manySinceMs = now;
      this.small = lane;
      const { window } = this.home;
      this.sum.restart(Math.max(window.bytes, this.#options.windowBytesStart), window.slowStart);
    }
    this.#order();
    return true;
  }

  /** Its transport closed, or could not be made. */
  closed(now: number, id: number): void {
    const lane = this.#all.get(id);
    const failed = this.#pending.delete(id) || lane?.up === true;
    if (lane?.up === true) lane.abandon();
    this.#order();
    if (failed && id !== 0 && this.#ownIds.includes(id)) this.#count.failed(now, this.#up.length);
  }

  /** A lane that does not answer: what it had goes over the others, and its transport is closed. */
  giveUp(now: number, lane: Lane): void {
    this.closed(now, lane.id);
    this.#emit({ kind: 'lane-unwanted', lane: lane.id });
  }

  /** What is small goes over another lane than before, which is silent. */
  moveSmall(): void {
    this.small = this.#up.find((lane) => lane !== this.small && !lane.silent) ?? this.small;
  }

  /** The first lane is gone, and the others follow. */
  abandon(): void {
    for (const lane of this.#up) {
      lane.abandon();
      if (lane !== this.home) this.#emit({ kind: 'lane-unwanted', lane: lane.id });
    }
    for (const id of this.#pending) this.#emit({ kind: 'lane-unwanted', lane: id });
    this.#pending.clear();
    this.path.forget();
    this.#order();
  }

  /** Asks for lanes, or gives some up, as the evidence says. */
  judge(now: number, limited: boolean): void {
    let rate = 0;
    let lostPackets = 0;
    for (const lane of this.#all.values()) {
      if (lane.up) rate += lane.window.rate;
      lostPackets += lane.recovery.lostPackets;
    }
    this.path.rate = rate;
    const limpMs = Math.max(this.#options.laneLimpMs, 8 * this.path.baseMs);
    for (const lane of this.#up) {
      if (this.many && !lane.silent && now - lane.recovery.oldestSentAtMs > limpMs) lane.rest();
    }
    const { packetsSent: sentPackets } = this.#counters;
    const { baseMs } = this.path;
    const full = this.many && this.sum.queueMs * 2 > this.path.targetMs;
    const evidence = { lostPackets, sentPackets, baseMs, up: this.#up.length, limited, full };
    const wanted = this.#count.judge(now, evidence);
    const have = this.#up.length + this.#pending.size;
    if (wanted > have) this.#open(wanted - have);
    else if (wanted < have) this.#close(have - wanted);
  }

  /** The next lane after the last one for which `takes` holds: bulk goes round. */
  next(takes: (lane: Lane) => boolean): Lane | undefined {
    const up = this.#up;
    const spares = this.many && up.some((lane) => lane !== this.small && !lane.silent);
    for (let i = 0; i < up.length; i++) {
      const lane = up[(this.#turn + i) % up.length];
      if (lane === undefined || (spares && lane === this.small) || !takes(lane)) continue;
      this.#turn = (this.#turn + i + 1) % up.length;
      return lane;
    }
    return undefined;
  }

  #open(count: number): void {
    let left = count;
    for (const id of this.#ownIds) {
      if (left === 0) return;
      if (this.#pending.has(id) || this.#all.get(id)?.up === true) continue;
      this.#pending.add(id);
      this.#emit({ kind: 'lane-wanted', lane: id });
      left--;
    }
  }

  /** Only our own: the other end knows best whether it needs those it asked for. */
  #close(count: number): void {
    const open = this.#ownIds.filter((id) => this.#pending.has(id) || this.#all.get(id)?.up === true);
    for (const id of open.slice(-count)) {
      this.#pending.delete(id);
      this.#all.get(id)?.abandon();
      this.#emit({ kind: 'lane-unwanted', lane: id });
    }
    this.#order();
  }

  #order(): void {
    this.#up = [...this.#all.values()].filter(({ up }) => up).sort((a, b) => a.id - b.id);
    if (this.#up.length < 2) this.small = this.home;
    else if (!this.small.up) this.small = this.#up.at(-1) ?? this.home;
  }

  /**
   * A lane that carries bulk alone answers to the path. What waits in one of many waits for SCTP's own window, and nobody
   * else: it may be more, so that SCTP is never idle; the path is the business of their sum.
   */
  #pathOf(): WindowPath {
    const { path } = this;
    const { laneDelayMs } = this.#options;
    const alone = (): boolean => this.#up.length <= 2;
    return {
      get baseMs() {
        return path.baseMs;
      },
      get targetMs() {
        return alone() ? path.targetMs : Math.max(laneDelayMs, path.baseMs / 2);
      },
      raise: (rttMs) => {
        if (alone()) path.raise(rttMs);
      },
    };
  }

  #make(id: number): Lane {
    const lane = new Lane(id, this.#options, this.#pathOf(), this.#fates);
    this.#all.set(id, lane);
    return lane;
  }
}
