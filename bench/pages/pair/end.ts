// What an end of a measured pair (bench/pair/pair.ts) can do, whatever it runs on, and the half of it that is the same in
// a page and in a process: a client that offers and receives. The raw halves are page.ts (RTCPeerConnection) and
// bench/ends/pair.ts (node-datachannel).
import type { PoolClientFace, PoolEvent, TransferView } from '../../../src/client.ts';
import { MomentListener, sendMoments, type ControlAges } from './control.ts';

/** Where and as whom an end joins. */
export interface Seat {
  /** `ws://HOST:PORT/ws`. */
  readonly server: string;
  readonly pool: string;
  readonly name: string;
  /** Node only: the directory for received files. */
  readonly into: string;
  /** The relay's URL for this side; absent: packets go straight to the other end. */
  readonly relay?: string;
  /** Whether the end tells, of its own accord, how many bytes it holds verified of the file it receives. */
  readonly tells?: boolean;
}

/** Several of them meet; a benchmark asks one question at a time and each answer is plain data. */
export interface PairEnd {
  join(seat: Seat): Promise<void>;
  /** Resolves once there are direct links to `others` members. */
  meet(others: number): Promise<void>;
  /** Offers one file: on Node its path (a folder's too), in a page the id of the input that holds it. */
  offer(file: string): Promise<void>;
  /** Accepts the next offer of one file or folder. `bytes`: what must arrive; a folder's archive has its own size. */
  receive(bytes: number | undefined): Promise<Receipt>;
  /** Accepts the next offer and cancels it again at the first verified chunk. Resolves to the ms between. */
  firstChunk(): Promise<number>;

  /** Begins to send a control frame every 10 ms. */
  controlSend(): Promise<void>;
  /** The frames of the other end that surfaced since the last call; the first call begins to listen. */
  controlAges(): Promise<ControlAges>;

  /** The raw baseline's description without candidates; the channel is ordered and reliable. */
  rawOffer(): Promise<string>;
  /** Takes the offer; resolves to the answer with all its candidates in it. */
  rawAnswer(offer: string): Promise<string>;
  /** Takes the answer; resolves to the candidates that the offer lacked. */
  rawAccept(answer: string): Promise<readonly RawCandidate[]>;
  /** Resolves once the channel is open. */
  rawConnect(candidates: readonly RawCandidate[]): Promise<void>;
  /** Gets ready to send `bytes` as soon as the other end asks for them. */
  rawSend(bytes: number): Promise<void>;
  /** Asks for bytes and counts them, until all are there or the time is up. */
  rawReceive(order: RawOrder): Promise<RawCount>;
}

export interface Receipt {
  /** From accepting to `verified`. */
  readonly ms: number;
  /** From accepting until the last chunk was in, as far as progress events tell: the rest gives it its name. */
  readonly storedMs: number;
  readonly bytes: number;
  /** Of `bytes`, what an earlier transfer had left. */
  readonly keptBytes: number;
}

export interface RawCandidate {
  readonly candidate: string;
  readonly mid: string;
}

/** What the sender got ready with `rawSend`, and how long to wait for it; undefined: for ever. */
export interface RawOrder {
  readonly bytes: number;
  readonly withinMs: number | undefined;
}

export interface RawCount {
  readonly bytes: number;
  /** From asking to the last byte, or to the end of the time. */
  readonly ms: number;
}

/** Bytes of every raw message. */
export const RAW_MESSAGE_BYTES: number = 16 * 1024;

/** How often `meet` looks. */
const MEET_POLL_MS = 20;

/** The half with a pool in it. Rejects when a transfer ends in any way but verified, or the pool is lost. */
export class PoolHalf<Source> {
  readonly #client: PoolClientFace<Source>;
  /** Offers of others that nobody has taken yet. */
  readonly #offers: string[] = [];
  #moments: MomentListener | undefined;
  #onEvent: (event: PoolEvent) => void = () => undefined;

  constructor(client: PoolClientFace<Source>) {
    this.#client = client;
    client.subscribe((event) => {
      if (event.kind === 'offer' && !event.offer.own && event.offer.state === 'open') this.#offers.push(event.offer.id);
      this.#onEvent(event);
    });
  }

  join(pool: string): Promise<void> {
    return this.#client.join(pool);
  }

  async offer(source: Source): Promise<void> {
    await this.#client.offer([source]);
  }

  controlSend(): void {
    sendMoments(this.#client);
  }

  controlAges(): ControlAges {
    this.#moments ??= new MomentListener(this.#client);
    return this.#moments.take();
  }

  async meet(others: number): Promise<void> {
    while (this.#client.peers.filter(({ path }) => path === 'direct').length < others) {
      await new Promise((resolve) => setTimeout(resolve, MEET_POLL_MS));
    }
  }

  receive(bytes: number | undefined): Promise<Receipt> {
    let storedMs: number | undefined;
    return this.#take(({ state, end, doneBytes, keptBytes, bytes: allBytes }, ms) => {
      if (doneBytes === allBytes) storedMs ??= ms;
      if (state !== 'ended') return undefined;
      const whole = end === 'verified' && (bytes === undefined || doneBytes === bytes);
      if (whole) return { ms, storedMs: storedMs ?? ms, bytes: doneBytes, keptBytes };
      throw new Error(`expected ${bytes ?? 'all'} bytes verified, got ${doneBytes} ${end ?? ''}`);
    });
  }

  async firstChunk(): Promise<number> {
    return this.#take(({ id, state, end, doneBytes }, ms) => {
      if (doneBytes > 0) {
        if (state !== 'ended') this.#client.cancel(id);
        return ms;
      }
      if (state !== 'ended') return undefined;
      throw new Error(`expected a chunk, got ${end ?? ''}`);
    });
  }

  /**
   * Accepts the next offer and resolves to what `look` makes of one of its transfer's events; rejects with what it throws.
   * The clock begins before `accept` is called.
   */
  #take<T>(look: (transfer: TransferView, ms: number) => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      let taken: string | undefined;
      let acceptedMs = 0;
      const take = (): void => {
        taken = this.#offers.shift();
        if (taken === undefined) return;
        acceptedMs = performance.now();
        this.#client.accept(taken);
      };
      this.#onEvent = (event) => {
        const now = performance.now();
        if (event.kind === 'left') return reject(new Error(`lost the pool: ${event.reason}`));
        // On a turn of its own, as a person's click would be.
        if (event.kind === 'offer' && taken === undefined) return void setTimeout(take);
        if (event.kind !== 'transfer' || event.transfer.offer !== taken) return;
        try {
          const seen = look(event.transfer, now - acceptedMs);
          if (seen === undefined) return;
          this.#onEvent = () => undefined;
          resolve(seen);
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      };
      take();
    });
  }
}
