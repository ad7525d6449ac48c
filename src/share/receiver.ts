// Offers of others, and what was accepted of them: ask for every chunk whose hash is known, have the store verify and keep
// it, ask again for one that was wrong. A transfer ends once, with a code; only `verified` leaves a file behind.
import type { EndCode } from '../wire/codes.ts';
import { HASH_BYTES, type OfferedFile } from '../wire/envelope.ts';
import type { ShareContext } from './context.ts';
import { Meter } from './meter.ts';
import { chunkCount, chunkLength } from './ports.ts';
import type { OfferView, TransferView } from './views.ts';

interface InOffer {
  readonly peer: string;
  readonly peerName: string;
  readonly number: number;
  readonly id: string;
  readonly atMs: number;
  readonly chunkBytes: number;
  readonly files: readonly OfferedFile[];
  state: OfferView['state'];
}

interface In {
  readonly id: string;
  readonly offer: InOffer;
  readonly file: OfferedFile;
  readonly key: string;
  readonly chunks: number;
  readonly meter: Meter;
  /** queued: waits its turn. creating, receiving, finishing: what the store is doing for it. */
  state: 'queued' | 'creating' | 'receiving' | 'finishing' | 'ended';
  /** Hashes of chunks that are announced and not yet verified. */
  readonly sha256: Map<number, Uint8Array>;
  nextChunk: number;
  /** To ask for again: they were wrong, or their request went with a session. */
  readonly again: number[];
  readonly outstanding: Set<number>;
  readonly wrong: Map<number, number>;
  verifiedChunks: number;
  end: EndCode | undefined;
  location: string | undefined;
}

export class Receiver {
  readonly #context: ShareContext;
  readonly #offers = new Map<string, InOffer>();
  /** In the order of acceptance. */
  readonly #running = new Map<string, In>();
  /** Withdrawals of what was never offered, `peer/transfer`: messages keep no order, so the offer may be on its way. */
  readonly #early = new Set<string>();
  #keys = 0;

  constructor(context: ShareContext) {
    this.#context = context;
  }

