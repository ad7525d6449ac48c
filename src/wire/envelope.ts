// What peers say to each other in messages, as plain unions, and their encoding (schema/pool.proto).
// Decoding bounds every field once; everything past it may trust the types.
import { create, fromBinary, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import { END_CODES, codeName, type EndCode } from './codes.ts';
import { EnvelopeSchema, type OfferSchema } from './gen/pool_pb.ts';
import { LANE_IDS } from './frames.ts';
import { fromHex, toHex } from './bytes.ts';
import { ID_BYTES, SEQ_MAX, type ChainId } from './entry.ts';
import { FILES_PER_OFFER_MAX, isOfferedName, isOfferedSize } from './offered.ts';
import { readTalk, talkBody, type TalkEnvelope } from './talk-envelope.ts';
import { readSignal, wireSignal, type Signal } from './signaling.ts';

export interface OfferedFile {
  /** u32, unique on the offering device. Names the file in requests to that device. */
  readonly transfer: number;
  /** 1 .. FILE_NAME_BYTES_MAX bytes of UTF-8. Not yet safe as a path. */
  readonly name: string;
  /** 0 .. 2^53-1 */
  readonly bytes: number;
  readonly modifiedMs: number;
  /** Only if it is a folder: `bytes` are its tar archive's then. */
  readonly folder?: { readonly entries: number; readonly contentBytes: number } | undefined;
}

export type Envelope =
  | {
      readonly kind: 'offer';
      readonly offer: number;
      readonly chunkBytes: number;
      readonly files: readonly OfferedFile[];
      /** For the devices that are told of it alone: none of them passes it on. */
      readonly private: boolean;
      /** The entry of the offering device's log that tells of it: whoever has that one's retract has nothing of this any more. */
      readonly entry?: { readonly chain: ChainId; readonly seq: number } | undefined;
    }
  /** `transfers`: the files taken; empty for all. `attempt` counts up when one is taken again after its transfer ended. */
  | {
      readonly kind: 'answer';
      readonly offer: number;
      readonly accept: boolean;
      readonly transfers: readonly number[];
      readonly attempt: number;
    }
  | { readonly kind: 'hashes'; readonly transfer: number; readonly first: number; readonly sha256: Uint8Array }
  /** Roots of subtrees `first` on (hash-tree.ts), 32 bytes each, and the root of all, once it is known. */
  | {
      readonly kind: 'tree';
      readonly transfer: number;
      readonly first: number;
      readonly subtrees: Uint8Array;
      readonly root: Uint8Array | undefined;
    }
  /** What the sender has of a file that `origin` (32 hex digits) offered as `transfer`; `handle` is its own number for it. */
  | {
      readonly kind: 'have';
      readonly origin: string;
      readonly transfer: number;
      readonly handle: number;
      readonly first: number;
      readonly bitmap: Uint8Array;
      readonly all: boolean;
    }
  | { readonly kind: 'thumbnail'; readonly transfer: number; readonly image: Uint8Array }
  | { readonly kind: 'ended'; readonly transfer: number; readonly code: EndCode }
  /** Negotiates the transport of a further lane. */
  | { readonly kind: 'lane'; readonly lane: number; readonly attempt: number; readonly signal: Signal }
  | TalkEnvelope;

/** Chunk size of an offer. Smaller ones drown in requests, larger ones in memory. */
export const CHUNK_BYTES_MIN: number = 16 * 1024;
export const CHUNK_BYTES_MAX: number = 1024 * 1024;
/** Chunks of one file: at 1 MiB each, 4 TiB. What is kept for each chunk stays below 150 MB. */
export const CHUNKS_MAX: number = 2 ** 22;
/** Chunk hashes in one message. */
export const HASHES_MAX = 1024;
export const HASH_BYTES = 32;
/** Subtree roots in one message. */
export const SUBTREES_MAX = 1024;
/** Bitmap of one `have`: 65,536 chunks. */
export const HAVE_BYTES_MAX: number = 8 * 1024;
/** What a small picture of a file may take. */
export const THUMBNAIL_BYTES_MAX: number = 16 * 1024;

type Folder = NonNullable<OfferedFile['folder']>;

/** Encodes what this device made itself; the limits above hold, so that no peer refuses it. */
export function encodeEnvelope(envelope: Envelope): Uint8Array {
  return toBinary(EnvelopeSchema, create(EnvelopeSchema, { body: body(envelope) }));
}

function body(envelope: Envelope): NonNullable<MessageInitShape<typeof EnvelopeSchema>['body']> {
  switch (envelope.kind) {
    case 'offer':
      return { case: 'offer', value: offerBody(envelope) };
    case 'answer':
      return { case: 'answer', value: { ...envelope, transfers: [...envelope.transfers] } };
    case 'tree': {
      const { transfer, first, subtrees, root = new Uint8Array() } = envelope;
      return { case: 'tree', value: { transfer, first, subtrees: unshared(subtrees), root: unshared(root) } };
    }
    case 'have': {
      const { origin, bitmap } = envelope;
      return { case: 'have', value: { ...envelope, origin: fromHex(origin), bitmap: unshared(bitmap) } };
    }
    case 'thumbnail':
      return { case: 'thumbnail', value: { transfer: envelope.transfer, image: unshared(envelope.image) } };
    case 'hashes':
      return { case: 'hashes', value: { ...envelope, sha256: unshared(envelope.sha256) } };
    case 'ended':
      return { case: 'ended', value: { transfer: envelope.transfer, code: END_CODES[envelope.code] } };
    case 'lane':
      return { case: 'lane', value: { lane: envelope.lane, signal: wireSignal(envelope.attempt, envelope.signal) } };
    default:
      return talkBody(envelope);
  }
}

function offerBody(envelope: Extract<Envelope, { kind: 'offer' }>): MessageInitShape<typeof OfferSchema> {
  const { offer, chunkBytes, files, private: only, entry } = envelope;
  const value = { offer, chunkBytes, files: [...files], private: only };
  return entry === undefined ? value : { ...value, entryChain: fromHex(entry.chain), entrySeq: entry.seq };
}

/** Undefined for anything malformed or out of bounds. */
export function decodeEnvelope(bytes: Uint8Array): Envelope | undefined {
  try {
    return bounded(fromBinary(EnvelopeSchema, bytes).body);
  } catch {
    return undefined; // fromBinary throws on malformed bytes: that is its whole error channel
  }
}

function bounded(body: ReturnType<typeof create<typeof EnvelopeSchema>>['body']): Envelope | undefined {
  switch (body.case) {
    case 'offer': {
      const { offer, chunkBytes, files, private: only, entryChain, entrySeq } = body.value;
      if (chunkBytes < CHUNK_BYTES_MIN || chunkBytes > CHUNK_BYTES_MAX) return undefined;
      if (files.length === 0 || files.length > FILES_PER_OFFER_MAX) return undefined;
      if (!files.every((file) => isFile(file, chunkBytes))) return undefined;
      if (new Set(files.map((file) => file.transfer)).size !== files.length) return undefined;
      const plain = files.map(({ transfer, name, bytes, modifiedMs, folder }) => {
        const file = { transfer, name, bytes, modifiedMs };
        return folder === undefined ? file : { ...file, folder: folderFacts(folder) };
      });
      const read = { kind: 'offer', offer, chunkBytes, files: plain, private: only } as const;
      if (entryChain.length === 0 && entrySeq === 0) return read;
      if (entryChain.length !== ID_BYTES || entrySeq === 0 || entrySeq > SEQ_MAX) return undefined;
      return { ...read, entry: { chain: toHex(entryChain), seq: entrySeq } };
    }
    case 'answer': {
      const { offer, accept, transfers, attempt } = body.value;
      if (transfers.length > FILES_PER_OFFER_MAX) return undefined;
      return { kind: 'answer', offer, accept, transfers, attempt };
    }
    case 'hashes': {
      const { transfer, first, sha256 } = body.value;
      const count = sha256.length / HASH_BYTES;
      if (!Number.isInteger(count) || count === 0 || count > HASHES_MAX) return undefined;
      return { kind: 'hashes', transfer, first, sha256 };
    }
    case 'tree': {
      const { transfer, first, subtrees, root } = body.value;
      if (subtrees.length % HASH_BYTES !== 0 || subtrees.length > SUBTREES_MAX * HASH_BYTES) return undefined;
      if (root.length !== 0 && root.length !== HASH_BYTES) return undefined;
      return { kind: 'tree', transfer, first, subtrees, root: root.length === 0 ? undefined : root };
    }
    case 'have': {
      const { origin, transfer, handle, first, bitmap, all } = body.value;
      if (origin.length !== ID_BYTES || bitmap.length > HAVE_BYTES_MAX) return undefined;
      return { kind: 'have', origin: toHex(origin), transfer, handle, first, bitmap, all };
    }
    case 'thumbnail': {
      const { transfer, image } = body.value;
      if (image.length === 0 || image.length > THUMBNAIL_BYTES_MAX) return undefined;
      return { kind: 'thumbnail', transfer, image };
    }
    case 'ended': {
      const code = codeName(END_CODES, body.value.code);
      return code && { kind: 'ended', transfer: body.value.transfer, code };
    }
    case 'lane': {
      const { lane } = body.value;
      const signal = readSignal(body.value.signal);
      return signal && lane > 0 && lane < LANE_IDS ? { kind: 'lane', lane, ...signal } : undefined;
    }
    case undefined:
      return undefined;
    default:
      return readTalk(body);
  }
}

function isFile(file: OfferedFile, chunkBytes: number): boolean {
  const { name, bytes, modifiedMs, folder } = file;
  if (folder !== undefined && !isOfferedSize(folder.contentBytes)) return false;
  return isOfferedName(name) && isOfferedSize(bytes) && bytes / chunkBytes <= CHUNKS_MAX && isTime(modifiedMs);
}

const folderFacts = ({ entries, contentBytes }: Folder): Folder => ({ entries, contentBytes });

/** The encoder takes no views of shared memory. */
const unshared = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => new Uint8Array(bytes);

const isTime = (ms: number): boolean => Number.isFinite(ms) && Math.abs(ms) <= 8.64e15;
