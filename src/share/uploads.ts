// Serving: who asked for which chunk of what this device has, its own offers and what it receives alike. Bytes are asked of
// the store only when the link has room for them. What nobody was given yet goes before what somebody has already.
import { chunkLength } from './chunks.ts';
import type { EndCode } from '../wire/codes.ts';
import type { ChunkSet } from './chunk-set.ts';
import type { ShareContext } from './context.ts';
import { RateCap } from './rate-cap.ts';

/** A file that can be asked for here. */
export interface Served {
  /** This device's number for it. */
  readonly handle: number;
  readonly key: string;
  readonly bytes: number;
  readonly chunkBytes: number;
  /** Chunks that anybody was given, or is about to be. */
  readonly given: ChunkSet;
  /** Why this chunk is not for this peer; undefined if it is. */
  refusal(peer: string, chunk: number): EndCode | undefined;
  /** Somebody asks for it. */
  wanted(chunk: number): void;
  /** Bytes of it arrived at a peer. */
  delivered(peer: string, bytes: number): void;
  /** It cannot be read. */
  failed(code: EndCode): void;
}

interface Asked {
  readonly request: number;
  readonly file: Served;
  readonly chunk: number;
  /** Somebody asked for it before. */
  readonly again: boolean;
}

/** What one peer asked for and still waits for, and what is being read for it. */
interface PeerQueue {
  asked: Asked[];
  readingBytes: number;
}

/** Buffers kept for the next reads. */
const SPARES_MAX = 8;
/** So many requests of a peer are looked through for one that nobody was given yet. */
const LOOK_MAX = 16;

export class Uploads {
  readonly cap: RateCap = new RateCap();
  readonly #context: ShareContext;
  readonly #served = new Map<number, Served>();
  readonly #peers = new Map<string, PeerQueue>();
  /** Buffers of delivered chunks: allocating them anew keeps the collector busy. */
  readonly #spares: Uint8Array[] = [];

  constructor(context: ShareContext) {
    this.#context = context;
  }

  serve(file: Served): void {
    this.#served.set(file.handle, file);
  }

  /** It is served no more, to nobody. */
  end(handle: number): void {
    const file = this.#served.get(handle);
    this.#served.delete(handle);
    if (file !== undefined) for (const peer of this.#peers.keys()) this.drop(peer, file);
  }

  /** What this peer asked for of this file is forgotten. */
  drop(peer: string, file: Served): void {
    const queue = this.#peers.get(peer);
    if (queue !== undefined) queue.asked = queue.asked.filter((asked) => asked.file !== file);
    this.#context.links.dropTransfer(peer, file.handle, 'out');
    // What was dropped made room that no delivery will tell of.
    this.pump(peer);
  }

  /** Those with a session. */
  get peers(): Iterable<string> {
    return this.#peers.keys();
  }

  /** A new session: whatever an earlier one asked for is forgotten. */
  peerUp(peer: string): void {
    this.#peers.set(peer, { asked: [], readingBytes: 0 });
  }

  peerDown(peer: string): void {
    this.#peers.delete(peer);
  }

  requested(peer: string, request: number, handle: number, chunk: number): void {
    const file = this.#served.get(handle);
    const queue = this.#peers.get(peer);
    if (queue === undefined) return;
    const refusal = file === undefined ? 'refused' : file.refusal(peer, chunk);
    if (file === undefined || refusal !== undefined) {
      this.#context.links.dropTransfer(peer, handle, 'out');
      this.#context.links.send(peer, { kind: 'ended', transfer: handle, code: refusal ?? 'refused' });
      return;
    }
    queue.asked.push({ request, file, chunk, again: !file.given.add(chunk) });
    file.wanted(chunk);
    this.pump(peer);
  }

  /** The answer is not wanted any more. */
  cancelled(peer: string, request: number): void {
    const queue = this.#peers.get(peer);
    if (queue !== undefined) queue.asked = queue.asked.filter((asked) => asked.request !== request);
    this.pump(peer);
  }

  delivered(peer: string, handle: number, bytes: Uint8Array): void {
    if (this.#spares.length < SPARES_MAX) this.#spares.push(bytes);
    this.#served.get(handle)?.delivered(peer, bytes.length);
    this.pump(peer);
  }

  /** Reads what was asked for, as far as the link and the limit allow. */
  pump(peer: string): void {
    const queue = this.#peers.get(peer);
    if (queue === undefined) return;
    while (queue.asked.length > 0 && this.cap.free(this.#context.now())) {
      const turn = nextTurn(queue.asked);
      const next = queue.asked[turn];
      if (next === undefined) return;
      const { file, chunk } = next;
      const bytes = chunkLength(file.bytes, file.chunkBytes, chunk);
      if (this.#context.links.chunkRoomBytes(peer) - queue.readingBytes < bytes) return;
      queue.asked.splice(turn, 1);
      queue.readingBytes += bytes;
      this.cap.spend(bytes);
      const spare = this.#spares.pop();
      this.#context.store({ op: 'read', key: file.key, chunk, spare }, (result) => {
        queue.readingBytes -= bytes;
        if (!result.ok) return file.failed(result.code);
        // What was read for a session that is gone answers no request of the next, whatever its number.
        if (this.#peers.get(peer) !== queue) return;
        if (this.#served.get(file.handle) === file && result.value instanceof Uint8Array) {
          const sent = this.#context.links.sendChunk(peer, next.request, result.value);
          if (sent === 'blocked') queue.asked.unshift(next);
        }
        this.pump(peer);
      });
    }
  }

  /** After the limit held something back. */
  pumpAll(): void {
    if (!this.cap.free(this.#context.now())) return;
    for (const peer of this.#peers.keys()) this.pump(peer);
  }
}

function nextTurn(asked: readonly Asked[]): number {
  return Math.max(
    0,
    asked.slice(0, LOOK_MAX).findIndex(({ again }) => !again),
  );
}