  offered(peer: string, number: number, chunkBytes: number, files: readonly OfferedFile[]): void {
    const id = `${peer}/${number}`;
    const known = this.#offers.get(id);
    if (known !== undefined) return;
    if (files.some((file) => this.#early.has(`${peer}/${file.transfer}`))) return; // withdrawn before it arrived
    const mine = [...this.#offers.values()].filter((offer) => offer.peer === peer);
    const fileCount = mine.reduce((sum, offer) => sum + offer.files.length, files.length);
    const { offersPerPeerMax, filesPerPeerMax } = this.#context.options;
    if (mine.length >= offersPerPeerMax || fileCount > filesPerPeerMax) {
      this.#context.links.send(peer, { kind: 'answer', offer: number, accept: false });
      return;
    }
    const atMs = this.#context.wallMs();
    const peerName = this.#context.nameOf(peer);
    const offer: InOffer = { peer, peerName, number, id, atMs, chunkBytes, files, state: 'open' };
    this.#offers.set(id, offer);
    this.#emitOffer(offer);
  }

  accept(id: string): void {
    const offer = this.#offers.get(id);
    if (offer?.state !== 'open') return;
    offer.state = 'accepted';
    this.#context.links.send(offer.peer, { kind: 'answer', offer: offer.number, accept: true });
    this.#emitOffer(offer);
    for (const file of offer.files) {
      const transfer: In = {
        id: `in/${offer.peer}/${file.transfer}`,
        offer,
        file,
        key: `in/${offer.peer}/${file.transfer}/${this.#keys++}`,
        chunks: chunkCount(file.bytes, offer.chunkBytes),
        meter: new Meter(this.#context.now()),
        state: 'queued',
        sha256: new Map(),
        nextChunk: 0,
        again: [],
        outstanding: new Set(),
        wrong: new Map(),
        verifiedChunks: 0,
        end: undefined,
        location: undefined,
      };
      this.#running.set(transfer.id, transfer);
      this.#emit(transfer);
    }
    this.#startNext();
  }

  decline(id: string): void {
    const offer = this.#offers.get(id);
    if (offer?.state !== 'open') return;
    this.#context.links.send(offer.peer, { kind: 'answer', offer: offer.number, accept: false });
    this.#close(offer, 'declined');
  }

  cancel(id: string): void {
    const transfer = this.#running.get(id);
    if (transfer !== undefined) this.#end(transfer, 'cancelled', true);
  }

  /** A new session with the same peer: what was asked of the old one is asked again. */
  peerReset(peer: string): void {
    const offers = new Set<InOffer>();
    for (const transfer of this.#of(peer)) {
      offers.add(transfer.offer);
      transfer.again.push(...transfer.outstanding);
      transfer.outstanding.clear();
    }
    for (const offer of offers) {
      this.#context.links.send(peer, { kind: 'answer', offer: offer.number, accept: true });
    }
    this.#pump(peer);
  }

  peerDown(peer: string): void {
    for (const transfer of this.#of(peer)) this.#end(transfer, 'peer-left', false);
    for (const offer of this.#offers.values()) {
      if (offer.peer !== peer) continue;
      // Forgotten, so that it may be offered anew when its device returns.
      if (offer.state === 'open') this.#close(offer, 'withdrawn');
      this.#offers.delete(offer.id);
    }
    for (const early of this.#early) if (early.startsWith(`${peer}/`)) this.#early.delete(early);
  }

  hashes(peer: string, number: number, first: number, sha256: Uint8Array): void {
    const transfer = this.#running.get(`in/${peer}/${number}`);
    if (transfer === undefined) return;
    const count = sha256.length / HASH_BYTES;
    const limit = Math.min(transfer.chunks, transfer.nextChunk + this.#context.options.hashesHeldMax);
    if (first + count > limit) return this.#end(transfer, 'refused', true);
    for (let i = 0; i < count; i++) {
      // Only what is not yet asked for, or was asked of a session that is gone; a hash once told stands.
      if (transfer.sha256.has(first + i) || first + i < transfer.nextChunk) continue;
      transfer.sha256.set(first + i, sha256.slice(i * HASH_BYTES, (i + 1) * HASH_BYTES));
    }
    this.#pump(peer);
  }

  /** The peer's word that a transfer is over. */
  ended(peer: string, number: number, code: EndCode): void {
    const transfer = this.#running.get(`in/${peer}/${number}`);
    // What is verified stays so, whatever its sender says afterwards.
    if (transfer !== undefined && code !== 'verified') return this.#end(transfer, code, false);
    const offers = [...this.#offers.values()].filter((offer) => offer.peer === peer);
    const named = offers.filter((offer) => offer.files.some((file) => file.transfer === number));
    for (const offer of named) if (offer.state === 'open') this.#close(offer, 'withdrawn');
    if (named.length > 0 || code !== 'withdrawn') return;
    if (this.#early.size < this.#context.options.filesPerPeerMax) this.#early.add(`${peer}/${number}`);
  }

  arrived(peer: string, number: number, chunk: number, bytes: Uint8Array): void {
    const release = (): void => this.#context.links.releaseChunk(peer, length, bytes);
    const length = bytes.length;
    const transfer = this.#running.get(`in/${peer}/${number}`);
    const sha256 = transfer?.sha256.get(chunk);
    if (transfer?.state !== 'receiving' || sha256 === undefined || !transfer.outstanding.delete(chunk))
      return release();
    this.#context.store({ op: 'write', key: transfer.key, chunk, bytes, sha256 }, (result) => {
      release();
      if (transfer.state === 'receiving') {
        if (!result.ok) this.#end(transfer, result.code, true);
        else if (result.value === true) this.#verified(transfer, chunk, length);
        else this.#wrong(transfer, chunk);
      }
      this.#pump(peer);
    });
  }

  get running(): boolean {
    return this.#running.size > 0;
  }

  tick(): void {
    for (const transfer of this.#running.values()) {
      transfer.meter.sample(this.#context.now());
      this.#emit(transfer);
    }
  }

  #of(peer: string): In[] {
    return [...this.#running.values()].filter((transfer) => transfer.offer.peer === peer);
  }

  #startNext(): void {
    let active = 0;
    for (const transfer of this.#running.values()) {
      if (active >= this.#context.options.receivingMax) return;
      active++;
      if (transfer.state === 'queued') this.#start(transfer);
    }
  }

  #start(transfer: In): void {
    transfer.state = 'creating';
    const { name, bytes, modifiedMs } = transfer.file;
    const { chunkBytes, peer } = transfer.offer;
    const facts = { name, bytes, modifiedMs };
    this.#context.store({ op: 'create', key: transfer.key, facts, chunkBytes }, (result) => {
      if (transfer.state === 'ended') return this.#discard(transfer); // cancelled meanwhile
      if (!result.ok) return this.#end(transfer, result.code, true);
      transfer.state = 'receiving';
      if (transfer.chunks === 0) this.#finish(transfer);
      else this.#pump(peer);
    });
  }

  /** Asks for one chunk of each running transfer in turn, until the link takes no more. */
  #pump(peer: string): void {
    const receiving = this.#of(peer).filter((transfer) => transfer.state === 'receiving');
    for (let asked = true; asked;) {
      asked = false;
      for (const transfer of receiving) {
        const chunk = transfer.again[0] ?? transfer.nextChunk;
        if (!transfer.sha256.has(chunk)) continue;
        const bytes = chunkLength(transfer.file.bytes, transfer.offer.chunkBytes, chunk);
        if (this.#context.links.requestChunk(peer, transfer.file.transfer, chunk, bytes) !== 'ok') return;
        if (transfer.again.length > 0) transfer.again.shift();
        else transfer.nextChunk++;
        transfer.outstanding.add(chunk);
        asked = true;
      }
    }
  }

  #verified(transfer: In, chunk: number, bytes: number): void {
    transfer.sha256.delete(chunk);
    transfer.wrong.delete(chunk);
    const first = transfer.verifiedChunks++ === 0;
    transfer.meter.doneBytes += bytes;
    if (transfer.verifiedChunks === transfer.chunks) this.#finish(transfer);
    else if (first) this.#emit(transfer);
  }

  #wrong(transfer: In, chunk: number): void {
    const times = (transfer.wrong.get(chunk) ?? 0) + 1;
    if (times >= this.#context.options.wrongChunkMax) return this.#end(transfer, 'corrupt', true);
    transfer.wrong.set(chunk, times);
    transfer.again.push(chunk);
  }

  #finish(transfer: In): void {
    transfer.state = 'finishing';
    this.#context.store({ op: 'finish', key: transfer.key }, (result) => {
      if (!result.ok) return this.#end(transfer, result.code, true);
      if (typeof result.value === 'string') transfer.location = result.value;
      this.#end(transfer, 'verified', true);
    });
  }

  #end(transfer: In, code: EndCode, tell: boolean): void {
    if (transfer.state === 'ended') return;
    // The last chunk is verified: only the store may still change the outcome.
    if (transfer.state === 'finishing' && (code === 'peer-left' || code === 'cancelled' || !tell)) return;
    const { state, offer, file } = transfer;
    transfer.state = 'ended';
    transfer.end = code;
    transfer.meter.end(this.#context.now());
    this.#running.delete(transfer.id);
    this.#context.links.dropTransfer(offer.peer, file.transfer, 'in');
    if (tell) this.#context.links.send(offer.peer, { kind: 'ended', transfer: file.transfer, code });
    if (code !== 'verified' && (state === 'receiving' || state === 'finishing')) this.#discard(transfer);
    this.#emit(transfer);
    this.#startNext();
    this.#pump(offer.peer);
  }

  #discard(transfer: In): void {
    this.#context.store({ op: 'discard', key: transfer.key }, () => {});
  }

  #close(offer: InOffer, state: OfferView['state']): void {
    offer.state = state;
    this.#emitOffer(offer);
  }

  #emit(transfer: In): void {
    const { meter, offer, file, end, location } = transfer;
    const view: TransferView = {
      id: transfer.id,
      offer: offer.id,
      direction: 'in',
      peer: offer.peer,
      peerName: offer.peerName,
      name: file.name,
      bytes: file.bytes,
      doneBytes: meter.doneBytes,
      bytesPerSecond: meter.bytesPerSecond,
      state: end === undefined ? 'running' : 'ended',
      ...(end === undefined ? {} : { end }),
      ...(location === undefined ? {} : { location }),
      seconds: meter.seconds(this.#context.now()),
    };
    this.#context.emit({ kind: 'transfer', transfer: view });
  }

  #emitOffer(offer: InOffer): void {
    const { id, peer, peerName, atMs, state } = offer;
    const files = offer.files.map(({ name, bytes }) => ({ name, bytes }));
    this.#context.emit({ kind: 'offer', offer: { id, from: peer, name: peerName, own: false, atMs, files, state } });
  }
}
