// The store's worker: reads, hashes and stores file bytes off the page's thread, and remembers transfers. One request
// in, one reply out; requests run beside each other. store-worker.ts is the other end.
import { CACHE_BYTES_MAX, OPEN_FILES_MAX } from '../src/io/store-parts.ts';
import { answerEach } from './answers.ts';
import { Cache } from './cache.ts';
import { openDatabase } from './database.ts';
import { HistoryStore, OfferStore } from './history-store.ts';
import type { StoreCall, StoreNews, StoreResult } from './messages.ts';
import { OfferedFiles } from './offered.ts';
import { ReceivedFiles } from './received.ts';
import { makeThumbnail } from './thumbnail.ts';
import { unpackInto } from './unpack.ts';

const database = openDatabase();
const offered = new OfferedFiles(CACHE_BYTES_MAX);
const cache = new Cache(database);
const received = new ReceivedFiles(cache, OPEN_FILES_MAX);
const history = new HistoryStore(database);
const offers = new OfferStore(database);

answerEach<StoreCall, StoreResult, StoreNews['progress']>(perform, buffersOf);

/** What is handed over instead of copied. */
function buffersOf(value: StoreResult): ArrayBuffer[] {
  if (typeof value !== 'object') return [];
  const views = value instanceof Uint8Array ? [value] : 'maybeChunks' in value ? [value.bitmap, value.sha256] : [];
  return views.flatMap(({ buffer }) => (buffer instanceof ArrayBuffer ? [buffer] : []));
}

async function perform(call: StoreCall, tell: (progress: StoreNews['progress']) => void): Promise<StoreResult> {
  switch (call.kind) {
    case 'add':
      return offered.add(call.key, call.source, call.chunkBytes);
    case 'hash':
      return offered.hash(call.key, call.first, call.count);
    case 'read':
      return received.has(call.key) ? received.read(call.key, call.chunk) : offered.read(call.key, call.chunk);
    case 'remove':
      offered.remove(call.key);
      await received.remove(call.key);
      return undefined;
    case 'create':
      return received.create(call.key, call.facts, call.chunkBytes);
    case 'write':
      return received.write(call.key, call.chunk, call.bytes, call.sha256);
    case 'check':
      return received.check(call.key, call.chunk, call.sha256);
    case 'finish':
      return received.finish(call.key);
    case 'keep':
      await received.keep(call.key);
      return undefined;
    case 'discard':
      await received.discard(call.key);
      return undefined;
    case 'close':
      await received.close();
      return undefined;
    case 'figures':
      return {
        cachedBytes: offered.cache.bytes,
        cachedBytesMax: offered.cache.bytesMax,
        hashingBytesPeak: offered.hashingBytesPeak,
        openFiles: received.openFiles,
      };
    case 'thumbnail': {
      const file = offered.file(call.key);
      return file && makeThumbnail(file);
    }
    case 'kept':
      return cache.kept();
    case 'forget':
      return cache.forget(call.location);
    case 'file':
      return cache.file(call.location);
    case 'archive':
      return cache.archive(call.location);
    case 'saved':
      await cache.saved(call.location);
      return undefined;
    case 'pin':
      await cache.pin(call.location, call.on);
      return undefined;
    case 'unpack':
      return cache.withFolder(call.location, ({ name, folder }, archive) =>
        unpackInto(call.target, name, archive, folder.contentBytes, tell),
      );
    case 'putHistory':
      await history.put(call.record);
      return undefined;
    case 'listHistory':
      return history.list(call.query, call.limit, call.beforeMs);
    case 'removeHistory':
      await history.remove(call.ids);
      return undefined;
    case 'clearHistory':
      await history.clear();
      return undefined;
    case 'putOffer':
      await offers.put(call.offer);
      return undefined;
    case 'listOffers':
      return offers.list();
    case 'removeOffers':
      await offers.remove(call.ids);
      return undefined;
    default:
      return assertNever(call);
  }
}

function assertNever(call: never): never {
  throw new TypeError(`unknown call ${JSON.stringify(call)}`);
}
