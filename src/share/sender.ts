// Own offers: files announced to everyone, hashed a little ahead of what is asked for, read chunk by chunk on request.
// The bytes of a chunk are asked of the store only when the link has room for them.
import type { EndCode } from '../wire/codes.ts';
import { HASH_BYTES, type Envelope } from '../wire/envelope.ts';
import type { ShareContext } from './context.ts';
import { Meter } from './meter.ts';
import { chunkCount, chunkLength, type FileFacts } from './ports.ts';
import type { OfferView, TransferView } from './views.ts';

interface Out {
  readonly id: string;
  readonly peer: string;
  readonly peerName: string;
  readonly meter: Meter;
  /** Chunks whose hashes this peer was told. */
  toldChunks: number;
  end: EndCode | undefined;
}

interface OwnFile {
  readonly offer: OwnOffer;
  readonly transfer: number;
  readonly key: string;
  readonly facts: FileFacts;
  readonly chunks: number;
  readonly sha256: Uint8Array;
  hashedChunks: number;
  hashing: boolean;
  /** One above the furthest chunk anyone asked for. */
  wantedChunks: number;
  /** Why it can be served no more. */
  failed: EndCode | undefined;
  readonly outs: Map<string, Out>;
}

interface OwnOffer {
  readonly number: number;
  readonly id: string;
  readonly atMs: number;
  readonly files: OwnFile[];
  withdrawn: boolean;
}

interface Asked {
  readonly request: number;
  readonly file: OwnFile;
  readonly chunk: number;
}

/** What one peer asked for and still waits for, and what is being read for it. */
interface PeerQueue {
  asked: Asked[];
  readingBytes: number;
}

const SPARES_MAX = 8;

export class Sender {
  readonly #context: ShareContext;
  readonly #self: string;
  readonly #offers = new Map<number, OwnOffer>();
  readonly #files = new Map<number, OwnFile>();
  readonly #peers = new Map<string, PeerQueue>();
  /** Buffers of delivered chunks, for the next reads: allocating them anew keeps the collector busy. */
  readonly #spares: Uint8Array[] = [];
  #next: number;

  /** `first` (u32) is where the numbers of offers and transfers begin; random, so that a restart never reuses one. */
  constructor(context: ShareContext, self: string, first: number) {
    this.#context = context;
    this.#self = self;
    this.#next = first;
  }

