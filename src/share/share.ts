// The share machine: own offers (sender.ts), others' offers (receiver.ts), and what both need. Synchronous; every call
// takes the time. Outputs are events and store operations; links are called straight through `ShareLinks`.
import type { EntryId } from '../wire/entry.ts';
import type { Envelope } from '../wire/envelope.ts';
import type { ShareContext } from './context.ts';
import { shareOptions, type ShareOptions } from './options.ts';
import type { FileFacts, ShareLinks, StoreOp, StoreResult } from './ports.ts';
import { Receiver } from './receiver.ts';
import { Sender } from './sender.ts';
import { Uploads } from './uploads.ts';
import type { ShareEvent } from './views.ts';

export type ShareOutput =
  | { readonly kind: 'store'; readonly id: number; readonly op: StoreOp }
  | { readonly kind: 'event'; readonly event: ShareEvent };

export interface ShareSetup {
  readonly self: string;
  readonly links: ShareLinks;
  readonly nameOf: (peer: string) => string;
  /** Wall clock minus monotonic clock, ms. */
  readonly wallOffsetMs: number;
  /** A random u32: where this device's numbers begin, so that a restart never reuses one. */
  readonly firstNumber: number;
  readonly options?: Partial<ShareOptions>;
}

/** A file to offer, and its name in the store. */
export interface OwnFile {
  readonly key: string;
  readonly facts: FileFacts;
}

/** Limits that a person set, bytes a second; undefined: none. */
export interface ShareRates {
  readonly downBytesPerSecond?: number | undefined;
  readonly upBytesPerSecond?: number | undefined;
}

/** The envelopes that concern sharing. */
export type ShareEnvelope = Extract<
  Envelope,
  { kind: 'offer' | 'answer' | 'hashes' | 'tree' | 'have' | 'thumbnail' | 'ended' }
>;

export class Share {
  readonly #outputs: ShareOutput[] = [];
  readonly #waiting = new Map<number, (result: StoreResult) => void>();
  readonly #context: ShareContext;
  readonly #uploads: Uploads;
  readonly #sender: Sender;
  readonly #receiver: Receiver;
  #now = 0;
  #nextOp = 0;
  #nextNumber: number;
  #turnedAtMs = 0;
  #tickedAtMs = 0;

