// A store in memory for simulations: offered files, files being received, seeded delays. Notes whatever an honest pool
// must never make it do (a chunk that is read and not there, a file finished with a hole in it) in `violations`.
import { chunkCount, chunkLength } from '../share/chunks.ts';
import { ChunkSet } from '../share/chunk-set.ts';
import type { FileFacts, KeptPart } from '../share/ports.ts';
import type { StoreOp, StoreResult } from '../share/ports.ts';
import type { VirtualClock } from './clock.ts';
import type { Random } from './random.ts';

export interface StoreDelays {
  /** Every operation takes 0 to this long, each on its own, so results come in any order. */
  readonly delayMsMax: number;
}

interface Receiving {
  readonly facts: FileFacts;
  readonly chunkBytes: number;
  readonly bytes: Uint8Array;
  readonly sha256: Uint8Array;
  readonly written: ChunkSet;
  state: 'open' | 'finished' | 'kept';
}

export class SimStore {
  /** Files received whole, by the location given for them. */
  readonly finished: Map<string, { readonly facts: FileFacts; readonly bytes: Uint8Array }> = new Map();
  readonly violations: string[] = [];
  /** Bytes that were written for a chunk that was there already. */
  rewrittenBytes = 0;
  /** How much longer `create` takes than everything else, ms. */
  delayCreateMs = 0;
  /** Bytes of chunks that were read to be sent. */
  readBytes = 0;
  readonly #clock: VirtualClock;
  readonly #random: Random;
  readonly #delays: StoreDelays;
  readonly #sha256: (bytes: Uint8Array) => Uint8Array;
  readonly #offered = new Map<string, { readonly bytes: Uint8Array; readonly chunkBytes: number }>();
  readonly #receiving = new Map<string, Receiving>();

  constructor(clock: VirtualClock, random: Random, delays: StoreDelays, sha256: (bytes: Uint8Array) => Uint8Array) {
    this.#clock = clock;
    this.#random = random;
    this.#delays = delays;
    this.#sha256 = sha256;
  }

