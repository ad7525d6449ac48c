// A simulated path at packet level, one direction: delay, jitter, loss, reordering, duplication, rate, queue and
// blackouts, all drawn from one seed. What the packets carry is others' business (carrier.ts, sctp.ts, a UDP relay); any
// number of them may share a path, and with it its bottleneck.
import type { Random } from './random.ts';

/** What a path needs of time: a virtual clock's, or a real one's in a relay. */
export interface Clock {
  /** ms; never moves back. */
  readonly now: number;
  /** Runs `action` at `atMs` or soon after, never from inside this call. */
  at(atMs: number, action: () => void): unknown;
}

/** Takes packets towards the other end: a path, or several in a row. */
export interface Hop {
  /** `bytes`: its size on the wire, IP header included. `deliver` runs when it is there: never, once, or twice. */
  send(bytes: number, deliver: () => void): void;
  /** The least a packet takes, ms. */
  readonly delayMs: number;
  /** Whether nothing passes at this moment. */
  readonly dark: boolean;
}

/**
 * Loss that comes in bursts (Gilbert 1960, Elliott 1963): a chain with a good and a bad state, moved before every
 * packet. `enterRatio`: good to bad; `leaveRatio`: bad to good, so a burst lasts 1 / leaveRatio packets on average;
 * `lossRatio`: packets lost while bad.
 */
export interface BurstLoss {
  readonly enterRatio: number;
  readonly leaveRatio: number;
  readonly lossRatio: number;
}

/** Nothing passes from `fromMs` up to, but not at, `toMs`, on the path's clock. */
export interface Blackout {
  readonly fromMs: number;
  readonly toMs: number;
}

/** One direction of a path. Ratios are 0 to 1, times 0 or more and finite. */
export interface PathOptions {
  readonly delayMs: number;
  /** Adds 0 to `jitterMs` to each packet's delay, evenly spread. Alone it never reorders: packets wait for slower ones. */
  readonly jitterMs: number;
  /** Packets lost at random, each on its own, before they reach the queue. */
  readonly lossRatio: number;
  readonly burstLoss: BurstLoss | undefined;
  /** Packets held back by up to `reorderMs` while later ones pass. */
  readonly reorderRatio: number;
  readonly reorderMs: number;
  /** Packets that arrive a second time, up to `reorderMs` + 1 ms after the first. */
  readonly duplicateRatio: number;
  /** Above 0; Infinity for a path without a bottleneck. */
  readonly rateMbit: number;
  /** What the bottleneck's queue holds; a packet that does not fit is dropped. 1 or more. */
  readonly queueBytes: number;
  /** If given, the queue's limit instead of `queueBytes`: a packet that would wait longer than this is dropped. */
  readonly queueMs: number | undefined;
  readonly blackouts: readonly Blackout[];
}

/** A path that does nothing but take 10 ms. */
export const CLEAN_PATH: PathOptions = {
  delayMs: 10,
  jitterMs: 0,
  lossRatio: 0,
  burstLoss: undefined,
  reorderRatio: 0,
  reorderMs: 0,
  duplicateRatio: 0,
  rateMbit: Infinity,
  queueBytes: 262_144,
  queueMs: undefined,
  blackouts: [],
};

/** What became of the packets given to a path so far. */
export interface PathCounters {
  sent: number;
  sentBytes: number;
  delivered: number;
  deliveredBytes: number;
  lost: number;
  overflowed: number;
  blackedOut: number;
  duplicated: number;
  reordered: number;
}

/** One direction. Deterministic: what happens to the nth packet follows from the seed, the options and the moment. */
export class Path implements Hop {
  readonly counters: PathCounters = {
    sent: 0,
    sentBytes: 0,
    delivered: 0,
    deliveredBytes: 0,
    lost: 0,
    overflowed: 0,
    blackedOut: 0,
    duplicated: 0,
    reordered: 0,
  };
  readonly #clock: Clock;
  readonly #random: Random;
  #options: PathOptions;
  #burst = false;
  /** When the bottleneck will have sent all that it holds. */
  #freeAtMs = 0;
  /** The latest arrival among packets that keep their order. */
  #orderedMs = 0;
  /** Raised when the path is cut: what is under way then never arrives. */
  #generation = 0;
  /** Packets that keep their order, in a ring: one wake-up of the clock serves them all, one after the other. */
  #ring: (Flight | undefined)[] = new Array<Flight | undefined>(64).fill(undefined);
  #head = 0;
  #count = 0;
  #armed = false;

