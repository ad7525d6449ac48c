// The files accepted of others' offers: their order, pause and end, and which peer serves which. A transfer ends once, with
// a code; only `verified` leaves a finished file, but what is verified of the others is kept for another time.
import { chunkCount } from './chunks.ts';
import type { EndCode } from '../wire/codes.ts';
import type { EntryId } from '../wire/entry.ts';
import { HASH_BYTES, type Envelope, type OfferedFile } from '../wire/envelope.ts';
import type { ShareContext } from './context.ts';
import { Download } from './download.ts';
import { Inbox } from './inbox.ts';
import { factsOf, keptPart, pastSources, sameFile, transferView, type Incoming, type InOffer } from './incoming.ts';
import { Meter } from './meter.ts';
import type { KeptPart } from './ports.ts';
import { RateCap } from './rate-cap.ts';
import { Recheck } from './recheck.ts';
import type { Source } from './source.ts';
import { Transfers } from './transfers.ts';
import { Strikes } from './strikes.ts';
import type { Uploads } from './uploads.ts';

/** Files of one chunk that count as one larger file among those that are received at once. */
const SMALL_FILE_WEIGHT = 1 / 8;

/** What the offering device took back, or nobody wants any more, is not kept. */
const DISCARDED: ReadonlySet<EndCode> = new Set(['cancelled', 'withdrawn', 'declined']);

/** Where a paused transfer goes on, by whether the store has it. */
const RESUMED = { no: 'queued', asked: 'creating', yes: 'receiving' } as const;

export class Receiver {
  readonly cap: RateCap = new RateCap();
  readonly inbox: Inbox;
  readonly #context: ShareContext;
  readonly #uploads: Uploads;
  readonly #strikes: Strikes;
  readonly #transfers = new Transfers();
  #keys = 0;

  constructor(context: ShareContext, uploads: Uploads) {
    this.#context = context;
    this.#uploads = uploads;
    this.inbox = new Inbox(context);
    this.#strikes = new Strikes(context);
  }

  // --- offers ---

  offered(peer: string, envelope: Extract<Envelope, { kind: 'offer' }>): void {
    const offer = this.inbox.offered(peer, envelope);
    if (offer !== undefined) this.#takeUp(offer);
  }

  /** `numbers`: of the files to take; without, all. Nothing happens for an offer that is not open. */
  accept(id: string, numbers: readonly number[] | undefined): void {
    const offer = this.inbox.get(id);
    if (offer?.state !== 'open') return;
    const taken = offer.files.filter((file) => numbers?.includes(file.transfer) ?? true);
    if (taken.length === 0) return this.inbox.decline(id);
    this.inbox.close(offer, 'accepted');
    const transfers = taken.length === offer.files.length ? [] : taken.map((file) => file.transfer);
    this.#answer(offer, transfers);
    for (const file of taken) {
      const waiting = this.#waitingFor(file, offer);
      if (waiting === undefined) this.#add(offer, file);
      else this.#reattach(waiting, offer, file);
    }
    this.#startNext();
  }

  // --- what people do with transfers ---

  /** Ends it and removes what is here of it. */
  cancel(id: string): void {
    const transfer = this.#transfers.find(id);
    if (transfer !== undefined) this.#end(transfer, 'cancelled', true);
  }

  pause(id: string): void {
    const transfer = this.#transfers.find(id);
    if (transfer === undefined || transfer.state === 'finishing') return;
    transfer.state = 'paused';
    for (const source of transfer.download?.sources.values() ?? []) transfer.download?.release(source);
    this.#emit(transfer);
    this.#startNext();
  }

  resume(id: string): void {
    const transfer = this.#transfers.find(id);
    if (transfer?.state !== 'paused') return;
    transfer.state = RESUMED[transfer.created];
    this.#emit(transfer);
    this.#startNext();
    this.#pumpAll();
  }

