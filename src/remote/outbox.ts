// What a host has yet to tell one window: frames in order, the newest view of what moves, and pauses while the window does not
// read. Whoever reads too slowly loses the way things went, never how they are.
import type { OfferView, PoolEvent, TransferView } from '../pool/views.ts';
import { joined } from '../wire/bytes.ts';
import type { Channel } from './channel.ts';
import { ANSWER_BYTES_MAX, encodeFrame, MESSAGE_FILL_BYTES, type ToWindow } from './frames.ts';

/** What happens at once goes out together after this, ms. */
const BATCH_MS = 2;
/** How often a running transfer, or an offer whose pictures come, is told of at most, ms. */
export const PROGRESS_MS = 100;
/** Above this nothing is handed to the channel. */
export const BUFFERED_BYTES_MAX: number = 1024 * 1024;
/** How soon it is looked at again, ms. */
const RETRY_MS = 20;
/** What may wait; beyond it the window is let go, and connects again. */
export const PENDING_BYTES_MAX: number = 4 * ANSWER_BYTES_MAX;

export interface OutboxSetup {
  readonly channel: Channel;
  /** How things are, as far as that is not told yet: asked for whenever something goes out, and goes after it. */
  readonly state: () => ToWindow | undefined;
  /** More waits than may. */
  readonly onOverrun: () => void;
}

export class Outbox {
  readonly #setup: OutboxSetup;
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  /** The newest view of what only moved, by its kind and id. */
  readonly #moved = new Map<string, PoolEvent>();
  /** What was told of each: whatever differs in it is told at once. */
  readonly #told = new Map<string, string>();
  /** Small pictures that the window has. */
  #pictures = new WeakSet<Uint8Array>();
  #movedAtMs = -Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #dueMs = Infinity;
  #stopped = false;

  constructor(setup: OutboxSetup) {
    this.#setup = setup;
  }

  /** Nothing would be handed to the channel now. */
  get blocked(): boolean {
    return this.#setup.channel.bufferedBytes > BUFFERED_BYTES_MAX;
  }

  /** In order, and soon. Throws a RangeError, and sends nothing, if the frame is larger than ANSWER_BYTES_MAX. */
  send(frame: ToWindow): void {
    if (this.#stopped) return;
    const bytes = encodeFrame(frame);
    if (bytes.length > ANSWER_BYTES_MAX) {
      throw new RangeError(`frame: expected at most ${ANSWER_BYTES_MAX} bytes, got ${bytes.length}`);
    }
    this.#push(bytes);
    if (this.#queuedBytes > PENDING_BYTES_MAX) return this.#setup.onOverrun();
    this.#arm(BATCH_MS);
  }

  /** At once, or not at all: nobody wants it later. */
  sendNow(frame: ToWindow): void {
    if (!this.#stopped && !this.blocked) this.#setup.channel.send(encodeFrame(frame));
  }

  event(event: PoolEvent): void {
    const [key, what] = whatOf(event) ?? [];
    if (key === undefined || what === undefined) return this.#event(event);
    if (this.#told.get(key) === what) {
      this.#moved.set(key, event);
      return this.#arm(Math.max(BATCH_MS, this.#movedAtMs + PROGRESS_MS - performance.now()));
    }
    this.#told.set(key, what);
    // What it was a moment ago is of no interest any more.
    this.#moved.delete(key);
    this.#event(event);
  }

  /** Something of the state may have changed: it is asked for soon. */
  stateChanged(): void {
    this.#arm(BATCH_MS);
  }

  /** Offers and transfers are others from now on. */
  clear(): void {
    this.#moved.clear();
    this.#told.clear();
    this.#pictures = new WeakSet();
    this.send({ kind: 'cleared' });
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#queue = [];
    this.#moved.clear();
  }

  #event(event: PoolEvent): void {
    this.send({
      kind: 'event',
      event: event.kind === 'offer' ? { ...event, offer: this.#pictured(event.offer) } : event,
    });
  }

  /** The offer without its pictures; those that are new go before it. */
  #pictured(offer: OfferView): OfferView {
    const files = offer.files.map(({ thumbnail, ...file }) => {
      if (thumbnail !== undefined && !this.#pictures.has(thumbnail)) {
        this.#pictures.add(thumbnail);
        this.send({ kind: 'picture', offer: offer.id, number: file.number, image: thumbnail });
      }
      return file;
    });
    return { ...offer, files };
  }

  #push(bytes: Uint8Array): void {
    this.#queue.push(bytes);
    this.#queuedBytes += bytes.length;
  }

  /** One timer, moved only when it would come too late. */
  #arm(inMs: number): void {
    const dueMs = performance.now() + inMs;
    if (this.#stopped || dueMs >= this.#dueMs) return;
    clearTimeout(this.#timer);
    this.#dueMs = dueMs;
    this.#timer = setTimeout(() => {
      this.#dueMs = Infinity;
      this.#flush();
    }, inMs);
  }

  #flush(): void {
    if (this.blocked) return this.#arm(RETRY_MS);
    const now = performance.now();
    const progressDueMs = this.#movedAtMs + PROGRESS_MS;
    if (this.#moved.size > 0 && now >= progressDueMs) {
      this.#movedAtMs = now;
      const moved = [...this.#moved.values()];
      this.#moved.clear();
      for (const event of moved) this.#event(event);
    }
    const state = this.#setup.state();
    if (state !== undefined) this.#push(encodeFrame(state));
    while (this.#queue.length > 0 && !this.blocked) this.#setup.channel.send(this.#message());
    if (this.#queue.length > 0) this.#arm(RETRY_MS);
    else if (this.#moved.size > 0) this.#arm(Math.max(BATCH_MS, progressDueMs - now));
  }

  /** The next frames, joined up to MESSAGE_FILL_BYTES; one that is larger goes alone. */
  #message(): Uint8Array {
    let bytes = 0;
    let count = 0;
    for (const frame of this.#queue) {
      if (count > 0 && bytes + frame.length > MESSAGE_FILL_BYTES) break;
      bytes += frame.length;
      count++;
    }
    this.#queuedBytes -= bytes;
    return joined(...this.#queue.splice(0, count));
  }
}

/** What an event is about and what of it is told at once; undefined for one that is no view of something that moves. */
function whatOf(event: PoolEvent): [string, string] | undefined {
  if (event.kind === 'transfer') return [`transfer/${event.transfer.id}`, whatOfTransfer(event.transfer)];
  if (event.kind === 'offer') return [`offer/${event.offer.id}`, event.offer.state];
  return undefined;
}

const whatOfTransfer = ({ state, end, location, recheck }: TransferView): string =>
  [state, end, location, recheck?.done].join('\n');
