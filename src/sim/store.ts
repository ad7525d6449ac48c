// A store in memory for simulations: offered files, files being received, seeded delays. Notes whatever an honest pool
// must never make it do (a chunk written twice, a file finished with a hole in it) in `violations`.
import { chunkCount, chunkLength, type FileFacts, type StoreOp, type StoreResult } from '../share/ports.ts';
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
  readonly written: Set<number>;
  finished: boolean;
}

export class SimStore {
  /** Files received whole, by the location given for them. */
  readonly finished: Map<string, { readonly facts: FileFacts; readonly bytes: Uint8Array }> = new Map();
  readonly violations: string[] = [];
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

  /** Files that were begun and neither finished nor discarded. */
  get unfinished(): number {
    return [...this.#receiving.values()].filter(({ finished }) => !finished).length;
  }

  add(key: string, bytes: Uint8Array, chunkBytes: number): void {
    this.#offered.set(key, { bytes, chunkBytes });
  }

  /** Performs `op` now and tells its result later. */
  perform(op: StoreOp, then: (result: StoreResult) => void): void {
    const result = this.#perform(op);
    this.#clock.after(this.#random.between(0, this.#delays.delayMsMax), () => then(result));
  }

  #perform(op: StoreOp): StoreResult {
    switch (op.op) {
      case 'hash':
        return this.#hash(op.key, op.first, op.count);
      case 'read': {
        const chunk = this.#chunk(op.key, op.chunk);
        return chunk === undefined ? { ok: false, code: 'unreadable' } : { ok: true, value: chunk.slice() };
      }
      case 'remove':
        this.#offered.delete(op.key);
        return { ok: true, value: undefined };
      case 'create': {
        if (this.#receiving.has(op.key)) this.violations.push(`${op.key}: created twice`);
        const { facts, chunkBytes } = op;
        const bytes = new Uint8Array(facts.bytes);
        this.#receiving.set(op.key, { facts, chunkBytes, bytes, written: new Set(), finished: false });
        return { ok: true, value: undefined };
      }
      case 'write':
        return this.#write(op.key, op.chunk, op.bytes, op.sha256);
      case 'finish':
        return this.#finish(op.key);
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
    const file = this.#offered.get(key);
    if (file === undefined) return undefined;
    const { bytes, chunkBytes } = file;
    if (chunk >= chunkCount(bytes.length, chunkBytes)) {
      this.violations.push(`${key}: read of chunk ${chunk}, which it has not`);
      return undefined;
    }
    return bytes.subarray(chunk * chunkBytes, chunk * chunkBytes + chunkLength(bytes.length, chunkBytes, chunk));
  }

  #write(key: string, chunk: number, bytes: Uint8Array, sha256: Uint8Array): StoreResult {
    const file = this.#receiving.get(key);
    if (file === undefined || file.finished) {
      this.violations.push(`${key}: chunk ${chunk} written to a file that is not being received`);
      return { ok: false, code: 'store-failed' };
    }
    if (this.#sha256(bytes).some((byte, i) => byte !== sha256[i])) {
      this.violations.push(`${key}: chunk ${chunk} does not match its hash`);
      return { ok: true, value: false };
    }
    if (file.written.has(chunk)) this.violations.push(`${key}: chunk ${chunk} written twice`);
    file.written.add(chunk);
    file.bytes.set(bytes, chunk * file.chunkBytes);
    return { ok: true, value: true };
  }

  #finish(key: string): StoreResult {
    const file = this.#receiving.get(key);
    if (file === undefined || file.finished || file.written.size !== chunkCount(file.facts.bytes, file.chunkBytes)) {
      this.violations.push(`${key}: finished while ${file === undefined ? 'unknown' : 'done or incomplete'}`);
      return { ok: false, code: 'store-failed' };
    }
    file.finished = true;
    this.finished.set(key, { facts: file.facts, bytes: file.bytes });
    return { ok: true, value: key };
  }
}