  constructor(setup: ShareSetup) {
    this.#nextNumber = setup.firstNumber;
    this.#context = {
      options: shareOptions(setup.options),
      links: setup.links,
      self: setup.self,
      nameOf: setup.nameOf,
      now: () => this.#now,
      wallMs: () => this.#now + setup.wallOffsetMs,
      number: () => {
        const number = this.#nextNumber;
        this.#nextNumber = (number + 1) % 2 ** 32;
        return number;
      },
      store: (op, then) => {
        const id = this.#nextOp++;
        this.#waiting.set(id, then);
        this.#outputs.push({ kind: 'store', id, op });
      },
      emit: (event) => this.#outputs.push({ kind: 'event', event }),
    };
    this.#uploads = new Uploads(this.#context);
    this.#sender = new Sender(this.#context, this.#uploads);
    this.#receiver = new Receiver(this.#context, this.#uploads);
  }

  /** The time of the call that is being handled, or was handled last. */
  get now(): number {
    return this.#now;
  }

  /** Chunk size of an own offer of so many bytes in all: what the store must cut its files into. */
  chunkBytesFor(bytes: number): number {
    const { chunkBytes, chunkBytesSmall, smallOfferBytes } = this.#context.options;
    return bytes <= smallOfferBytes ? Math.min(chunkBytes, chunkBytesSmall) : chunkBytes;
  }

  /**
   * Offers files that the store holds under their keys, cut into chunks of `chunkBytes`, to all peers and those to come; with
   * `to`, to these alone, now and whenever they come. `entry`: of this device's log, telling of it. Returns the offer's id.
   */
  offer(
    now: number,
    files: readonly OwnFile[],
    chunkBytes: number = this.#context.options.chunkBytes,
    to?: ReadonlySet<string>,
    entry?: EntryId,
  ): string {
    this.#now = now;
    return this.#sender.offer(files, chunkBytes, to, entry);
  }

  /** Shows a small picture (at most THUMBNAIL_BYTES_MAX) of the file at `place` of an own offer. */
  picture(now: number, offer: string, place: number, image: Uint8Array): void {
    this.#now = now;
    this.#sender.picture(offer, place, image);
  }

  /** `numbers`: of the files to take (OfferFileView.number); without, all. */
  accept(now: number, offer: string, numbers?: readonly number[]): void {
    this.#now = now;
    this.#receiver.accept(offer, numbers);
  }

  decline(now: number, offer: string): void {
    this.#now = now;
    this.#receiver.inbox.decline(offer);
  }

  withdraw(now: number, offer: string): void {
    this.#now = now;
    this.#sender.withdraw(offer);
  }

  /** An entry of some log was taken back: with it goes the offer that it told of, own or another's, if there is one. */
  takenBack(now: number, entry: EntryId): void {
    this.#now = now;
    this.#sender.takenBack(entry);
    this.#receiver.takenBack(entry);
  }

  /** Ends a transfer in either direction; what was received of it is removed. */
  cancel(now: number, transfer: string): void {
    this.#now = now;
    this.#sender.cancel(transfer);
    this.#receiver.cancel(transfer);
  }

  /** Of what is received: asks for nothing more of it, until `resume`. */
  pause(now: number, transfer: string): void {
    this.#now = now;
    this.#receiver.pause(transfer);
  }

  resume(now: number, transfer: string): void {
    this.#now = now;
    this.#receiver.resume(transfer);
  }

  /** Takes a file again whose transfer ended otherwise than verified, as long as its offer stands. */
  retry(now: number, transfer: string): void {
    this.#now = now;
    this.#receiver.retry(transfer);
  }

  /** Reads a verified file back from the store and hashes it once more: TransferView.recheck tells. */
  recheck(now: number, transfer: string): void {
    this.#now = now;
    this.#receiver.recheck(transfer);
  }

  /** Puts a transfer at a place in the order of receiving; 0 is first. */
  move(now: number, transfer: string, place: number): void {
    this.#now = now;
    this.#receiver.move(transfer, place);
  }

  /** Throws a RangeError on a rate that is not above 0. */
  limit(now: number, { downBytesPerSecond, upBytesPerSecond }: ShareRates): void {
    this.#now = now;
    this.#receiver.cap.set(downBytesPerSecond);
    this.#uploads.cap.set(upBytesPerSecond);
    this.#turn();
  }

  /** A link opened with a new session: offers go out, and what an earlier session had asked for is asked again. */
  peerUp(now: number, peer: string): void {
    this.#now = now;
    this.#uploads.peerUp(peer);
    this.#sender.peerUp(peer);
    this.#receiver.peerUp(peer);
  }

  /** The peer is gone for good. What it was receiving ends; what was received from it waits for another source. */
  peerDown(now: number, peer: string): void {
    this.#now = now;
    this.#uploads.peerDown(peer);
    this.#sender.peerDown(peer);
    this.#receiver.peerDown(peer);
  }

  /** Out of the pool. What is unfinished is kept by the store. */
  leave(now: number): void {
    this.#now = now;
    this.#sender.leave();
    this.#receiver.leave();
  }

  envelope(now: number, peer: string, envelope: ShareEnvelope): void {
    this.#now = now;
    switch (envelope.kind) {
      case 'offer':
        return this.#receiver.offered(peer, envelope);
      case 'answer':
        return this.#sender.answer(peer, envelope);
      case 'hashes':
        return this.#receiver.hashes(peer, envelope.transfer, envelope.first, envelope.sha256);
      case 'tree':
        return this.#receiver.tree(peer, envelope);
      case 'have':
        if (envelope.origin === this.#context.self) return this.#sender.had(peer, envelope);
        return this.#receiver.had(peer, envelope);
      case 'thumbnail':
        return this.#receiver.inbox.thumbnail(peer, envelope.transfer, envelope.image);
      case 'ended':
        // Numbers are those of the device that serves: one of the two halves knows it, or none.
        this.#sender.ended(peer, envelope.transfer, envelope.code);
        this.#receiver.ended(peer, envelope.transfer, envelope.code);
    }
  }

  chunkRequested(now: number, peer: string, request: number, transfer: number, chunk: number): void {
    this.#now = now;
    this.#uploads.requested(peer, request, transfer, chunk);
  }

  chunkCancelled(now: number, peer: string, request: number): void {
    this.#now = now;
    this.#uploads.cancelled(peer, request);
  }

  chunkArrived(now: number, peer: string, transfer: number, chunk: number, bytes: Uint8Array): void {
    this.#now = now;
    this.#receiver.arrived(peer, transfer, chunk, bytes);
  }

  chunkDelivered(now: number, peer: string, transfer: number, bytes: Uint8Array): void {
    this.#now = now;
    this.#uploads.delivered(peer, transfer, bytes);
  }

  stored(now: number, id: number, result: StoreResult): void {
    this.#now = now;
    const then = this.#waiting.get(id);
    this.#waiting.delete(id);
    then?.(result);
  }

  timeout(now: number): void {
    this.#now = now;
    if (now < (this.nextTimeout() ?? Infinity)) return;
    this.#turn();
    if (now < this.#tickedAtMs + this.#context.options.progressMs) return;
    this.#tickedAtMs = now;
    this.#sender.tick();
    this.#receiver.tick();
  }

  nextTimeout(): number | undefined {
    const running = this.#sender.running || this.#receiver.running;
    const turnAtMs = running ? this.#turnedAtMs + this.#context.options.haveMs : Infinity;
    const next = Math.min(turnAtMs, this.#uploads.cap.freeAtMs, this.#receiver.cap.freeAtMs);
    return next === Infinity ? undefined : next;
  }

  poll(): ShareOutput | undefined {
    return this.#outputs.shift();
  }

  #turn(): void {
    this.#turnedAtMs = this.#now;
    this.#uploads.pumpAll();
    this.#sender.turn();
    this.#receiver.turn();
  }
}
