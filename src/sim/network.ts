// A simulated path between two ends: delay, jitter, loss, reordering, duplication, rate, queue and blackouts, all
// drawn from one seed. It carries whole messages as WebRTC's unreliable channel does: cut into packets, all or none.
import type { VirtualClock } from './clock.ts';
import type { Random } from './random.ts';

/** The most bytes of a message that fit one SCTP packet in libdatachannel and Chromium. */
export const PACKET_PAYLOAD_BYTES = 1156;
/** IPv4 20 + UDP 8 + DTLS 1.2 with AES-GCM 37 + SCTP header 12 + DATA chunk header 16. */
export const PACKET_OVERHEAD_BYTES = 93;

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

/** Nothing passes from `fromMs` up to, but not at, `toMs`, in virtual time. */
export interface Blackout {
  readonly fromMs: number;
  readonly toMs: number;
}

/** One direction of a path. Ratios are 0 to 1, times 0 or more and finite. */
export interface PathOptions {
  readonly delayMs: number;
  /** Adds 0 to `jitterMs` to each packet's delay, evenly spread. Alone it never reorders: packets wait for slower ones. */
  readonly jitterMs: number;
  /** Packets lost at random, each on its own. */
  readonly lossRatio: number;
  readonly burstLoss: BurstLoss | undefined;
  /** Packets held back by up to `reorderMs` while later ones pass. */
  readonly reorderRatio: number;
  readonly reorderMs: number;
  /** Messages that arrive a second time, up to `reorderMs` + 1 ms after the first. */
  readonly duplicateRatio: number;
  /** Above 0; Infinity for a path without a bottleneck. */
  readonly rateMbit: number;
  /** What the bottleneck's queue holds, headers included; a packet that does not fit is dropped. 1 or more. */
  readonly queueBytes: number;
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
  blackouts: [],
};

/** What became of the messages given to a path so far. */
export interface PathCounters {
  sent: number;
  delivered: number;
  lost: number;
  overflowed: number;
  blackedOut: number;
  duplicated: number;
  reordered: number;
}

/** One direction. Deterministic: what happens to the nth message follows from the seed, the options and the moment. */
export class Path {
  readonly counters: PathCounters = {
    sent: 0,
    delivered: 0,
    lost: 0,
    overflowed: 0,
    blackedOut: 0,
    duplicated: 0,
    reordered: 0,
  };
  readonly #clock: VirtualClock;
  readonly #random: Random;
  readonly #deliver: (message: Uint8Array) => void;
  #options: PathOptions;
  #burst = false;
  /** When the bottleneck will have sent all that it holds. */
  #freeAtMs = 0;
  /** The latest arrival among packets that keep their order. */
  #orderedMs = 0;
  /** Raised when the path is cut: what is under way then never arrives. */
  #generation = 0;

  /** Throws RangeError on an option outside its range. */
  constructor(
    clock: VirtualClock,
    random: Random,
    options: Partial<PathOptions>,
    deliver: (message: Uint8Array) => void,
  ) {
    this.#clock = clock;
    this.#random = random;
    this.#options = pathOptions(options);
    this.#deliver = deliver;
  }

  get options(): PathOptions {
    return this.#options;
  }

  /** Bytes, headers included, that wait at the bottleneck now. */
  get queuedBytes(): number {
    if (this.#options.rateMbit === Infinity) return 0;
    return Math.max(0, this.#freeAtMs - this.#clock.now) * bytesPerMs(this.#options.rateMbit);
  }

  /** Changes the path from now on; what is under way arrives as it would have. */
  change(options: Partial<PathOptions>): void {
    this.#options = pathOptions({ ...this.#options, ...options });
  }

  /** Loses everything under way, as when the connection below is replaced. */
  cut(): void {
    this.#generation++;
  }

  /** Takes one message; its bytes are copied and may be reused by the caller. */
  send(message: Uint8Array): void {
    this.counters.sent++;
    const arrivalMs = this.#carry(message.byteLength);
    if (arrivalMs === undefined) return;
    const copy = message.slice();
    this.#arrive(arrivalMs, copy);
    if (this.#random.chance(this.#options.duplicateRatio)) {
      this.counters.duplicated++;
      this.#arrive(arrivalMs + this.#random.between(0, this.#options.reorderMs + 1), copy.slice());
    }
  }

  #arrive(atMs: number, message: Uint8Array): void {
    const generation = this.#generation;
    this.#clock.at(atMs, () => {
      if (generation !== this.#generation) return;
      this.counters.delivered++;
      this.#deliver(message);
    });
  }

