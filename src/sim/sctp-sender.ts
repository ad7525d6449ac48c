// The sending end of one SCTP direction: the send queue, the congestion window, misses and timeouts (RFC 9260 6 and 7),
// and what is given up (RFC 3758). Follows dcSCTP where the RFC leaves a choice, mistakes included, for those are what
// an application meets; usrsctp differs by profile.
import { Alarm, type VirtualClock } from './clock.ts';
import {
  ABANDONED,
  ACKED,
  DUE_AGAIN,
  MISSED,
  PART_BYTES_MIN,
  PART_HEADER_BYTES,
  SENT,
  partWeight,
  type Message,
  type Parts,
} from './sctp-parts.ts';
import type { Sack } from './sctp-receiver.ts';
import type { SctpProfile } from './sctp.ts';

/** Miss reports that make a part count as lost (RFC 9260 7.2.4). */
const MISSES_MAX = 3;
/** What one sample weighs in `srtt` and `rttvar` (RFC 9260 6.3.1). */
const ALPHA = 1 / 8;
const BETA = 1 / 4;
/** Empty places at the front of the send queue before it is moved up. */
const QUEUE_WASTE_MAX = 4096;
/** Below a window of so many packets, dcSCTP cuts messages into whatever still fits. */
const SPLIT_ANYHOW_PACKETS = 6;
/** Above, it wants room for this much of a packet. */
const SPLIT_ROOM = 0.9;

/** What a sender does to the world. */
export interface SenderOutputs {
  /** Puts `count` parts from `first` on into one packet of so many bytes of chunks. */
  readonly packet: (first: number, count: number, chunkBytes: number) => void;
  /** Tells the receiver to skip up to `point`. */
  readonly skip: (point: number) => void;
  readonly abandoned: (message: Message) => void;
}

export interface SenderCounters {
  /** Parts. */
  sent: number;
  resent: number;
  abandoned: number;
  /** Times that the window was halved. */
  recoveries: number;
  timeouts: number;
}

export class Sender {
  readonly counters: SenderCounters = { sent: 0, resent: 0, abandoned: 0, recoveries: 0, timeouts: 0 };
  readonly #clock: VirtualClock;
  readonly #parts: Parts;
  readonly #profile: SctpProfile;
  readonly #reliable: boolean;
  readonly #outputs: SenderOutputs;
  readonly #timeout: Alarm;

  #queue: (Message | undefined)[] = [];
  #queueHead = 0;
  #queuedBytes = 0;
  #nextOrder = 0;

  #window: number;
  #threshold: number;
  #partialBytes = 0;
  #outstanding = 0;
  #peerWindow: number;
  /** In fast recovery until everything up to here is accounted for; 0 outside. */
  #recoveryEnd = 0;
  #highestAcked = 0;
  /** Parts below one that arrived, which have not, in order. */
  #missing: number[] = [];
  #dueAgain: number[] = [];
  /** What the receiver may be told to skip up to, and was. */
  #skipTo = 0;
  #skipSaidTo = 0;
  #skipAgainMs = 0;

  #srttMs: number | undefined;
  #rttVarMs = 0;
  #rtoMs: number;
  #backoff = 1;

  constructor(clock: VirtualClock, parts: Parts, profile: SctpProfile, reliable: boolean, outputs: SenderOutputs) {
    this.#clock = clock;
    this.#parts = parts;
    this.#profile = profile;
    this.#reliable = reliable;
    this.#outputs = outputs;
    this.#window = profile.windowPacketsInitial * profile.mtuBytes;
    this.#threshold = profile.receiveWindowBytes;
    this.#peerWindow = profile.receiveWindowBytes;
    this.#rtoMs = profile.rtoInitialMs;
    this.#timeout = new Alarm(clock, () => this.#onTimeout());
  }

