// One lane of a link: one association, with packet numbers, acknowledgements, loss recovery, window and pace of its own.
// Its numbers go on when the transport under it is replaced. What travels over it is the session's business.
import { Acks } from './acks.ts';
import type { LinkOptions } from './options.ts';
import { Recovery, type PacketFates, type SentPacket } from './recovery.ts';
import { DelayWindow, type WindowPath } from './window.ts';

/** Unanswered probes in a row that make a lane silent. */
const SILENT_PROBES = 3;

export class Lane {
  readonly id: number;
  readonly recovery: Recovery;
  readonly window: DelayWindow;
  readonly acks: Acks;
  readonly #options: LinkOptions;
  /** Whether a transport is open under it. */
  up = false;
  nextPacket = 0;
  /** When it was last heard to have carried anything, or opened. */
  answeredAtMs = 0;
  /** Small packets still to follow the last of a bulk. */
  tailPings = 0;
  /** A probe is to go, whatever the window says. */
  probing = false;
  /** It rests until this packet, or a later one, is acknowledged. */
  #restsFor = -1;
  /** The round trip ends when a packet from here on is acknowledged. */
  #roundEnd = 0;
  /** Bytes that may go now, by pace; may be negative. */
  #allowance = 0;
  #allowedAtMs = 0;

  constructor(id: number, options: LinkOptions, path: WindowPath, fates: PacketFates) {
    this.id = id;
    this.#options = options;
    this.recovery = new Recovery(options, fates);
    this.window = new DelayWindow(options, path);
    this.acks = new Acks(id);
  }

  /** It has not answered several probes, or rests: it carries nothing more until it does, and what it had goes over others. */
  get silent(): boolean {
    return this.recovery.probes >= SILENT_PROBES || this.recovery.largestAcked < this.#restsFor;
  }

  /**
   * Its association limps, as one does after a burst of losses: for half a minute it lets go of a packet or two in each
   * timeout. What it has goes over others; a probe behind all of it shows when it is through.
   */
  rest(): void {
    this.recovery.giveUp();
    this.#restsFor = this.nextPacket;
    this.probing = true;
  }

  /** Bytes that the window takes. */
  get roomBytes(): number {
    return this.window.limitBytes - this.recovery.inFlightBytes;
  }

  /** Bytes a millisecond at which bulk leaves: what the window makes of a round trip, and a little more. */
  get #pace(): number {
    const gain = this.window.slowStart ? this.#options.paceSlowStart : this.#options.paceSteady;
    return (gain * this.window.bytes) / Math.max(this.recovery.srttMs, 0.5);
  }

  /** Whether the pace allows another datagram now. */
  paced(now: number): boolean {
    const burst = Math.max(this.#options.paceBurstBytes, this.#pace * this.#options.paceBurstMs);
    this.#allowance = Math.min(burst, this.#allowance + Math.max(0, now - this.#allowedAtMs) * this.#pace);
    this.#allowedAtMs = now;
    // With nothing in flight nothing is hurried, and what is known of the round trip may be long out of date.
    if (this.recovery.inFlightBytes === 0) this.#allowance = Math.max(this.#allowance, 1);
    return this.#allowance > 0;
  }

  /** When `paced` will say yes. */
  get pacedAtMs(): number {
    return this.#allowance > 0 || this.recovery.inFlightBytes === 0
      ? this.#allowedAtMs
      : this.#allowedAtMs + (1 - this.#allowance) / this.#pace;
  }

  sent(packet: SentPacket, bulk: boolean): void {
    this.recovery.sent(packet);
    if (bulk) this.#allowance -= packet.bytes;
  }

  /** After an ack was taken: closes the round if a whole one has passed. */
  turn(now: number): void {
    if (this.recovery.largestAcked < this.#roundEnd) return;
    this.#roundEnd = this.nextPacket;
    this.window.round(now);
  }

  /** The transport under it is gone: what was in flight is lost, and what was known of the path with it. */
  abandon(): void {
    this.up = false;
    this.recovery.abandon();
    this.window.restart();
    this.tailPings = 0;
    this.probing = false;
    this.#restsFor = -1;
  }
}