  /** When the last packet of a message is there; undefined if any of them is lost. */
  #carry(bytes: number): number | undefined {
    const packets = Math.max(1, Math.ceil(bytes / PACKET_PAYLOAD_BYTES));
    let lastMs = 0;
    let whole = true;
    for (let packet = 0; packet < packets; packet++) {
      const payload = Math.min(PACKET_PAYLOAD_BYTES, bytes - packet * PACKET_PAYLOAD_BYTES);
      // The other packets of a message that is lost already still take their place in the queue.
      const arrivalMs = this.#carryPacket(payload + PACKET_OVERHEAD_BYTES, whole);
      if (arrivalMs === undefined) whole = false;
      else lastMs = Math.max(lastMs, arrivalMs);
    }
    return whole ? lastMs : undefined;
  }

  #carryPacket(bytes: number, count: boolean): number | undefined {
    const { delayMs, jitterMs, lossRatio, reorderRatio, reorderMs, blackouts } = this.#options;
    const departureMs = this.#enqueue(bytes);
    if (departureMs === undefined) {
      if (count) this.counters.overflowed++;
      return undefined;
    }
    if (blackouts.some(({ fromMs, toMs }) => departureMs >= fromMs && departureMs < toMs)) {
      if (count) this.counters.blackedOut++;
      return undefined;
    }
    const lost = this.#random.chance(lossRatio);
    if (this.#lostInBurst() || lost) {
      if (count) this.counters.lost++;
      return undefined;
    }
    const arrivalMs = departureMs + delayMs + (jitterMs > 0 ? this.#random.between(0, jitterMs) : 0);
    if (this.#random.chance(reorderRatio)) {
      this.counters.reordered++;
      return arrivalMs + this.#random.between(0, reorderMs);
    }
    this.#orderedMs = Math.max(this.#orderedMs, arrivalMs);
    return this.#orderedMs;
  }

  /** When the bottleneck will have put the packet on the wire; undefined if its queue is full. */
  #enqueue(bytes: number): number | undefined {
    const { rateMbit, queueBytes } = this.#options;
    if (rateMbit === Infinity) return this.#clock.now;
    const queuedBytes = this.queuedBytes;
    // A packet that finds the queue empty goes straight to the wire, however small the queue.
    if (queuedBytes > 0 && queuedBytes + bytes > queueBytes) return undefined;
    this.#freeAtMs = Math.max(this.#freeAtMs, this.#clock.now) + bytes / bytesPerMs(rateMbit);
    return this.#freeAtMs;
  }

  #lostInBurst(): boolean {
    const burst = this.#options.burstLoss;
    if (burst === undefined) return false;
    if (this.#random.chance(this.#burst ? burst.leaveRatio : burst.enterRatio)) this.#burst = !this.#burst;
    return this.#burst && this.#random.chance(burst.lossRatio);
  }
}

/** Both directions between ends `a` and `b`, each with options and randomness of its own. */
export class Duplex {
  readonly toA: Path;
  readonly toB: Path;

  constructor(
    clock: VirtualClock,
    random: Random,
    options: { readonly toA: Partial<PathOptions>; readonly toB: Partial<PathOptions> },
    deliver: { readonly toA: (message: Uint8Array) => void; readonly toB: (message: Uint8Array) => void },
  ) {
    this.toA = new Path(clock, random.fork(), options.toA, deliver.toA);
    this.toB = new Path(clock, random.fork(), options.toB, deliver.toB);
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
  for (const name of ['delayMs', 'jitterMs', 'reorderMs'] as const) {
    check(name, full[name], 'a finite number of 0 or more', full[name] >= 0 && Number.isFinite(full[name]));
  }
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

function check(name: string, got: number | string, expected: string, holds: boolean): void {
  if (!holds) throw new RangeError(`${name}: expected ${expected}, got ${got}`);
}

function bytesPerMs(rateMbit: number): number {
  return (rateMbit * 1_000_000) / 8 / 1000;
}
