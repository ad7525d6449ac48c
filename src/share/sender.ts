// Own offers: files announced to everyone or to some alone, hashed a little ahead of what is asked for, their hash tree told as it grows.
// What goes out is uploads.ts's; what is kept here for each receiver is only for people to see.
import { chunkCount } from './chunks.ts';
import type { EndCode } from '../wire/codes.ts';
import { parseEntryId, type EntryId } from '../wire/entry.ts';
import { HASH_BYTES, SUBTREES_MAX, type Envelope } from '../wire/envelope.ts';
import { ChunkSet } from './chunk-set.ts';
import type { ShareContext } from './context.ts';
import { partsOf, partsOfSet } from './have.ts';
import { Digests } from './digests.ts';
import { SUBTREE_CHUNKS, subtreeRoot, treeRoot } from './hash-tree.ts';
import { Meter } from './meter.ts';
import type { FileFacts } from './ports.ts';
import type { Served, Uploads } from './uploads.ts';
import type { OfferView, TransferView } from './views.ts';

interface Out {
  readonly id: string;
  readonly peer: string;
  readonly peerName: string;
  readonly meter: Meter;
  readonly attempt: number;
  /** Chunks whose hashes this peer was told, and subtrees. */
  toldChunks: number;
  toldSubtrees: number;
  toldRoot: boolean;
  toldGiven: boolean;
  /** It said that it is receiving now; before, it may just have put the file into its queue. */
  begun: boolean;
  end: EndCode | undefined;
}

interface OwnFile {
  readonly offer: OwnOffer;
  readonly served: Served;
  readonly facts: FileFacts;
  readonly digests: Digests;
  /** Roots of the subtrees that are hashed whole, 32 bytes each. */
  subtrees: Uint8Array;
  hashing: boolean;
  /** One above the furthest chunk that anybody needs to know of. */
  wantedChunks: number;
  /** Why it can be served no more. */
  failed: EndCode | undefined;
  thumbnail: Uint8Array | undefined;
  /** Chunks that were asked for since the receivers were told. */
  fresh: number[];
  readonly outs: Map<string, Out>;
}

interface OwnOffer {
  readonly number: number;
  readonly id: string;
  readonly atMs: number;
  readonly chunkBytes: number;
  readonly files: OwnFile[];
  /** Undefined: everyone. To anybody else it is as if it did not exist. */
  readonly to: ReadonlySet<string> | undefined;
  readonly entry: EntryId | undefined;
  withdrawn: boolean;
}

export class Sender {
  readonly #context: ShareContext;
  readonly #uploads: Uploads;
  readonly #offers = new Map<number, OwnOffer>();
  readonly #files = new Map<number, OwnFile>();
  readonly #peers = new Set<string>();

  constructor(context: ShareContext, uploads: Uploads) {
    this.#context = context;
    this.#uploads = uploads;
  }