  /** Announces files that the store holds under `keys`. Returns the offer's id. */
  offer(files: readonly { readonly key: string; readonly facts: FileFacts }[]): string {
    const number = this.#number();
    const { chunkBytes } = this.#context.options;
    const offer: OwnOffer = {
      number,
      id: `${this.#self}/${number}`,
      atMs: this.#context.wallMs(),
      files: [],
      withdrawn: false,
    };
    for (const { key, facts } of files) {
      const chunks = chunkCount(facts.bytes, chunkBytes);
      const file: OwnFile = {
        offer,
        transfer: this.#number(),
        key,
        facts,
        chunks,
        sha256: new Uint8Array(chunks * HASH_BYTES),
        hashedChunks: 0,
        hashing: false,
        wantedChunks: 0,
        failed: undefined,
        outs: new Map(),
      };
      offer.files.push(file);
      this.#files.set(file.transfer, file);
    }
    this.#offers.set(number, offer);
    this.#emitOffer(offer);
    for (const peer of this.#peers.keys()) this.#announce(peer, offer);
    return offer.id;
  }

  /** Takes an own offer back, from those who have not answered and those who are receiving. */
  withdraw(id: string): void {
    for (const offer of this.#offers.values()) {
      if (offer.id !== id || offer.withdrawn) continue;
      offer.withdrawn = true;
      for (const file of offer.files) this.#fail(file, 'withdrawn', [...this.#peers.keys()]);
      this.#offers.delete(offer.number);
      this.#emitOffer(offer);
    }
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
    if (!this.#peers.has(peer)) this.#peers.set(peer, { asked: [], readingBytes: 0 });
    for (const offer of this.#offers.values()) this.#announce(peer, offer);
  }

  /** The link's session began anew: requests of the old one are void, the peer asks again. */
  peerReset(peer: string): void {
    if (this.#peers.has(peer)) this.#peers.set(peer, { asked: [], readingBytes: 0 });
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

  answer(peer: string, number: number, accept: boolean): void {
    const offer = this.#offers.get(number);
    if (offer === undefined) return;
    for (const file of offer.files) {
      const known = file.outs.get(peer);
      // Accepted before, over a session that is gone: it forgot the hashes with it.
      if (known !== undefined && known.end === undefined) known.toldChunks = 0;
      if (known === undefined) {
        const out = this.#out(file, peer);
        if (!accept) this.#stop(file, out, 'declined', false);
        else if (file.failed !== undefined) this.#stop(file, out, file.failed, true);
        else this.#emit(file, out);
      }
      this.#hash(file);
      this.#tellHashes(file);
    }
  }

  /** The peer's word that a transfer is over. It may overtake the answer that began it: messages keep no order. */
  ended(peer: string, transfer: number, code: EndCode): void {
    const file = this.#files.get(transfer);
    if (file === undefined || !this.#peers.has(peer)) return;
    const out = file.outs.get(peer) ?? this.#out(file, peer);
    if (out.end !== undefined) return;
    if (code === 'verified') out.meter.doneBytes = file.facts.bytes;
    this.#stop(file, out, code, false);
  }

  requested(peer: string, request: number, transfer: number, chunk: number): void {
    const file = this.#files.get(transfer);
    const out = file?.outs.get(peer);
    const queue = this.#peers.get(peer);
    if (queue === undefined) return;
    if (file === undefined || out === undefined || out.end !== undefined || chunk >= file.chunks) {
      this.#context.links.dropTransfer(peer, transfer, 'out');
      this.#context.links.send(peer, { kind: 'ended', transfer, code: out?.end ?? 'refused' });
      return;
    }
    queue.asked.push({ request, file, chunk });
    file.wantedChunks = Math.max(file.wantedChunks, chunk + 1);
    this.#hash(file);
    this.pump(peer);
  }

  delivered(peer: string, transfer: number, bytes: Uint8Array): void {
    if (this.#spares.length < SPARES_MAX) this.#spares.push(bytes);
    const out = this.#files.get(transfer)?.outs.get(peer);
    if (out !== undefined && out.end === undefined) out.meter.doneBytes += bytes.length;
    this.pump(peer);
  }

  /** Reads what was asked for, as far as the link has room. */
  pump(peer: string): void {
    const queue = this.#peers.get(peer);
    if (queue === undefined) return;
    for (let next = queue.asked[0]; next !== undefined; next = queue.asked[0]) {
      const { request, file, chunk } = next;
      const bytes = chunkLength(file.facts.bytes, this.#context.options.chunkBytes, chunk);
      if (this.#context.links.chunkRoomBytes(peer) - queue.readingBytes < bytes) return;
      queue.asked.shift();
      queue.readingBytes += bytes;
      const spare = this.#spares.pop();
      this.#context.store({ op: 'read', key: file.key, chunk, spare }, (result) => {
        queue.readingBytes -= bytes;
        if (!result.ok) return this.#fail(file, result.code, []);
        // What was read for a session that is gone answers no request of the next, whatever its number.
        if (this.#peers.get(peer) !== queue) return;
        if (file.failed === undefined && result.value instanceof Uint8Array) {
          const sent = this.#context.links.sendChunk(peer, request, result.value);
          if (sent === 'blocked') queue.asked.unshift(next);
        }
        this.pump(peer);
      });
    }
  }

  get running(): boolean {
    for (const file of this.#files.values()) {
      for (const out of file.outs.values()) if (out.end === undefined) return true;
    }
    return false;
  }

  tick(): void {
    for (const file of this.#files.values()) {
      for (const out of file.outs.values()) {
        if (out.end !== undefined) continue;
        out.meter.sample(this.#context.now());
        this.#emit(file, out);
      }
    }
  }

  #out(file: OwnFile, peer: string): Out {
    const id = `out/${peer}/${file.transfer}`;
    const meter = new Meter(this.#context.now());
    const out: Out = { id, peer, peerName: this.#context.nameOf(peer), meter, toldChunks: 0, end: undefined };
    file.outs.set(peer, out);
    return out;
  }

  #number(): number {
    const number = this.#next;
    this.#next = (this.#next + 1) % 2 ** 32;
    return number;
  }

  #announce(peer: string, offer: OwnOffer): void {
    const files = offer.files.map(({ transfer, facts }) => ({ transfer, ...facts }));
    const { chunkBytes } = this.#context.options;
    this.#context.links.send(peer, { kind: 'offer', offer: offer.number, chunkBytes, files });
  }

  /** Hashes on, in steps, while somebody receives, up to hashAheadChunks beyond the furthest request. */
  #hash(file: OwnFile): void {
    const { hashStepChunks, hashAheadChunks } = this.#context.options;
    const goal = Math.min(file.chunks, file.wantedChunks + hashAheadChunks);
    if (file.hashing || file.failed !== undefined || file.hashedChunks >= goal) return;
    if (![...file.outs.values()].some((out) => out.end === undefined)) return;
    const first = file.hashedChunks;
    // One chunk to begin with: it is what everybody waits for.
    const count = Math.min(first === 0 ? 1 : hashStepChunks, goal - first);
    file.hashing = true;
    this.#context.store({ op: 'hash', key: file.key, first, count }, (result) => {
      file.hashing = false;
      if (!result.ok) return this.#fail(file, result.code, []);
      if (!(result.value instanceof Uint8Array)) return;
      file.sha256.set(result.value, first * HASH_BYTES);
      file.hashedChunks = first + count;
      this.#tellHashes(file);
      this.#hash(file);
    });
  }

  #tellHashes(file: OwnFile): void {
    for (const out of file.outs.values()) {
      if (out.end !== undefined || out.toldChunks >= file.hashedChunks) continue;
      const first = out.toldChunks;
      // Never more at once than a receiver takes ahead of what it has asked for.
      const count = Math.min(file.hashedChunks - first, this.#context.options.hashesPerMessage);
      const sha256 = file.sha256.subarray(first * HASH_BYTES, (first + count) * HASH_BYTES);
      this.#context.links.send(out.peer, { kind: 'hashes', transfer: file.transfer, first, sha256 });
      out.toldChunks = first + count;
      if (out.toldChunks < file.hashedChunks) this.#tellHashes(file);
    }
  }

  /** The file can be served no more: ends every transfer of it and tells `others` too. */
  #fail(file: OwnFile, code: EndCode, others: readonly string[]): void {
    if (file.failed !== undefined) return;
    file.failed = code;
    const told = new Set(others);
    for (const out of file.outs.values()) {
      if (out.end === undefined) told.add(out.peer);
      this.#stop(file, out, code, false);
    }
    const ended: Envelope = { kind: 'ended', transfer: file.transfer, code };
    for (const peer of told) this.#context.links.send(peer, ended);
    this.#context.store({ op: 'remove', key: file.key }, () => {});
  }

  #stop(file: OwnFile, out: Out, code: EndCode, tell: boolean): void {
    if (out.end !== undefined) return;
    out.end = code;
    out.meter.end(this.#context.now());
    const queue = this.#peers.get(out.peer);
    if (queue !== undefined) queue.asked = queue.asked.filter((asked) => asked.file !== file);
    this.#context.links.dropTransfer(out.peer, file.transfer, 'out');
    if (tell) this.#context.links.send(out.peer, { kind: 'ended', transfer: file.transfer, code });
    this.#emit(file, out);
    // What was dropped made room that no delivery will tell of.
    this.pump(out.peer);
  }

  #emit(file: OwnFile, out: Out): void {
    const { meter, end } = out;
    const transfer: TransferView = {
      id: out.id,
      offer: file.offer.id,
      direction: 'out',
      peer: out.peer,
      peerName: out.peerName,
      name: file.facts.name,
      bytes: file.facts.bytes,
      doneBytes: Math.min(meter.doneBytes, file.facts.bytes),
      bytesPerSecond: meter.bytesPerSecond,
      state: end === undefined ? 'running' : 'ended',
      ...(end === undefined ? {} : { end }),
      seconds: meter.seconds(this.#context.now()),
    };
    this.#context.emit({ kind: 'transfer', transfer });
  }

  #emitOffer(offer: OwnOffer): void {
    const view: OfferView = {
      id: offer.id,
      from: this.#self,
      name: this.#context.nameOf(this.#self),
      own: true,
      atMs: offer.atMs,
      files: offer.files.map(({ facts }) => ({ name: facts.name, bytes: facts.bytes })),
      state: offer.withdrawn ? 'withdrawn' : 'open',
    };
    this.#context.emit({ kind: 'offer', offer: view });
  }
}
