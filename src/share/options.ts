// Every limit and pace of sharing, with its unit and its reason.
import { CHUNK_BYTES_MAX, CHUNK_BYTES_MIN } from '../wire/envelope.ts';

export interface ShareOptions {
  /** Chunk size of own offers. Measured with `npm run bench -- chunk-size`: see ARCHITECTURE.md. */
  readonly chunkBytes: number;
  /** Files that are received at once; the others of an accepted offer wait their turn. */
  readonly receivingMax: number;
  /** Chunks hashed in one step. */
  readonly hashStepChunks: number;
  /** Chunks hashed ahead of the furthest one asked for; the store's cache holds about as many. */
  readonly hashAheadChunks: number;
  /** Chunk hashes in one message. */
  readonly hashesPerMessage: number;
  /** Hashes a receiver keeps ahead of the next chunk to ask for; a sender that tells more is refused. */
  readonly hashesHeldMax: number;
  /** A chunk that is wrong this often ends the transfer. */
  readonly wrongChunkMax: number;
  /** Offers one peer may have open here, */
  readonly offersPerPeerMax: number;
  /** and files in them. More are declined unseen. */
  readonly filesPerPeerMax: number;
  /** Pace of progress events. */
  readonly progressMs: number;
}

export const SHARE_DEFAULTS: ShareOptions = {
  chunkBytes: 256 * 1024,
  receivingMax: 4,
  hashStepChunks: 8,
  hashAheadChunks: 32,
  hashesPerMessage: 256,
  hashesHeldMax: 4096,
  wrongChunkMax: 3,
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
  if (options.chunkBytes < CHUNK_BYTES_MIN || options.chunkBytes > CHUNK_BYTES_MAX) {
    throw new RangeError(`chunkBytes: expected ${CHUNK_BYTES_MIN} to ${CHUNK_BYTES_MAX}, got ${options.chunkBytes}`);
  }
  return options;
}