  /** Announces files that the store holds under `keys`, to those of `to` alone if there is one. Returns the offer's id. */
  offer(
    files: readonly { readonly key: string; readonly facts: FileFacts }[],
    chunkBytes: number,
    to?: ReadonlySet<string>,
    entry?: EntryId,
  ): string {
    const number = this.#context.number();
    const id = `${this.#context.self}/${number}`;
    const atMs = this.#context.wallMs();
    const offer: OwnOffer = { number, id, atMs, chunkBytes, files: [], to, entry, withdrawn: false };
    for (const { key, facts } of files) {
      const file = this.#file(offer, key, facts);
      offer.files.push(file);
      this.#files.set(file.served.handle, file);
      this.#uploads.serve(file.served);
    }
    this.#offers.set(number, offer);
    this.#emitOffer(offer);
    for (const peer of this.#audience(offer)) this.#announce(peer, offer);
    return offer.id;
  }

  /** Shows a small picture of the file of this place in an own offer. */
  picture(id: string, place: number, image: Uint8Array): void {
    for (const offer of this.#offers.values()) {
      const file = offer.files[place];
      if (offer.id !== id || file === undefined) continue;
      file.thumbnail = image;
      for (const peer of this.#audience(offer)) this.#tellPicture(peer, file);
      this.#emitOffer(offer);
    }
  }

  /** Takes an own offer back, from those who have not answered and those who are receiving. */
  withdraw(id: string): void {
    for (const offer of this.#offers.values()) {
      if (offer.id !== id || offer.withdrawn) continue;
      offer.withdrawn = true;
      for (const file of offer.files) {
        // Of one that failed before, only those who were receiving have heard.
        if (file.failed !== undefined) this.#tellEnd(file, 'withdrawn', this.#audience(offer));
        else this.#fail(file, 'withdrawn', this.#audience(offer));
      }
      this.#offers.delete(offer.number);
      this.#emitOffer(offer);
    }
  }

  /** The entry that tells of it was taken back. */
  takenBack(entry: EntryId): void {
    for (const offer of this.#offers.values()) if (offer.entry === entry) this.withdraw(offer.id);
  }

  /** Stops one outgoing transfer. */
  cancel(id: string): void {
    for (const file of this.#files.values()) {
      for (const out of file.outs.values()) {
        if (out.id === id) this.#stop(file, out, 'cancelled', true);
      }
    }
  }

  peerUp(peer: string): void {
    this.#peers.add(peer);
    for (const offer of this.#offers.values()) if (isFor(offer, peer)) this.#announce(peer, offer);
  }

  peerDown(peer: string): void {
    this.#peers.delete(peer);
    for (const file of this.#files.values()) {
      const out = file.outs.get(peer);
      if (out === undefined) continue;
      this.#stop(file, out, 'peer-left', false);
      file.outs.delete(peer);
    }
  }

  answer(peer: string, answer: Extract<Envelope, { kind: 'answer' }>): void {
    const offer = this.#offers.get(answer.offer);
    if (offer === undefined || !isFor(offer, peer)) {
      // Of an earlier life of this device: whoever waits for these may take them up from a new offer.
      for (const transfer of answer.transfers)
        this.#context.links.send(peer, { kind: 'ended', transfer, code: 'refused' });
      return;
    }
    const taken = answer.transfers.length > 0 ? new Set(answer.transfers) : undefined;
    for (const file of offer.files) {
      if (taken?.has(file.served.handle) === false) continue;
      const known = file.outs.get(peer);
      // Accepted before, over a session that is gone: it forgot the hashes with it.
      if (known !== undefined && known.end === undefined) {
        known.toldChunks = known.toldSubtrees = 0;
        known.toldRoot = known.toldGiven = false;
      }
      if (known === undefined || answer.attempt > known.attempt) this.#begin(file, peer, answer.attempt, answer.accept);
      this.#hash(file);
      this.#tellHashes(file);
    }
  }

  /**
   * A receiver begins with a file, and has these chunks of it from an earlier time: it wants to know of those that follow. It
   * may overtake the answer that it goes with: messages keep no order.
   */
  had(peer: string, have: Extract<Envelope, { kind: 'have' }>): void {
    const file = this.#fileFor(peer, have.transfer);
    if (file === undefined) return;
    const out = file.outs.get(peer) ?? this.#begin(file, peer, 0, true);
    out.begun = true;
    const furthest = have.bitmap.length > 0 ? have.first + have.bitmap.length * 8 : 0;
    const { hashAheadChunks, hashResumeChunks } = this.#context.options;
    this.#want(file, furthest > 0 ? furthest + hashResumeChunks : hashAheadChunks);
    this.#hash(file);
    this.#tellHashes(file);
  }

  /** The peer's word that a transfer is over. It may overtake the answer that began it: messages keep no order. */
  ended(peer: string, transfer: number, code: EndCode): void {
    const file = this.#fileFor(peer, transfer);
    if (file === undefined) return;
    const out = file.outs.get(peer) ?? this.#out(file, peer, 0);
    if (out.end !== undefined) return;
    if (code === 'verified') out.meter.skip(file.facts.bytes - Math.min(out.meter.doneBytes, file.facts.bytes));
    this.#stop(file, out, code, false);
  }

  /** Out of the pool: nothing is offered any more. */
  leave(): void {
    for (const { served, failed } of this.#files.values()) {
      if (failed === undefined) this.#context.store({ op: 'remove', key: served.key }, () => {});
    }
  }

  get running(): boolean {
    for (const file of this.#files.values()) {
      for (const out of file.outs.values()) if (out.end === undefined) return true;
    }
    return false;
  }

  /** Tells what links had no room for. */
  turn(): void {
    for (const file of this.#files.values()) {
      if (file.digests.end === 0) continue;
      this.#tellHashes(file);
      this.#tellGiven(file);
    }
  }

  /** Samples rates, and shows them. */
  tick(): void {
    for (const file of this.#files.values()) {
      for (const out of file.outs.values()) {
        if (out.end !== undefined) continue;
        out.meter.sample(this.#context.now());
        this.#emit(file, out);
      }
    }
  }

  /** Those who are here of those it is for. */
  #audience(offer: OwnOffer): string[] {
    return [...this.#peers].filter((peer) => isFor(offer, peer));
  }

  /** A file that this peer may know of. */
  #fileFor(peer: string, handle: number): OwnFile | undefined {
    const file = this.#peers.has(peer) ? this.#files.get(handle) : undefined;
    return file !== undefined && isFor(file.offer, peer) ? file : undefined;
  }

  #file(offer: OwnOffer, key: string, facts: FileFacts): OwnFile {
    const { chunkBytes } = offer;
    const chunks = chunkCount(facts.bytes, chunkBytes);
    const file: OwnFile = {
      offer,
      facts,
      served: {
        handle: this.#context.number(),
        key,
        bytes: facts.bytes,
        chunkBytes,
        given: new ChunkSet(chunks),
        refusal: (peer, chunk) => {
          const out = file.outs.get(peer);
          return out === undefined || chunk >= chunks ? 'refused' : out.end;
        },
        wanted: (chunk) => {
          file.fresh.push(chunk);
          this.#want(file, chunk + this.#context.options.hashAheadChunks);
        },
        delivered: (peer, bytes) => {
          const out = file.outs.get(peer);
          if (out !== undefined && out.end === undefined) out.meter.doneBytes += bytes;
        },
        failed: (code) => this.#fail(file, code, []),
      },
      digests: new Digests(chunks),
      subtrees: new Uint8Array(),
      hashing: false,
      wantedChunks: 0,
      failed: undefined,
      thumbnail: undefined,
      fresh: [],
      outs: new Map(),
    };
    return file;
  }

  #begin(file: OwnFile, peer: string, attempt: number, accept: boolean): Out {
    const out = this.#out(file, peer, attempt);
    if (!accept) this.#stop(file, out, 'declined', false);
    else if (file.failed !== undefined) this.#stop(file, out, file.failed, true);
    else this.#emit(file, out);
    return out;
  }

  #out(file: OwnFile, peer: string, attempt: number): Out {
    const out: Out = {
      id: `out/${peer}/${file.served.handle}`,
      peer,
      peerName: this.#context.nameOf(peer),
      meter: new Meter(this.#context.now()),
      attempt,
      toldChunks: 0,
      toldSubtrees: 0,
      toldRoot: false,
      toldGiven: false,
      begun: false,
      end: undefined,
    };
    file.outs.set(peer, out);
    return out;
  }

  #announce(peer: string, offer: OwnOffer): void {
    const files = offer.files.map(({ served, facts }) => ({ transfer: served.handle, ...facts }));
    const { number, chunkBytes, to } = offer;
    const entry = offer.entry === undefined ? undefined : parseEntryId(offer.entry);
    const told = { kind: 'offer', offer: number, chunkBytes, files, private: to !== undefined } as const;
    this.#context.links.send(peer, entry === undefined ? told : { ...told, entry });
    for (const file of offer.files) this.#tellPicture(peer, file);
  }

  #tellPicture(peer: string, { served, thumbnail }: OwnFile): void {
    if (thumbnail === undefined) return;
    this.#context.links.send(peer, { kind: 'thumbnail', transfer: served.handle, image: thumbnail });
  }

