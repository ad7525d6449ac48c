// Every limit and pace of sharing, with its unit and its reason.
import { CHUNK_BYTES_MAX, CHUNK_BYTES_MIN } from '../wire/envelope.ts';

export interface ShareOptions {
  /** Chunk size of own offers. Measured with `npm run bench -- chunk-size`: see ARCHITECTURE.md. */
  readonly chunkBytes: number;
  /** The same of offers of at most `smallOfferBytes`: their first copy is sooner somewhere from where others can have it. */
  readonly chunkBytesSmall: number;
  readonly smallOfferBytes: number;
  /** Files that are received at once; the others of an accepted offer wait their turn. */
  readonly receivingMax: number;
  /** Chunks hashed in one step. */
  readonly hashStepChunks: number;
  /** Chunks hashed ahead of the furthest one asked for; the store's cache holds about as many. */
  readonly hashAheadChunks: number;
  /** The same for a receiver that finds what it kept of an earlier time: it only compares. */
  readonly hashResumeChunks: number;
  /** Chunk hashes in one message. */
  readonly hashesPerMessage: number;
  /** Chunks proven wrong after which a peer is asked no more. */
  readonly strikesMax: number;
  /** Chunks among which the rarest is looked for. */
  readonly rarestAmongChunks: number;
  /** Requests ahead of what a source delivers, ms of its rate; a round trip comes on top. */
  readonly requestAheadMs: number;
  /** Chunks asked of a source before anything is known of it. */
  readonly requestsStart: number;
  /** A chunk that is waited for so long is asked of a second source as well, once nothing else is left to ask. */
  readonly hedgeMs: number;
  /** How often the others are told what arrived here. */
  readonly haveMs: number;
  /** Chunks kept of an earlier time that are checked at once. */
  readonly checksMax: number;
  /** Offers one peer may have open here, */
  readonly offersPerPeerMax: number;
  /** and files in them. More are declined unseen. */
  readonly filesPerPeerMax: number;
  /** Pace of progress events. */
  readonly progressMs: number;
}

export const SHARE_DEFAULTS: ShareOptions = {
  chunkBytes: 256 * 1024,
  chunkBytesSmall: 64 * 1024,
  smallOfferBytes: 16 * 1024 * 1024,
  receivingMax: 4,
  hashStepChunks: 32,
  hashAheadChunks: 96,
  hashResumeChunks: 1024,
  hashesPerMessage: 256,
  strikesMax: 3,
  rarestAmongChunks: 2048,
  requestAheadMs: 150,
  requestsStart: 4,
  hedgeMs: 1000,
  haveMs: 100,
  checksMax: 4,
  offersPerPeerMax: 64,
  filesPerPeerMax: 5000,
  progressMs: 250,
};

/** Defaults with `given` over them. Throws a RangeError that names the option, what was expected and what came. */
export function shareOptions(given: Partial<ShareOptions> = {}): ShareOptions {
  const options = { ...SHARE_DEFAULTS, ...given };
  for (const [name, value] of Object.entries(options)) {
    if (!Number.isFinite(value) || value <= 0) throw new RangeError(`${name}: expected above 0, got ${String(value)}`);
  }
  for (const name of ['chunkBytes', 'chunkBytesSmall'] as const) {
    const bytes = options[name];
    if (bytes < CHUNK_BYTES_MIN || bytes > CHUNK_BYTES_MAX) {
      throw new RangeError(`${name}: expected ${CHUNK_BYTES_MIN} to ${CHUNK_BYTES_MAX}, got ${bytes}`);
    }
  }
  return options;
}