  /** Bytes that wait for the window. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  get windowBytes(): number {
    return this.#window;
  }

  get outstandingBytes(): number {
    return this.#outstanding;
  }

  /** Takes a message over; false if the queue is full. */
  send(bytes: Uint8Array): boolean {
    const { length } = bytes;
    if (this.#queuedBytes + length > this.#profile.sendBufferBytes) return false;
    this.#queue.push({ bytes, order: this.#nextOrder++, sentBytes: 0, missingBytes: length, abandoned: false });
    this.#queuedBytes += length;
    this.#pump();
    return true;
  }

  /** Drops what waits, and says nothing more. */
  close(): void {
    this.#timeout.clear();
    this.#queue = [];
    this.#queueHead = 0;
    this.#queuedBytes = 0;
    this.#dueAgain = [];
  }

  onSack({ cumulative, blocks, windowBytes }: Sack): void {
    const parts = this.#parts;
    // An older one, overtaken: all it says is known.
    if (cumulative < parts.released) return;
    const outstandingBefore = this.#outstanding;
    const advanced = cumulative > parts.released;
    if (advanced && blocks.length === 0) this.#sampleRtt(cumulative);
    if (this.#recoveryEnd > 0 && cumulative >= this.#recoveryEnd) this.#recoveryEnd = 0;
    let bytes = 0;
    while (parts.released < cumulative) bytes += this.#release();
    this.#highestAcked = Math.max(this.#highestAcked, cumulative);
    let highestNew = 0;
    for (let i = 0; i < blocks.length; i += 2) {
      const first = blocks[i] ?? 0;
      const last = blocks[i + 1] ?? 0;
      const acked = this.#ackRun(first, last);
      bytes += acked;
      if (acked > 0) highestNew = last;
    }
    this.#peerWindow = windowBytes;
    const everyMiss = this.#recoveryEnd > 0 && advanced && this.#profile.missesAllInRecovery;
    const losses = this.#reportMissing(everyMiss ? this.#highestAcked : highestNew);
    if (advanced) this.#widen(outstandingBefore, bytes);
    if (losses && this.#recoveryEnd === 0) this.#recover();
    if (advanced) {
      this.#backoff = 1;
      this.#armTimeout();
    }
    this.#pump();
  }

  // --- what to send ---

  #pump(): void {
    this.#skip();
    for (let burst = 0; burst < this.#profile.burstPackets; burst++) {
      const again = this.#firstDueAgain();
      if (again === undefined) {
        if (!this.#packetOfNew()) return;
        continue;
      }
      if (this.#room() < this.#parts.weightOf(again)) return;
      this.#dueAgain.shift();
      this.#sendAgain(again);
    }
  }

  /** Bytes of parts that one more packet may have. With nothing outstanding the peer's window does not count. */
  #room(): number {
    const { splitsToFit, payloadBytes, mtuBytes } = this.#profile;
    const packet = payloadBytes + PART_HEADER_BYTES;
    const peer = this.#outstanding === 0 ? Infinity : this.#peerWindow - this.#outstanding;
    if (!splitsToFit) return this.#outstanding < this.#window && peer >= packet ? packet : 0;
    const room = Math.min(Math.max(0, this.#window - this.#outstanding), peer);
    const enough = this.#window < SPLIT_ANYHOW_PACKETS * mtuBytes || room >= SPLIT_ROOM * mtuBytes;
    return enough ? Math.min(room & ~3, packet) : 0;
  }

  /** Puts as many parts of waiting messages into a packet as fit. False if none. */
  #packetOfNew(): boolean {
    if (this.#queueHead >= this.#queue.length) return false;
    const { payloadBytes, splitsToFit } = this.#profile;
    const parts = this.#parts;
    const first = parts.next;
    let room = this.#room();
    let chunkBytes = 0;
    for (;;) {
      const message = this.#queue[this.#queueHead];
      const space = room - PART_HEADER_BYTES;
      if (message === undefined || space <= 0) break;
      const left = message.bytes.length - message.sentBytes;
      const payload = Math.min(left, splitsToFit ? space : payloadBytes);
      if (payload > space || (payload < left && payload < PART_BYTES_MIN)) break;
      const number = parts.add(message, payload);
      this.#queuedBytes -= payload;
      if (payload === left) this.#queueNext();
      this.#markSent(number);
      room -= partWeight(payload);
      chunkBytes += partWeight(payload);
    }
    const count = parts.next - first;
    if (count === 0) return false;
    this.counters.sent += count;
    this.#outputs.packet(first, count, chunkBytes);
    return true;
  }

  #sendAgain(number: number): void {
    const slot = this.#parts.slot(number);
    this.#parts.resentBefore[slot] = this.#parts.next;
    this.#parts.misses[slot] = 0;
    this.counters.resent++;
    this.#markSent(number);
    this.#outputs.packet(number, 1, this.#parts.weightOf(number));
  }

  #markSent(number: number): void {
    const slot = this.#parts.slot(number);
    this.#parts.state[slot] = SENT;
    this.#parts.sentMs[slot] = this.#clock.now;
    this.#outstanding += this.#parts.weightOf(number);
    if (!this.#timeout.isSet) this.#armTimeout();
  }

  #queueNext(): void {
    this.#queue[this.#queueHead++] = undefined;
    if (this.#queueHead < this.#queue.length && this.#queueHead < QUEUE_WASTE_MAX) return;
    this.#queue.splice(0, this.#queueHead);
    this.#queueHead = 0;
  }

  #firstDueAgain(): number | undefined {
    for (let number = this.#dueAgain[0]; number !== undefined; number = this.#dueAgain[0]) {
      if (number > this.#parts.released && this.#parts.stateOf(number) === DUE_AGAIN) return number;
      this.#dueAgain.shift();
    }
    return undefined;
  }

  /** Says which parts never come (RFC 3758 3.5), if they are next in line. */
  #skip(): void {
    if (this.#reliable) return;
    const { released, next } = this.#parts;
    let point = Math.max(this.#skipTo, released);
    while (point + 1 < next && this.#parts.stateOf(point + 1) === ABANDONED) point++;
    this.#skipTo = point;
    if (point <= released) return;
    const { now } = this.#clock;
    const { forwardTsnMs } = this.#profile;
    if (now < this.#skipAgainMs && (forwardTsnMs > 0 || point <= this.#skipSaidTo)) return;
    this.#skipSaidTo = point;
    const srttMs = this.#srttMs ?? this.#rtoMs;
    this.#skipAgainMs = now + (forwardTsnMs > 0 ? Math.min(forwardTsnMs, srttMs) : srttMs);
    if (!this.#timeout.isSet) this.#armTimeout();
    this.#outputs.skip(point);
  }

  // --- what was heard ---

  /** Ends the next part in line; bytes that are acknowledged by this for the first time. */
  #release(): number {
    const parts = this.#parts;
    const number = parts.released + 1;
    const state = parts.stateOf(number);
    const weight = parts.weightOf(number);
    if (state === SENT) this.#outstanding -= weight;
    parts.release();
    return state === ACKED ? 0 : weight;
  }

  /** Notes that parts `first` to `last` arrived; bytes of those that were not known to have. */
  #ackRun(first: number, last: number): number {
    const parts = this.#parts;
    const from = Math.max(this.#highestAcked, parts.released) + 1;
    for (let between = from; between < first; between++) {
      const state = parts.stateOf(between);
      if (state === SENT || state === MISSED || state === DUE_AGAIN) this.#missing.push(between);
    }
    this.#highestAcked = Math.max(this.#highestAcked, last);
    let bytes = 0;
    for (let number = Math.max(first, parts.released + 1); number <= last; number++) {
      const slot = parts.slot(number);
      const state = parts.state[slot];
      if (state === ACKED) {
        // Runs that were walked before are jumped over: every acknowledgement repeats them.
        number = Math.max(number, parts.runEnd[slot] ?? 0);
        continue;
      }
      const weight = parts.weightOf(number);
      if (state === SENT) this.#outstanding -= weight;
      parts.state[slot] = ACKED;
      bytes += weight;
    }
    if (first > parts.released) parts.runEnd[parts.slot(first)] = last;
    return bytes;
  }

  /** Notes a miss of every missing part below `limit`; those with three are lost. True if any was. */
  #reportMissing(limit: number): boolean {
    const parts = this.#parts;
    const { patientAfterResend } = this.#profile;
    let losses = false;
    let kept = 0;
    for (const number of this.#missing) {
      if (number <= parts.released) continue;
      const state = parts.stateOf(number);
      if (state === ACKED || state === ABANDONED) continue;
      const waitsFor = patientAfterResend ? (parts.resentBefore[parts.slot(number)] ?? 0) : 0;
      if (state !== DUE_AGAIN && number < limit && waitsFor <= limit) losses = this.#miss(number) || losses;
      if (parts.stateOf(number) !== ABANDONED) this.#missing[kept++] = number;
    }
    this.#missing.length = kept;
    return losses;
  }

  #miss(number: number): boolean {
    const parts = this.#parts;
    const slot = parts.slot(number);
    if (parts.state[slot] === SENT) this.#outstanding -= parts.weightOf(number);
    parts.state[slot] = MISSED;
    const misses = (parts.misses[slot] ?? 0) + 1;
    parts.misses[slot] = misses;
    if (misses < MISSES_MAX) return false;
    this.#lose(number);
    return true;
  }

  #lose(number: number): void {
    if (!this.#reliable) return this.#abandon(number);
    this.#parts.state[this.#parts.slot(number)] = DUE_AGAIN;
    this.#dueAgain.push(number);
  }

  /** Gives up a part, and with it all of its message, sent or not. */
  #abandon(number: number): void {
    const parts = this.#parts;
    const message = parts.messageOf(number);
    if (message === undefined || message.abandoned) return this.#abandonPart(number);
    message.abandoned = true;
    this.#outputs.abandoned(message);
    const isSame = (other: number): boolean =>
      other > parts.released && other < parts.next && parts.messageOf(other) === message;
    let first = number;
    while (isSame(first - 1)) first--;
    for (let part = first; isSame(part); part++) this.#abandonPart(part);
    if (message.sentBytes === message.bytes.length) return;
    this.#queuedBytes -= message.bytes.length - message.sentBytes;
    this.#queueNext();
  }

  #abandonPart(number: number): void {
    const slot = this.#parts.slot(number);
    const state = this.#parts.state[slot];
    if (state === ACKED || state === ABANDONED) return;
    if (state === SENT) this.#outstanding -= this.#parts.weightOf(number);
    this.#parts.state[slot] = ABANDONED;
    this.counters.abandoned++;
  }

  // --- the window ---

  /** RFC 9260 7.2.1 and 7.2.2: the window grows only when it was all used. */
  #widen(outstandingBefore: number, bytes: number): void {
    const { mtuBytes, slowStartPackets, growsInRecovery } = this.#profile;
    const used = outstandingBefore + mtuBytes >= this.#window;
    const recovering = this.#recoveryEnd > 0;
    if (this.#window <= this.#threshold) {
      if (used && !recovering) this.#window += Math.min(bytes, slowStartPackets * mtuBytes);
      return;
    }
    if (recovering && !growsInRecovery) return;
    this.#partialBytes += bytes;
    if (this.#partialBytes < this.#window || !used) return;
    this.#partialBytes -= this.#window;
    this.#window += mtuBytes;
  }

  #recover(): void {
    this.counters.recoveries++;
    this.#halve();
    this.#window = this.#threshold;
    this.#recoveryEnd = this.#parts.next - 1;
    // The first one is sent again at once, whatever the window says.
    const again = this.#firstDueAgain();
    if (again === undefined) return;
    this.#dueAgain.shift();
    this.#sendAgain(again);
  }

  #halve(): void {
    const { mtuBytes, windowPacketsMin } = this.#profile;
    this.#threshold = Math.max(Math.floor(this.#window / 2), windowPacketsMin * mtuBytes);
    this.#partialBytes = 0;
  }

  /** Everything on the way counts as lost. A recovery under way goes on, and keeps the window from growing again. */
  #onTimeout(): void {
    const parts = this.#parts;
    this.counters.timeouts++;
    this.#halve();
    this.#window = this.#profile.mtuBytes;
    this.#backoff *= 2;
    for (let number = parts.released + 1; number < parts.next; number++) {
      const slot = parts.slot(number);
      const state = parts.state[slot];
      if (state !== SENT && state !== MISSED) continue;
      if (state === SENT) this.#outstanding -= parts.weightOf(number);
      parts.state[slot] = MISSED;
      this.#lose(number);
    }
    this.#dueAgain.sort((a, b) => a - b);
    this.#skipAgainMs = 0;
    this.#armTimeout();
    this.#pump();
  }

  #armTimeout(): void {
    if (this.#parts.released + 1 >= this.#parts.next) return this.#timeout.clear();
    this.#timeout.set(this.#clock.now + Math.min(this.#rtoMs * this.#backoff, this.#profile.rtoMaxMs));
  }

  /** RFC 9260 6.3.1; never from a part that was sent twice. */
  #sampleRtt(number: number): void {
    const slot = this.#parts.slot(number);
    if (number >= this.#parts.next || this.#parts.resentBefore[slot] !== 0) return;
    const { rtoMinMs, rtoMaxMs, rtoSlackMs } = this.#profile;
    const rttMs = this.#clock.now - (this.#parts.sentMs[slot] ?? 0);
    if (this.#srttMs === undefined) {
      this.#srttMs = rttMs;
      this.#rttVarMs = rttMs / 2;
    } else {
      this.#rttVarMs += BETA * (Math.abs(this.#srttMs - rttMs) - this.#rttVarMs);
      this.#srttMs += ALPHA * (rttMs - this.#srttMs);
    }
    const rtoMs = this.#srttMs + Math.max(4 * this.#rttVarMs, rtoSlackMs);
    this.#rtoMs = Math.min(Math.max(rtoMs, rtoMinMs), rtoMaxMs);
  }
}