  /** Throws RangeError on an option outside its range. */
  constructor(clock: Clock, random: Random, options: Partial<PathOptions> = {}) {
    this.#clock = clock;
    this.#random = random;
    this.#options = pathOptions(options);
  }

  get options(): PathOptions {
    return this.#options;
  }

  get delayMs(): number {
    return this.#options.delayMs;
  }

  get dark(): boolean {
    return this.#isDark(this.#clock.now);
  }

  /** How long a packet sent now would wait at the bottleneck, ms. */
  get backlogMs(): number {
    return Math.max(0, this.#freeAtMs - this.#clock.now);
  }

  /** Bytes that wait at the bottleneck now. */
  get queuedBytes(): number {
    return this.#options.rateMbit === Infinity ? 0 : this.backlogMs * bytesPerMs(this.#options.rateMbit);
  }

  /** Changes the path from now on; what is under way arrives as it would have. */
  change(options: Partial<PathOptions>): void {
    this.#options = pathOptions({ ...this.#options, ...options });
  }

  /** Nothing passes for `ms` from now on, in this direction. */
  darken(ms: number): void {
    const { now } = this.#clock;
    const ahead = this.#options.blackouts.filter(({ toMs }) => toMs > now);
    this.change({ blackouts: [...ahead, { fromMs: now, toMs: now + ms }] });
  }

  /** Loses everything under way. */
  cut(): void {
    this.#generation++;
    this.#ring.fill(undefined);
    this.#head = 0;
    this.#count = 0;
  }

  send(bytes: number, deliver: () => void): void {
    const { counters } = this;
    const { delayMs, jitterMs, lossRatio, reorderRatio, reorderMs, duplicateRatio } = this.#options;
    counters.sent++;
    counters.sentBytes += bytes;
    // Loss comes before the queue: what is lost takes no room in it.
    const lost = this.#random.chance(lossRatio);
    if (this.#lostInBurst() || lost) {
      counters.lost++;
      return;
    }
    const departureMs = this.#enqueue(bytes);
    if (departureMs === undefined) {
      counters.overflowed++;
      return;
    }
    if (this.#isDark(departureMs)) {
      counters.blackedOut++;
      return;
    }
    let arrivalMs = departureMs + delayMs + (jitterMs > 0 ? this.#random.between(0, jitterMs) : 0);
    if (this.#random.chance(reorderRatio)) {
      counters.reordered++;
      arrivalMs += this.#random.between(0, reorderMs);
      this.#arriveAlone(arrivalMs, bytes, deliver);
    } else {
      this.#orderedMs = Math.max(this.#orderedMs, arrivalMs);
      arrivalMs = this.#orderedMs;
      this.#push({ dueMs: arrivalMs, bytes, deliver });
    }
    if (this.#random.chance(duplicateRatio)) {
      counters.duplicated++;
      this.#arriveAlone(arrivalMs + this.#random.between(0, reorderMs + 1), bytes, deliver);
    }
  }

  #arriveAlone(atMs: number, bytes: number, deliver: () => void): void {
    const generation = this.#generation;
    this.#clock.at(atMs, () => {
      if (generation === this.#generation) this.#arrive(bytes, deliver);
    });
  }

  #arrive(bytes: number, deliver: () => void): void {
    this.counters.delivered++;
    this.counters.deliveredBytes += bytes;
    deliver();
  }

  #push(flight: Flight): void {
    if (this.#count === this.#ring.length) {
      const ring = this.#ring;
      const turned = [...ring.slice(this.#head), ...ring.slice(0, this.#head)];
      this.#ring = [...turned, ...new Array<undefined>(ring.length).fill(undefined)];
      this.#head = 0;
    }
    this.#ring[(this.#head + this.#count++) & (this.#ring.length - 1)] = flight;
    if (!this.#armed) this.#arm(flight.dueMs);
  }

  #arm(dueMs: number): void {
    this.#armed = true;
    this.#clock.at(dueMs, this.#wake);
  }

  // Bound once, so that arming costs no closure.
  readonly #wake = (): void => {
    for (;;) {
      const flight = this.#ring[this.#head];
      if (flight === undefined) {
        this.#armed = false;
        return;
      }
      if (flight.dueMs > this.#clock.now) return this.#arm(flight.dueMs);
      this.#ring[this.#head] = undefined;
      this.#head = (this.#head + 1) & (this.#ring.length - 1);
      this.#count--;
      this.#arrive(flight.bytes, flight.deliver);
    }
  };

  /** When the bottleneck will have put the packet on the wire; undefined if its queue is full. */
  #enqueue(bytes: number): number | undefined {
    const { rateMbit, queueBytes, queueMs } = this.#options;
    const { now } = this.#clock;
    if (rateMbit === Infinity) return now;
    const backlogMs = Math.max(0, this.#freeAtMs - now);
    const perMs = bytesPerMs(rateMbit);
    // A packet that finds the queue empty goes straight to the wire, however small the queue.
    if (backlogMs > 0) {
      if (queueMs === undefined ? backlogMs * perMs + bytes > queueBytes : backlogMs > queueMs) return undefined;
    }
    this.#freeAtMs = now + backlogMs + bytes / perMs;
    return this.#freeAtMs;
  }

  #isDark(atMs: number): boolean {
    for (const { fromMs, toMs } of this.#options.blackouts) if (atMs >= fromMs && atMs < toMs) return true;
    return false;
  }

  #lostInBurst(): boolean {
    const burst = this.#options.burstLoss;
    if (burst === undefined) return false;
    if (this.#random.chance(this.#burst ? burst.leaveRatio : burst.enterRatio)) this.#burst = !this.#burst;
    return this.#burst && this.#random.chance(burst.lossRatio);
  }
}

