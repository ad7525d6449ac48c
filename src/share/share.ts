// The share machine: own offers (sender.ts), others' offers (receiver.ts), and what both need. Synchronous; every call
// takes the time. Outputs are events and store operations; links are called straight through `ShareLinks`.
import type { Envelope } from '../wire/envelope.ts';
import type { ShareContext } from './context.ts';
import { shareOptions, type ShareOptions } from './options.ts';
import type { FileFacts, ShareLinks, StoreOp, StoreResult } from './ports.ts';
import { Receiver } from './receiver.ts';
import { Sender } from './sender.ts';
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
  /** A random u32: where this device's offer and transfer numbers begin. */
  readonly firstNumber: number;
  readonly options?: Partial<ShareOptions>;
}

/** The envelopes that concern sharing. */
export type ShareEnvelope = Extract<Envelope, { kind: 'offer' | 'answer' | 'hashes' | 'ended' }>;

export class Share {
  readonly #outputs: ShareOutput[] = [];
  readonly #waiting = new Map<number, (result: StoreResult) => void>();
  readonly #sender: Sender;
  readonly #receiver: Receiver;
  readonly #progressMs: number;
  /** Chunk size of own offers. */
  readonly chunkBytes: number;
  #now = 0;
  #nextOp = 0;
  #tickedAtMs = 0;

  constructor(setup: ShareSetup) {
    const context: ShareContext = {
      options: shareOptions(setup.options),
      links: setup.links,
      nameOf: setup.nameOf,
      now: () => this.#now,
      wallMs: () => this.#now + setup.wallOffsetMs,
      store: (op, then) => {
        const id = this.#nextOp++;
        this.#waiting.set(id, then);
        this.#outputs.push({ kind: 'store', id, op });
      },
      emit: (event) => this.#outputs.push({ kind: 'event', event }),
    };
    this.#progressMs = context.options.progressMs;
    this.chunkBytes = context.options.chunkBytes;
    this.#sender = new Sender(context, setup.self, setup.firstNumber);
    this.#receiver = new Receiver(context);
  }

  /** Offers files that the store holds under their keys, to all peers and those to come. Returns the offer's id. */
  offer(now: number, files: readonly { readonly key: string; readonly facts: FileFacts }[]): string {
    this.#now = now;
    return this.#sender.offer(files);
  }

  accept(now: number, offer: string): void {
    this.#now = now;
    this.#receiver.accept(offer);
  }

  decline(now: number, offer: string): void {
    this.#now = now;
    this.#receiver.decline(offer);
  }

  withdraw(now: number, offer: string): void {
    this.#now = now;
    this.#sender.withdraw(offer);
  }

  cancel(now: number, transfer: string): void {
    this.#now = now;
    this.#sender.cancel(transfer);
    this.#receiver.cancel(transfer);
  }

  /** A link opened with a new session: offers go out, and what an earlier session had asked for is asked again. */
  peerUp(now: number, peer: string): void {
    this.#now = now;
    this.#sender.peerReset(peer);
    this.#sender.peerUp(peer);
    this.#receiver.peerReset(peer);
  }

  /** The peer is gone for good: its transfers end. */
  peerDown(now: number, peer: string): void {
    this.#now = now;
    this.#sender.peerDown(peer);
    this.#receiver.peerDown(peer);
  }

  envelope(now: number, peer: string, envelope: ShareEnvelope): void {
    this.#now = now;
    switch (envelope.kind) {
      case 'offer':
        return this.#receiver.offered(peer, envelope.offer, envelope.chunkBytes, envelope.files);
      case 'answer':
        return this.#sender.answer(peer, envelope.offer, envelope.accept);
      case 'hashes':
        return this.#receiver.hashes(peer, envelope.transfer, envelope.first, envelope.sha256);
      case 'ended':
        // Numbers are the offering device's: one of the two halves knows it, or none.
        this.#sender.ended(peer, envelope.transfer, envelope.code);
        this.#receiver.ended(peer, envelope.transfer, envelope.code);
    }
  }

  chunkRequested(now: number, peer: string, request: number, transfer: number, chunk: number): void {
    this.#now = now;
    this.#sender.requested(peer, request, transfer, chunk);
  }

  chunkArrived(now: number, peer: string, transfer: number, chunk: number, bytes: Uint8Array): void {
    this.#now = now;
    this.#receiver.arrived(peer, transfer, chunk, bytes);
  }

  chunkDelivered(now: number, peer: string, transfer: number, bytes: Uint8Array): void {
    this.#now = now;
    this.#sender.delivered(peer, transfer, bytes);
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
    this.#tickedAtMs = now;
    this.#sender.tick();
    this.#receiver.tick();
  }

  nextTimeout(): number | undefined {
    return this.#sender.running || this.#receiver.running ? this.#tickedAtMs + this.#progressMs : undefined;
  }

  poll(): ShareOutput | undefined {
    return this.#outputs.shift();
  }
}
