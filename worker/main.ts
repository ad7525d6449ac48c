// The store's worker: reads, hashes and stores file bytes off the page's thread. One request in, one reply out;
// requests run beside each other. store-worker.ts is the other end.
import { CACHE_BYTES_MAX, OPEN_FILES_MAX } from '../src/io/store-parts.ts';
import { failure } from './failure.ts';
import type { StoreCall, StoreReply, StoreRequest, StoreResult } from './messages.ts';
import { OfferedFiles } from './offered.ts';
import { ReceivedFiles } from './received.ts';

const offered = new OfferedFiles(CACHE_BYTES_MAX);
const received = new ReceivedFiles(OPEN_FILES_MAX);

addEventListener('message', (event: MessageEvent<StoreRequest>) => void answer(event.data));

async function answer({ id, call }: StoreRequest): Promise<void> {
  try {
    const value = await perform(call);
    const bytes = value instanceof Uint8Array && value.buffer instanceof ArrayBuffer ? [value.buffer] : [];
    postMessage({ id, ok: true, value } satisfies StoreReply, bytes);
  } catch (error) {
    const { code, message } = failure('store-failed', 'The store failed', error);
    postMessage({ id, ok: false, code, message } satisfies StoreReply);
  }
}

async function perform(call: StoreCall): Promise<StoreResult> {
  switch (call.kind) {
    case 'add':
      return offered.add(call.key, call.file, call.chunkBytes);
    case 'hash':
      return offered.hash(call.key, call.first, call.count);
    case 'read':
      return offered.read(call.key, call.chunk);
    case 'remove':
      offered.remove(call.key);
      return undefined;
    case 'create':
      await received.create(call.key, call.facts, call.chunkBytes);
      return undefined;
    case 'write':
      return received.write(call.key, call.chunk, call.bytes, call.sha256);
    case 'finish':
      return received.finish(call.key);
    case 'discard':
      await received.discard(call.key);
      return undefined;
    case 'file':
      return received.file(call.location);
    case 'figures':
      return {
        cachedBytes: offered.cache.bytes,
        cachedBytesMax: offered.cache.bytesMax,
        hashingBytesPeak: offered.hashingBytesPeak,
        openFiles: received.openFiles,
      };
    case 'close':
      await received.close();
      return undefined;
    default:
      return assertNever(call);
  }
}

function assertNever(call: never): never {
  throw new TypeError(`unknown call ${JSON.stringify(call)}`);
}