  /** Files that were begun and neither finished nor let go of. */
  get unfinished(): number {
    return [...this.#receiving.values()].filter(({ state }) => state === 'open').length;
  }

  /** Names of what was let go of unfinished. */
  keptNames(): string[] {
    return [...this.#receiving.values()].flatMap(({ state, facts }) => (state === 'kept' ? [facts.name] : []));
  }

  /** Chunks that are here of a file of this name. */
  *chunksOf(name: string): Generator<number> {
    for (const { facts, written } of this.#receiving.values()) {
      if (facts.name !== name) continue;
      for (let chunk = 0; chunk < written.chunks; chunk++) if (written.has(chunk)) yield chunk;
    }
  }

  add(key: string, bytes: Uint8Array, chunkBytes: number): void {
    this.#offered.set(key, { bytes, chunkBytes });
  }

  /** As a crash leaves it: what was received of unfinished files is kept, without what the index had not written yet. */
  crash(forgotten: (chunk: number) => boolean): void {
    for (const [key, file] of this.#receiving) {
      if (file.state !== 'open') continue;
      const remembered = new ChunkSet(file.written.chunks);
      for (let chunk = 0; chunk < remembered.chunks; chunk++) {
        if (file.written.has(chunk) && !forgotten(chunk)) remembered.add(chunk);
      }
      this.#receiving.set(key, { ...file, written: remembered, state: 'kept' });
    }
  }

  /** Performs `op` now and tells its result later. */
  perform(op: StoreOp, then: (result: StoreResult) => void): void {
    const result = this.#perform(op);
    const delayMs = this.#random.between(0, this.#delays.delayMsMax);
    this.#clock.after(op.op === 'create' ? delayMs + this.delayCreateMs : delayMs, () => then(result));
  }

  #perform(op: StoreOp): StoreResult {
    switch (op.op) {
      case 'hash':
        return this.#hash(op.key, op.first, op.count);
      case 'read': {
        const chunk = this.#chunk(op.key, op.chunk);
        this.readBytes += chunk?.length ?? 0;
        return chunk === undefined ? { ok: false, code: 'unreadable' } : { ok: true, value: chunk.slice() };
      }
      case 'create':
        return { ok: true, value: this.#create(op.key, op.facts, op.chunkBytes) };
      case 'write':
        return this.#write(op.key, op.chunk, op.bytes, op.sha256);
      case 'check':
        return this.#check(op.key, op.chunk, op.sha256);
      case 'finish':
        return this.#finish(op.key);
      case 'remove':
        this.#offered.delete(op.key);
        return { ok: true, value: undefined };
      case 'keep': {
        const file = this.#receiving.get(op.key);
        if (file?.state === 'open') file.state = 'kept';
        return { ok: true, value: undefined };
      }
      case 'discard':
        this.#receiving.delete(op.key);
        return { ok: true, value: undefined };
    }
  }

  #hash(key: string, first: number, count: number): StoreResult {
    const hashes = new Uint8Array(count * 32);
    for (let i = 0; i < count; i++) {
      const chunk = this.#chunk(key, first + i);
      if (chunk === undefined) return { ok: false, code: 'unreadable' };
      hashes.set(this.#sha256(chunk), i * 32);
    }
    return { ok: true, value: hashes };
  }

  #chunk(key: string, chunk: number): Uint8Array | undefined {
    const received = this.#receiving.get(key);
    const file = this.#offered.get(key) ?? received;
    if (file === undefined) return undefined;
    const { bytes, chunkBytes } = file;
    if (chunk >= chunkCount(bytes.length, chunkBytes) || received?.written.has(chunk) === false) {
      this.violations.push(`${key}: read of chunk ${chunk}, which it has not`);
      return undefined;
    }
    return bytes.subarray(chunk * chunkBytes, chunk * chunkBytes + chunkLength(bytes.length, chunkBytes, chunk));
  }

  #create(key: string, facts: FileFacts, chunkBytes: number): KeptPart | undefined {
    if (this.#receiving.has(key)) this.violations.push(`${key}: created twice`);
    const chunks = chunkCount(facts.bytes, chunkBytes);
    for (const [name, file] of this.#receiving) {
      const { state, facts: known, written, sha256 } = file;
      if (state !== 'kept' || known.name !== facts.name || known.bytes !== facts.bytes) continue;
      if (file.chunkBytes !== chunkBytes) continue;
      this.#receiving.delete(name);
      this.#receiving.set(key, { ...file, facts, state: 'open' });
      return { bitmap: written.bitmap.slice(), sha256: sha256.slice(), maybeChunks: chunks };
    }
    const bytes = new Uint8Array(facts.bytes);
    const sha256 = new Uint8Array(chunks * 32);
    this.#receiving.set(key, { facts, chunkBytes, bytes, sha256, written: new ChunkSet(chunks), state: 'open' });
    return undefined;
  }

  #write(key: string, chunk: number, bytes: Uint8Array, sha256: Uint8Array): StoreResult {
    const file = this.#receiving.get(key);
    if (file?.state !== 'open') {
      this.violations.push(`${key}: chunk ${chunk} written to a file that is not being received`);
      return { ok: false, code: 'store-failed' };
    }
    if (this.#sha256(bytes).some((byte, i) => byte !== sha256[i])) return { ok: true, value: false };
    if (!file.written.add(chunk)) this.rewrittenBytes += bytes.length;
    file.sha256.set(sha256, chunk * 32);
    file.bytes.set(bytes, chunk * file.chunkBytes);
    return { ok: true, value: true };
  }

  #check(key: string, chunk: number, sha256: Uint8Array): StoreResult {
    const file = this.#receiving.get(key);
    if (file === undefined || file.state === 'kept') return { ok: false, code: 'store-failed' };
    const from = chunk * file.chunkBytes;
    const bytes = file.bytes.subarray(from, from + chunkLength(file.bytes.length, file.chunkBytes, chunk));
    if (this.#sha256(bytes).some((byte, i) => byte !== sha256[i])) return { ok: true, value: false };
    file.written.add(chunk);
    file.sha256.set(sha256, chunk * 32);
    return { ok: true, value: true };
  }

  #finish(key: string): StoreResult {
    const file = this.#receiving.get(key);
    if (file?.state !== 'open' || file.written.missing > 0) {
      this.violations.push(`${key}: finished while ${file === undefined ? 'unknown' : 'done or incomplete'}`);
      return { ok: false, code: 'store-failed' };
    }
    file.state = 'finished';
    this.finished.set(key, { facts: file.facts, bytes: file.bytes });
    return { ok: true, value: key };
  }
}
