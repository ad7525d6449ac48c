// One file that is received: which chunks are wanted, of whom each is asked, what of an earlier time is still right. A chunk
// counts when the store has verified it against the hash that the offering device told; it may come from anybody.
import { chunkLength, sameBytes } from './chunks.ts';
import { HASH_BYTES, type Envelope } from '../wire/envelope.ts';
import { ChunkSet, hasBit } from './chunk-set.ts';
import type { ShareContext } from './context.ts';
import { Digests } from './digests.ts';
import { partsOf, partsOfSet } from './have.ts';
import type { KeptPart } from './ports.ts';
import { Source } from './source.ts';
import { TreeCheck } from './tree-check.ts';
import type { Served } from './uploads.ts';

/** Before the end a source may be so many times slower than towards it. */
const HEDGE_EARLY = 5;

/** What the one that owns the download makes of what happens to it. */
export interface DownloadEvents {
  /** This chunk is verified and stored; `source` is undefined if it was kept of an earlier time. */
  verified(chunk: number, source: Source | undefined): void;
  /** The store has no such bytes, or does not answer. */
  wrong(chunk: number, source: Source): void;
  failed(code: 'no-space' | 'store-failed'): void;
  /** There is more to ask for. */
  lacking(): void;
}

export interface DownloadFile {
  readonly key: string;
  /** Of the device that offers it. */
  readonly origin: string;
  /** That device's number for it. */
  readonly transfer: number;
  readonly bytes: number;
  readonly chunkBytes: number;
  readonly chunks: number;
  /** This device's number for it. */
  readonly handle: number;
  /** It is between the offering device and this one: nobody else is told anything, asked for anything or believed. */
  readonly private: boolean;
}

export class Download {
  readonly file: DownloadFile;
  readonly have: ChunkSet;
  readonly digests: Digests;
  readonly sources: Map<string, Source> = new Map();
  readonly given: ChunkSet;
  /** Bytes that the store is at. */
  storingBytes = 0;
  readonly #context: ShareContext;
  readonly #events: DownloadEvents;
  /** How many have each chunk, or will soon; made when somebody tells of it. */
  #holders: Uint8Array | undefined;
  /** Chunks asked for: of how many, and since when. */
  readonly #asked = new Map<number, { times: number; readonly sinceMs: number }>();
  /** May lie on the disk since a crash: to be looked at before it is asked for. */
  readonly #toCheck: number[] = [];
  readonly #unsure = new Set<number>();
  #checking = 0;
  readonly #tree: TreeCheck;
  #begun = false;
  #kept: KeptPart | undefined;
  /** Verified here and not yet told. */
  #fresh: number[] = [];
  readonly #told = new Set<string>();
  /** Those of them that take part as well. */
  readonly #answered = new Set<string>();
  /** No chunk below is wanted. */
  #low = 0;

  constructor(context: ShareContext, file: DownloadFile, events: DownloadEvents) {
    this.#context = context;
    this.#events = events;
    this.file = file;
    this.have = new ChunkSet(file.chunks);
    this.given = new ChunkSet(file.chunks);
    this.digests = new Digests(file.chunks);
    this.#tree = new TreeCheck(file.chunks);
  }

  /** The store is ready, and has this of an earlier time. Nothing is asked for before. */
  begin(kept: KeptPart | undefined): void {
    this.#begun = true;
    this.#kept = kept;
    for (let chunk = 0; chunk < this.digests.end; chunk++) this.#compare(chunk);
    this.#compared();
  }