/** A packet under way. */
interface Flight {
  readonly dueMs: number;
  readonly bytes: number;
  readonly deliver: () => void;
}

/** Several hops in a row, such as a member's own line and then a bottleneck shared with others. */
export class Route implements Hop {
  readonly #first: Hop;
  readonly #then: Hop;

  constructor(first: Hop, then: Hop) {
    this.#first = first;
    this.#then = then;
  }

  get delayMs(): number {
    return this.#first.delayMs + this.#then.delayMs;
  }

  get dark(): boolean {
    return this.#first.dark || this.#then.dark;
  }

  send(bytes: number, deliver: () => void): void {
    this.#first.send(bytes, () => this.#then.send(bytes, deliver));
  }
}

/** Both directions between ends `a` and `b`, each with options and randomness of its own. */
export class Duplex {
  readonly toA: Path;
  readonly toB: Path;

  constructor(
    clock: Clock,
    random: Random,
    options: { readonly toA: Partial<PathOptions>; readonly toB: Partial<PathOptions> },
  ) {
    this.toA = new Path(clock, random.fork(), options.toA);
    this.toB = new Path(clock, random.fork(), options.toB);
  }

  change(options: Partial<PathOptions>): void {
    this.toA.change(options);
    this.toB.change(options);
  }

  cut(): void {
    this.toA.cut();
    this.toB.cut();
  }
}

/** Fills `options` up from CLEAN_PATH. Throws RangeError naming the option, what was expected and what it got. */
export function pathOptions(options: Partial<PathOptions>): PathOptions {
  const full: PathOptions = { ...CLEAN_PATH, ...options };
  for (const name of ['lossRatio', 'reorderRatio', 'duplicateRatio'] as const) checkRatio(name, full[name]);
  for (const name of ['delayMs', 'jitterMs', 'reorderMs'] as const) checkMs(name, full[name]);
  if (full.queueMs !== undefined) checkMs('queueMs', full.queueMs);
  check('rateMbit', full.rateMbit, 'a number above 0', full.rateMbit > 0);
  check(
    'queueBytes',
    full.queueBytes,
    'an integer of 1 or more',
    Number.isInteger(full.queueBytes) && full.queueBytes >= 1,
  );
  if (full.burstLoss !== undefined) {
    checkRatio('burstLoss.enterRatio', full.burstLoss.enterRatio);
    checkRatio('burstLoss.leaveRatio', full.burstLoss.leaveRatio);
    checkRatio('burstLoss.lossRatio', full.burstLoss.lossRatio);
  }
  for (const { fromMs, toMs } of full.blackouts) {
    check('blackouts', `${fromMs} to ${toMs}`, 'fromMs before toMs', fromMs < toMs);
  }
  return full;
}

function checkRatio(name: string, value: number): void {
  check(name, value, 'a number from 0 to 1', value >= 0 && value <= 1);
}

function checkMs(name: string, value: number): void {
  check(name, value, 'a finite number of 0 or more', value >= 0 && Number.isFinite(value));
}

function check(name: string, got: number | string, expected: string, holds: boolean): void {
  if (!holds) throw new RangeError(`${name}: expected ${expected}, got ${got}`);
}

function bytesPerMs(rateMbit: number): number {
  return (rateMbit * 1_000_000) / 8 / 1000;
}