  #want(file: OwnFile, chunks: number): void {
    if (chunks <= file.wantedChunks) return;
    file.wantedChunks = chunks;
    this.#hash(file);
  }

  /** Hashes on, in steps, while somebody receives, up to what is wanted. */
  #hash(file: OwnFile): void {
    const first = file.digests.end;
    const goal = Math.min(file.served.given.chunks, file.wantedChunks);
    if (file.hashing || file.failed !== undefined || first >= goal) return;
    if (![...file.outs.values()].some((out) => out.begun && out.end === undefined)) return;
    // One chunk to begin with: it is what everybody waits for.
    const count = Math.min(first === 0 ? 1 : this.#context.options.hashStepChunks, goal - first);
    file.hashing = true;
    this.#context.store({ op: 'hash', key: file.served.key, first, count }, (result) => {
      file.hashing = false;
      if (!result.ok) return this.#fail(file, result.code, []);
      if (!(result.value instanceof Uint8Array)) return;
      for (let i = 0; i < count; i++) {
        file.digests.set(first + i, result.value.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES));
      }
      this.#grow(file);
      this.#tellHashes(file);
      this.#hash(file);
    });
  }

  /** Adds the subtrees that are whole now. */
  #grow(file: OwnFile): void {
    const { chunks } = file.served.given;
    for (;;) {
      const first = (file.subtrees.length / HASH_BYTES) * SUBTREE_CHUNKS;
      const count = Math.min(SUBTREE_CHUNKS, chunks - first);
      if (count <= 0 || first + count > file.digests.end) return;
      const subtrees = new Uint8Array(file.subtrees.length + HASH_BYTES);
      subtrees.set(file.subtrees);
      subtrees.set(subtreeRoot(file.digests.range(first, count)), file.subtrees.length);
      file.subtrees = subtrees;
    }
  }

  #tellHashes(file: OwnFile): void {
    const { hashesPerMessage } = this.#context.options;
    for (const out of file.outs.values()) {
      const { handle: transfer } = file.served;
      if (!out.begun) continue;
      // A file that was hashed before has many to tell: as fast as the link takes them.
      for (let taken = true; taken && out.end === undefined && out.toldChunks < file.digests.end;) {
        const first = out.toldChunks;
        const count = Math.min(file.digests.end - first, hashesPerMessage);
        const sha256 = file.digests.range(first, count);
        out.toldChunks = first + count;
        taken = this.#context.links.send(out.peer, { kind: 'hashes', transfer, first, sha256 }) === 'ok';
      }
      if (out.end === undefined) this.#tellTree(file, out);
    }
  }

  /** With several receivers: each hears what the others were given, and asks them for it. */
  #tellGiven(file: OwnFile): void {
    const { given, handle } = file.served;
    const { self: origin, links } = this.#context;
    const receiving = [...file.outs.values()].filter(({ begun, end }) => begun && end === undefined);
    const fresh = file.fresh.splice(0);
    // Of what is private nobody gives to anybody.
    if (receiving.length < 2 || file.offer.to !== undefined) return;
    for (const out of receiving) {
      const parts = out.toldGiven ? partsOf(fresh) : partsOfSet(given);
      out.toldGiven = true;
      for (const part of parts)
        links.send(out.peer, { kind: 'have', origin, transfer: handle, handle, ...part, all: false });
    }
  }

  #tellTree(file: OwnFile, out: Out): void {
    const known = file.subtrees.length / HASH_BYTES;
    const whole = file.digests.end === file.served.given.chunks;
    for (;;) {
      if (out.toldRoot || (out.toldSubtrees === known && !whole)) return;
      const first = out.toldSubtrees;
      const until = Math.min(known, first + SUBTREES_MAX);
      const subtrees = file.subtrees.subarray(first * HASH_BYTES, until * HASH_BYTES);
      out.toldSubtrees = until;
      out.toldRoot = whole && until === known;
      const root = out.toldRoot ? treeRoot(file.subtrees) : undefined;
      this.#context.links.send(out.peer, { kind: 'tree', transfer: file.served.handle, first, subtrees, root });
    }
  }

  /** The file can be served no more: ends every transfer of it and tells `others` too. */
  #fail(file: OwnFile, code: EndCode, others: readonly string[]): void {
    if (file.failed !== undefined) return;
    file.failed = code;
    // Whoever has not answered yet need not be offered what cannot be had.
    const told = new Set(file.offer.files.length === 1 ? this.#audience(file.offer) : others);
    for (const out of file.outs.values()) {
      if (out.end === undefined) told.add(out.peer);
      this.#stop(file, out, code, false);
    }
    this.#tellEnd(file, code, told);
    this.#uploads.end(file.served.handle);
    this.#context.store({ op: 'remove', key: file.served.key }, () => {});
  }

  #tellEnd({ served }: OwnFile, code: EndCode, peers: Iterable<string>): void {
    for (const peer of peers) this.#context.links.send(peer, { kind: 'ended', transfer: served.handle, code });
  }

  #stop(file: OwnFile, out: Out, code: EndCode, tell: boolean): void {
    if (out.end !== undefined) return;
    out.end = code;
    out.meter.end(this.#context.now());
    this.#uploads.drop(out.peer, file.served);
    if (tell) this.#context.links.send(out.peer, { kind: 'ended', transfer: file.served.handle, code });
    this.#emit(file, out);
  }

  #emit(file: OwnFile, out: Out): void {
    const { meter, end } = out;
    const { name, bytes, folder } = file.facts;
    const transfer: TransferView = {
      id: out.id,
      offer: file.offer.id,
      direction: 'out',
      peer: out.peer,
      peerName: out.peerName,
      name,
      bytes,
      doneBytes: Math.min(meter.doneBytes, bytes),
      keptBytes: 0,
      bytesPerSecond: meter.bytesPerSecond,
      state: end === undefined ? 'running' : 'ended',
      ...(end === undefined ? {} : { end }),
      seconds: meter.seconds(this.#context.now()),
      ...(folder === undefined ? {} : { folder }),
      sources: [],
    };
    this.#context.emit({ kind: 'transfer', transfer });
  }

  #emitOffer(offer: OwnOffer): void {
    const { self } = this.#context;
    const view: OfferView = {
      id: offer.id,
      from: self,
      name: this.#context.nameOf(self),
      own: true,
      atMs: offer.atMs,
      files: offer.files.map(({ served, facts: { name, bytes, folder }, thumbnail }) => ({
        number: served.handle,
        name,
        bytes,
        ...(folder === undefined ? {} : { folder }),
        ...(thumbnail === undefined ? {} : { thumbnail }),
      })),
      private: offer.to !== undefined,
      ...(offer.to === undefined ? {} : { to: [...offer.to] }),
      ...(offer.entry === undefined ? {} : { entry: offer.entry }),
      state: offer.withdrawn ? 'withdrawn' : 'open',
    };
    this.#context.emit({ kind: 'offer', offer: view });
  }
}

const isFor = ({ to }: OwnOffer, peer: string): boolean => to?.has(peer) ?? true;