  /**
   * What is here of it, for a download of the same file as somebody else, or the same device anew, offers it: what is verified,
   * and what of an earlier time was not compared yet.
   */
  get part(): KeptPart {
    const { chunks } = this.file;
    const sha256 = this.#kept?.sha256.slice() ?? new Uint8Array(chunks * HASH_BYTES);
    const here = new ChunkSet(chunks, this.#kept?.bitmap);
    for (let chunk = 0; chunk < chunks; chunk++) {
      const digest = this.have.has(chunk) ? this.digests.get(chunk) : undefined;
      if (digest === undefined) continue;
      here.add(chunk);
      sha256.set(digest, chunk * HASH_BYTES);
    }
    return { bitmap: here.bitmap, sha256, maybeChunks: this.#kept?.maybeChunks ?? 0 };
  }

  /**
   * Whether it can go on: the offering device is here, or somebody else has what is missing. Without that device no more
   * hashes are told, and nothing can be verified without.
   */
  get served(): boolean {
    return this.sources.has(this.file.origin) || this.#asked.size > 0 || this.storingBytes > 0;
  }

  /** Hashes told by the offering device, of chunks there are; what it told first stands. False if they contradict its tree. */
  learn(first: number, sha256: Uint8Array): boolean {
    for (let i = 0; i < sha256.length / HASH_BYTES; i++) {
      if (this.digests.set(first + i, sha256.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES))) this.#compare(first + i);
    }
    this.#compared();
    return this.#tree.agrees(this.digests);
  }

  /** Roots told by the offering device. False if they contradict its hashes. */
  grow({ first, subtrees, root }: Extract<Envelope, { kind: 'tree' }>): boolean {
    return this.#tree.told(first, subtrees, root) && this.#tree.agrees(this.digests);
  }

  addOrigin(now: number): void {
    const { origin, transfer } = this.file;
    if (!this.sources.has(origin)) this.sources.set(origin, new Source(now, origin, transfer, true, this.file.chunks));
  }

  /**
   * What a peer says it has. The offering device has everything: what it tells is what it has given to somebody, who will
   * have it soon.
   */
  had(now: number, peer: string, have: Extract<Envelope, { kind: 'have' }>): void {
    if (this.#isStranger(peer)) return;
    const known = this.sources.get(peer);
    if (known !== undefined && known.handle !== have.handle && !known.origin) this.drop(peer);
    let source = this.sources.get(peer);
    if (source === undefined) {
      if (peer === this.file.origin) return;
      source = new Source(now, peer, have.handle, false, this.file.chunks);
      this.sources.set(peer, source);
    }
    if (!source.origin) this.answer(peer);
    this.#holders ??= new Uint8Array(this.file.chunks);
    const { chunks } = this.file;
    const [from, until] = have.all ? [0, chunks] : [have.first, have.first + have.bitmap.length * 8];
    for (let chunk = from; chunk < Math.min(chunks, until); chunk++) {
      if (!have.all && !hasBit(have.bitmap, chunk - have.first)) continue;
      if (source.told.add(chunk)) this.#holders[chunk] = Math.min(255, (this.#holders[chunk] ?? 0) + 1);
    }
  }

  /** A source is gone, or is asked no more: what was asked of it is asked of others. */
  drop(peer: string): void {
    const source = this.sources.get(peer);
    if (source === undefined) return;
    this.release(source);
    this.sources.delete(peer);
    this.forget(peer);
    if (this.#holders === undefined) return;
    for (let chunk = 0; chunk < this.file.chunks; chunk++) {
      const holders = this.#holders[chunk] ?? 0;
      if (source.told.has(chunk) && holders > 0) this.#holders[chunk] = holders - 1;
    }
  }

  /** What was asked of this source is to be asked anew. */
  release(source: Source): void {
    for (const chunk of source.asked.keys()) this.#unask(chunk);
    source.asked.clear();
    this.#context.links.dropTransfer(source.peer, source.handle, 'in');
  }

  /** Asks this source for one chunk; its bytes. 0 if there is none to ask for, or the link takes no request. */
  ask(peer: string): number {
    const source = this.sources.get(peer);
    const now = this.#context.now();
    const { links, options } = this.#context;
    const alone = this.sources.size === 1;
    if (source?.wantsMore(now, links.rttMs(peer), this.file.chunkBytes, options, alone) !== true) return 0;
    const chunk = this.#pick(source) ?? this.#hedge(source, now);
    if (chunk === undefined) return 0;
    const bytes = this.length(chunk);
    if (links.requestChunk(peer, source.handle, chunk, bytes) !== 'ok') return 0;
    source.asked.set(chunk, now);
    const asked = this.#asked.get(chunk);
    if (asked === undefined) this.#asked.set(chunk, { times: 1, sinceMs: now });
    else asked.times++;
    return bytes;
  }

  /** Bytes of a chunk that was asked of this source. Whoever calls lets go of them when `done` runs. */
  arrived(source: Source, chunk: number, bytes: Uint8Array, done: () => void): void {
    const sha256 = this.digests.get(chunk);
    if (!source.asked.has(chunk)) return done();
    if (sha256 === undefined || this.have.has(chunk)) {
      this.#settled(source, chunk);
      return done();
    }
    const { length } = bytes;
    this.storingBytes += length;
    this.#context.store({ op: 'write', key: this.file.key, chunk, bytes, sha256 }, (result) => {
      this.storingBytes -= length;
      done();
      if (!result.ok) return this.#events.failed(result.code === 'no-space' ? 'no-space' : 'store-failed');
      if (result.value === true) source.arrived(this.#context.now(), chunk, length);
      this.#settled(source, chunk);
      if (result.value !== true) return this.#events.wrong(chunk, source);
      if (this.have.has(chunk)) return; // a second source was as fast
      this.#add(chunk, source);
    });
  }

  /** What others may ask for of it. `failed`: it cannot be read. */
  forUploads(failed: () => void): Served {
    const { key, handle, bytes, chunkBytes, chunks } = this.file;
    const refusal = (_peer: string, chunk: number): 'refused' | undefined =>
      chunk < chunks && this.have.has(chunk) ? undefined : 'refused';
    const { given } = this;
    return { key, handle, bytes, chunkBytes, given, refusal, wanted: () => {}, delivered: () => {}, failed };
  }

  length(chunk: number): number {
    return chunkLength(this.file.bytes, this.file.chunkBytes, chunk);
  }

  /** Whether it is still being found out what an earlier time left: the offering device is told of it. */
  get resuming(): boolean {
    return !this.#begun || this.#kept !== undefined;
  }

  /** Tells this peer all that is here; from now on it hears of what is added. */
  tell(peer: string): void {
    if (this.#told.has(peer) || this.#isStranger(peer)) return;
    this.#told.add(peer);
    const all = this.have.missing === 0;
    if (all || this.have.count === 0) return this.#sendHave([peer], 0, new Uint8Array(), all);
    for (const { first, bitmap } of partsOfSet(this.have)) this.#sendHave([peer], first, bitmap, false);
  }

  /** A peer tells of this file: it takes part from now on, and what it was told before, it may have passed over. */
  answer(peer: string): void {
    if (this.#answered.has(peer)) return;
    this.#answered.add(peer);
    this.#told.delete(peer);
    this.tell(peer);
  }

  /** A new session begins with this peer: it knows nothing any more. */
  forget(peer: string): void {
    this.#told.delete(peer);
    this.#answered.delete(peer);
  }

  /** Tells everybody what was added. */
  flush(): void {
    // The offering device hashes as far as it is asked, and as far as it hears that there is something already.
    if (!this.resuming) this.#told.delete(this.file.origin);
    if (this.#fresh.length === 0) return;
    for (const { first, bitmap } of partsOf(this.#fresh)) this.#sendHave([...this.#told], first, bitmap, false);
    this.#fresh = [];
  }

  #isStranger(peer: string): boolean {
    return this.file.private && peer !== this.file.origin;
  }

  #sendHave(peers: readonly string[], first: number, bitmap: Uint8Array, all: boolean): void {
    const { origin, transfer, handle } = this.file;
    for (const peer of peers) {
      this.#context.links.send(peer, { kind: 'have', origin, transfer, handle, first, bitmap, all });
    }
  }

  #wants(chunk: number): boolean {
    if (this.have.has(chunk) || this.#asked.has(chunk) || !this.digests.known.has(chunk)) return false;
    return !this.#unsure.has(chunk);
  }

  /** From the only source in order; of several the chunk that the fewest have, and of those one that others will not pick. */
  #pick(source: Source): number | undefined {
    this.#low = this.have.firstMissing(this.#low);
    if (!this.#begun) return undefined;
    const alone = this.sources.size === 1;
    let best: number | undefined;
    let least = Infinity;
    let looked = 0;
    /** What the offering device gave to somebody is to come from there, as long as it has something else to give. */
    let given: number | undefined;
    for (let chunk = this.#low; chunk < this.digests.end; chunk++) {
      if (!this.#wants(chunk)) continue;
      if (++looked > this.#context.options.rarestAmongChunks) break;
      if (!source.hasChunk(chunk)) continue;
      if (alone) return chunk;
      if (source.origin && source.told.has(chunk) && source.told.missing > 0) {
        given ??= chunk;
        continue;
      }
      const score = (this.#holders?.[chunk] ?? 0) * 2 ** 16 + scatter(chunk, this.file.handle);
      if (score < least) [best, least] = [chunk, score];
    }
    // What is known and neither here nor asked for was given, all of it, and not everybody who was given it passes it on.
    return best ?? (this.digests.known.missing === 0 ? given : undefined);
  }

  /** What another source is slow with; towards the end, when all that is missing has been asked for, sooner. */
  #hedge(source: Source, now: number): number | undefined {
    if (source.asked.size >= 2) return undefined;
    const { hedgeMs } = this.#context.options;
    const last = this.have.count + this.#asked.size >= this.file.chunks;
    const slowMs = Math.max(hedgeMs, 2 * source.chunkMs) * (last ? 1 : HEDGE_EARLY);
    for (const [chunk, { times, sinceMs }] of this.#asked) {
      if (times < 2 && now - sinceMs >= slowMs && !source.asked.has(chunk) && source.hasChunk(chunk)) return chunk;
    }
    return undefined;
  }

  #settled(source: Source, chunk: number): void {
    if (source.asked.delete(chunk)) this.#unask(chunk);
  }

  #unask(chunk: number): void {
    const asked = this.#asked.get(chunk);
    if (asked !== undefined && --asked.times <= 0) this.#asked.delete(chunk);
  }

  #add(chunk: number, source: Source | undefined): void {
    this.have.add(chunk);
    // Others that were asked as well need not answer any more.
    if (this.#asked.delete(chunk)) {
      for (const each of this.sources.values()) {
        if (each.asked.delete(chunk)) this.#context.links.cancelChunk(each.peer, each.handle, chunk);
      }
    }
    this.#fresh.push(chunk);
    this.#events.verified(chunk, source);
  }

  /** Its hash is known: is it what was kept? */
  #compare(chunk: number): void {
    const sha256 = this.digests.get(chunk);
    if (this.#kept === undefined || sha256 === undefined) return;
    if (hasBit(this.#kept.bitmap, chunk)) {
      if (sameBytes(this.#kept.sha256.subarray(chunk * HASH_BYTES, (chunk + 1) * HASH_BYTES), sha256))
        this.#found(chunk);
    } else if (chunk < this.#kept.maybeChunks) {
      this.#toCheck.push(chunk);
      this.#unsure.add(chunk);
    }
  }

  #compared(): void {
    this.#check();
    if (this.digests.known.missing > 0) return;
    this.#kept = undefined;
  }

  #found(chunk: number): void {
    if (!this.have.has(chunk)) this.#add(chunk, undefined);
  }

  #check(): void {
    while (this.#checking < this.#context.options.checksMax) {
      const chunk = this.#toCheck.shift();
      const sha256 = chunk === undefined ? undefined : this.digests.get(chunk);
      if (chunk === undefined || sha256 === undefined) return;
      this.#checking++;
      this.#context.store({ op: 'check', key: this.file.key, chunk, sha256 }, (result) => {
        this.#checking--;
        this.#unsure.delete(chunk);
        if (result.ok && result.value === true) this.#found(chunk);
        else this.#events.lacking();
        this.#check();
      });
    }
  }
}

/** A number from 0 to 65,535 that looks random, the same for the same two: every device has an order of its own. */
function scatter(chunk: number, seed: number): number {
  let mixed = Math.imul(chunk ^ seed, 0x9e3779b1);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x85ebca6b);
  return (mixed ^ (mixed >>> 13)) & 0xffff;
}