  /** Takes a file again whose transfer ended, if its offer still stands. */
  retry(id: string): void {
    const transfer = this.#transfers.failed(id);
    if (transfer === undefined) return;
    const offer = this.inbox.get(transfer.offer.id);
    if (offer?.state !== 'accepted') return;
    offer.attempt++;
    this.#answer(offer, [transfer.file.transfer]);
    this.#transfers.remove(transfer);
    this.#add(offer, transfer.file);
    this.#startNext();
  }

  /** Reads a verified file back from the disk and hashes it once more. Nothing happens while that goes on already. */
  recheck(id: string): void {
    const transfer = this.#transfers.verified.find((each) => each.id === id);
    if (transfer?.download === undefined || transfer.recheck?.view.done === false) return;
    transfer.recheck = new Recheck(this.#context, transfer.download, () => this.#emit(transfer));
    this.#emit(transfer);
  }

  /** Places a transfer in the order of receiving: 0 is first. */
  move(id: string, place: number): void {
    this.#transfers.move(id, place);
    this.#startNext();
  }

  // --- peers ---

  /** A new session with a peer: it hears what is here. What it offers it offers anew. */
  peerUp(peer: string): void {
    for (const { download, offer } of [...this.#transfers.running, ...this.#transfers.verified]) {
      download?.drop(peer);
      download?.forget(peer);
      if (offer.peer !== peer) download?.tell(peer);
    }
    this.#pump(peer);
  }

  peerDown(peer: string): void {
    this.inbox.peerDown(peer);
    for (const transfer of this.#transfers.all) {
      transfer.download?.forget(peer);
      this.#drop(transfer, peer);
    }
    this.#pumpAll();
  }

  /** Out of the pool: everything ends, and what is unfinished is kept. */
  leave(): void {
    for (const transfer of this.#transfers.running) this.#end(transfer, 'peer-left', false);
    for (const { key } of this.#transfers.verified) this.#context.store({ op: 'remove', key }, () => {});
  }

  // --- what peers say ---

  hashes(peer: string, number: number, first: number, sha256: Uint8Array): void {
    const transfer = this.#transfers.offeredBy(peer, number);
    if (transfer?.download === undefined) return;
    if (first + sha256.length / HASH_BYTES > transfer.download.file.chunks) return this.#end(transfer, 'refused', true);
    if (!transfer.download.learn(first, sha256)) return this.#end(transfer, 'corrupt', true);
    this.#pumpSources(transfer);
  }

  tree(peer: string, tree: Extract<Envelope, { kind: 'tree' }>): void {
    const transfer = this.#transfers.offeredBy(peer, tree.transfer);
    if (transfer?.download?.grow(tree) === false) this.#end(transfer, 'corrupt', true);
  }

  had(peer: string, have: Extract<Envelope, { kind: 'have' }>): void {
    if (this.#strikes.struck(peer)) return;
    const same = ({ offer, file }: Incoming): boolean => offer.peer === have.origin && file.transfer === have.transfer;
    for (const { download } of this.#transfers.running.filter(same)) download?.had(this.#context.now(), peer, have);
    for (const { download } of this.#transfers.verified.filter(same)) download?.answer(peer);
    this.#pump(peer);
  }

  /** The peer's word that a transfer is over, or that it has nothing more of it. */
  ended(peer: string, number: number, code: EndCode): void {
    const transfer = this.#transfers.offeredBy(peer, number);
    const served = this.#transfers.running.find(({ download }) => download?.sources.get(peer)?.handle === number);
    if (served !== undefined && served !== transfer) {
      this.#drop(served, peer);
      return this.#pumpAll();
    }
    if (transfer === undefined) return this.inbox.ended(peer, number, code);
    // What is verified stays so, whatever its sender says afterwards.
    if (code === 'verified') return;
    if (code !== 'refused') return this.#end(transfer, code, false);
    // It knows nothing of it, as after a restart. Perhaps it offered it anew.
    this.#drop(transfer, peer);
    const anew = this.inbox.openOffer(peer, (file) => sameFile(file, transfer.file));
    if (anew !== undefined) this.#takeUp(anew);
  }

  /** What tells of an offer was taken back: nothing more of it is received, and what is here unfinished goes. */
  takenBack(entry: EntryId): void {
    this.inbox.takenBack(entry);
    for (const transfer of this.#transfers.running) {
      if (transfer.offer.entry === entry) this.#end(transfer, 'withdrawn', false);
    }
  }

  arrived(peer: string, number: number, chunk: number, bytes: Uint8Array): void {
    const { length } = bytes;
    const release = (): void => this.#context.links.releaseChunk(peer, length, bytes);
    for (const { download, state } of this.#transfers.running) {
      const source = state === 'receiving' ? download?.sources.get(peer) : undefined;
      if (source?.handle !== number) continue;
      return download?.arrived(source, chunk, bytes, release);
    }
    release();
  }

  get running(): boolean {
    return this.#transfers.running.some(({ state }) => state !== 'paused');
  }

  /** Tells the others what has arrived, and asks for what time has made due. */
  turn(): void {
    for (const { download } of this.#transfers.running) {
      download?.flush();
      for (const source of download?.sources.values() ?? []) source.meter.sample(this.#context.now());
    }
    if (this.cap.free(this.#context.now())) this.#pumpAll();
  }

  /** Samples rates, and shows them. */
  tick(): void {
    for (const transfer of this.#transfers.running) {
      if (transfer.state === 'queued' || transfer.state === 'paused') continue;
      transfer.meter.sample(this.#context.now());
      this.#emit(transfer);
      transfer.capped = false;
    }
  }

  // --- inside ---

  /** A transfer of this very file whose offering device is not there. */
  #waitingFor(file: OfferedFile, { peer, chunkBytes, private: only }: InOffer): Incoming | undefined {
    return this.#transfers.running.find(({ offer, file: known, state, download }) => {
      if (state === 'finishing' || offer.chunkBytes !== chunkBytes || !sameFile(known, file)) return false;
      // What is private is known to the device that offers it and stays so, whoever else offers what looks the same.
      if (offer.private !== only || (only && offer.peer !== peer)) return false;
      return download === undefined ? this.inbox.get(offer.id) !== offer : !download.sources.has(offer.peer);
    });
  }

  /** What waits for this device to come back goes on with what it offers now. */
  #takeUp(offer: InOffer): void {
    for (const file of offer.files) {
      const waiting = this.#waitingFor(file, offer);
      if (waiting?.offer.peer !== offer.peer) continue;
      offer.state = 'accepted';
      this.#reattach(waiting, offer, file);
    }
    this.inbox.emit(offer);
    this.#startNext();
  }

  #answer(offer: InOffer, transfers: readonly number[]): void {
    const { number, attempt } = offer;
    this.#context.links.send(offer.peer, { kind: 'answer', offer: number, accept: true, transfers, attempt });
  }

  #add(offer: InOffer, file: OfferedFile): void {
    const transfer: Incoming = {
      id: `in/${offer.peer}/${file.transfer}`,
      key: `in/${offer.peer}/${file.transfer}/${this.#keys++}`,
      handle: this.#context.number(),
      meter: new Meter(this.#context.now()),
      offer,
      file,
      state: 'queued',
      created: 'no',
      download: undefined,
      keptBytes: 0,
      end: undefined,
      location: undefined,
      past: new Map(),
      recheck: undefined,
      capped: false,
    };
    this.#transfers.add(transfer);
    this.#emit(transfer);
  }

  /** The same file, offered by another device or anew: what is here of it is compared with what is told now. */
  #reattach(transfer: Incoming, offer: InOffer, file: OfferedFile): void {
    const { download } = transfer;
    const again = transfer.offer.peer === offer.peer && transfer.file.transfer === file.transfer;
    transfer.offer = offer;
    transfer.file = file;
    if (download !== undefined && !again) {
      const { part } = download;
      for (const peer of download.sources.keys()) this.#drop(transfer, peer);
      transfer.meter.skip(-transfer.meter.doneBytes);
      transfer.keptBytes = 0;
      transfer.download = this.#download(transfer);
      if (transfer.created === 'yes') this.#begin(transfer, part);
    } else if (download !== undefined) this.#addOrigin(download);
    this.#answer(offer, [file.transfer]);
    this.#emit(transfer);
    this.#pumpSources(transfer);
  }

  #startNext(): void {
    let active = 0;
    for (const transfer of this.#transfers.running) {
      const { state, download } = transfer;
      if (state === 'paused' || (state === 'receiving' && download?.served === false)) continue;
      // A file of one chunk is mostly waited for: many at once cost nothing.
      active += transfer.file.bytes <= transfer.offer.chunkBytes ? SMALL_FILE_WEIGHT : 1;
      if (active > this.#context.options.receivingMax) return;
      if (state === 'queued') this.#start(transfer);
    }
  }

  #start(transfer: Incoming): void {
    const { key, file, offer } = transfer;
    transfer.state = 'creating';
    transfer.created = 'asked';
    transfer.download = this.#download(transfer);
    const op = { op: 'create', key, facts: factsOf(file, offer), chunkBytes: offer.chunkBytes } as const;
    this.#context.store(op, (result) => {
      if (result.ok) transfer.created = 'yes';
      // Over meanwhile: cancelled, or its device took it back.
      if (transfer.state === 'ended') return this.#letGo(transfer);
      if (!result.ok) return this.#end(transfer, result.code, true);
      if (transfer.state === 'creating') transfer.state = 'receiving';
      this.#begin(transfer, keptPart(result));
    });
  }

  #begin(transfer: Incoming, kept: KeptPart | undefined): void {
    const { download } = transfer;
    download?.begin(kept);
    if (download?.have.missing === 0 && transfer.state === 'receiving') this.#finish(transfer);
    else this.#pumpSources(transfer);
  }

  /** Serves and asks for a file; the others hear that it is received here. */
  #download(transfer: Incoming): Download {
    const { key, handle, offer } = transfer;
    const { transfer: number, bytes } = transfer.file;
    const { chunkBytes, peer: origin, private: only } = offer;
    const chunks = chunkCount(bytes, chunkBytes);
    const facts = { key, handle, origin, transfer: number, bytes, chunkBytes, chunks, private: only };
    const download = new Download(this.#context, facts, {
      verified: (chunk, source) => {
        // What was under way for an earlier one is found again by what replaced it.
        if (transfer.download === download) this.#verified(transfer, download.length(chunk), source);
      },
      wrong: (chunk, source) => this.#wrong(transfer, chunk, source),
      failed: (code) => this.#end(transfer, code, true),
      lacking: () => this.#pumpSources(transfer),
    });
    if (!only) this.#uploads.serve(download.forUploads(() => this.#stopServing(handle)));
    for (const peer of this.#uploads.peers) {
      if (peer !== origin) download.tell(peer);
      else this.#addOrigin(download);
    }
    return download;
  }

  /** Whoever asks for it here is to ask somebody else. */
  #stopServing(handle: number): void {
    this.#uploads.end(handle);
    for (const peer of this.#uploads.peers) {
      this.#context.links.send(peer, { kind: 'ended', transfer: handle, code: 'refused' });
    }
  }

  /** Tells the offering device that hashes are wanted now. */
  #addOrigin(download: Download): void {
    const { origin } = download.file;
    if (this.#strikes.struck(origin)) return;
    download.addOrigin(this.#context.now());
    download.tell(origin);
  }

  #verified(transfer: Incoming, bytes: number, source: Source | undefined): void {
    const { meter, download } = transfer;
    const first = meter.doneBytes === 0;
    if (source === undefined) {
      meter.skip(bytes);
      transfer.keptBytes += bytes;
    } else meter.doneBytes += bytes;
    if (download?.have.missing === 0) this.#finish(transfer);
    else {
      // It may have been cancelled while the store was writing; that was told.
      if (first && transfer.end === undefined) this.#emit(transfer);
      if (source !== undefined) this.#pump(source.peer);
    }
  }

  #wrong(transfer: Incoming, chunk: number, source: Source): void {
    source.wrongChunks++;
    const { file, digests } = transfer.download ?? {};
    const sha256 = digests?.get(chunk)?.slice() ?? new Uint8Array();
    const { origin = '', transfer: number = 0 } = file ?? {};
    const evidence = { origin, transfer: number, chunk, sha256, atMs: this.#context.wallMs() };
    this.#strikes.add(source.peer, evidence);
    if (!this.#strikes.struck(source.peer)) return this.#pump(source.peer);
    for (const each of this.#transfers.running) this.#drop(each, source.peer);
    this.#pumpAll();
    for (const each of this.#transfers.running) {
      // Nobody else has it, and it offers what it does not send.
      if (each.offer.peer === source.peer && each.download?.sources.size === 0) this.#end(each, 'corrupt', true);
    }
  }

  #drop(transfer: Incoming, peer: string): void {
    const { download } = transfer;
    const source = download?.sources.get(peer);
    if (source === undefined) return;
    pastSources(transfer, source, this.#context.nameOf(peer));
    download?.drop(peer);
    if (transfer.state === 'ended' || download?.served === true) return;
    this.#emit(transfer);
    this.#startNext();
  }

  #finish(transfer: Incoming): void {
    if (transfer.state !== 'receiving' && transfer.state !== 'paused') return;
    transfer.state = 'finishing';
    this.#context.store({ op: 'finish', key: transfer.key }, (result) => {
      if (!result.ok) return this.#end(transfer, result.code, true);
      if (typeof result.value === 'string') transfer.location = result.value;
      this.#end(transfer, 'verified', true);
    });
  }

  #end(transfer: Incoming, code: EndCode, tell: boolean): void {
    if (transfer.state === 'ended') return;
    // The last chunk is verified: only the store may still change the outcome.
    if (transfer.state === 'finishing' && (code === 'cancelled' || !tell)) return;
    const { offer, file, download } = transfer;
    transfer.state = 'ended';
    transfer.end = code;
    this.#transfers.retire(transfer);
    transfer.meter.end(this.#context.now());
    if (code === 'verified') download?.flush();
    for (const peer of download?.sources.keys() ?? []) this.#drop(transfer, peer);
    if (tell) this.#context.links.send(offer.peer, { kind: 'ended', transfer: file.transfer, code });
    if (code !== 'verified') {
      if (!offer.private) this.#stopServing(transfer.handle);
      if (transfer.created === 'yes') this.#letGo(transfer);
    }
    this.#emit(transfer);
    this.#startNext();
    this.#pumpAll();
  }

  #letGo({ key, end }: Incoming): void {
    const op = end !== undefined && DISCARDED.has(end) ? 'discard' : 'keep';
    this.#context.store({ op, key }, () => {});
  }

  /** Asks for one chunk of each running transfer in turn, until nothing more is to be asked of this peer. */
  #pump(peer: string): void {
    const receiving = this.#transfers.running.filter(
      ({ state, download }) => state === 'receiving' && download?.sources.has(peer) === true,
    );
    for (let asked = true; asked;) {
      asked = false;
      for (const transfer of receiving) {
        if (!this.cap.free(this.#context.now())) transfer.capped = true;
        else {
          const bytes = transfer.download?.ask(peer) ?? 0;
          this.cap.spend(bytes);
          asked ||= bytes > 0;
        }
      }
    }
  }

  #pumpSources({ download }: Incoming): void {
    for (const peer of download?.sources.keys() ?? []) this.#pump(peer);
  }

  #pumpAll(): void {
    const peers = new Set<string>();
    for (const { state, download } of this.#transfers.running) {
      if (state === 'receiving') for (const peer of download?.sources.keys() ?? []) peers.add(peer);
    }
    for (const peer of peers) this.#pump(peer);
  }

  #emit(transfer: Incoming): void {
    const nameOf = (peer: string): string => this.#context.nameOf(peer);
    const view = transferView(transfer, this.#context.now(), nameOf);
    this.#context.emit({ kind: 'transfer', transfer: view });
  }
}
