// What others offer: open until it is answered, taken back, or its device is gone. Bounded for each peer.
import type { EndCode } from '../wire/codes.ts';
import { entryId, type EntryId } from '../wire/entry.ts';
import type { Envelope, OfferedFile } from '../wire/envelope.ts';
import type { ShareContext } from './context.ts';
import { offerView, type InOffer } from './incoming.ts';
import type { OfferView } from './views.ts';

export class Inbox {
  readonly #context: ShareContext;
  readonly #offers = new Map<string, InOffer>();
  /** Withdrawals of what was never offered, `peer/transfer`: messages keep no order, so the offer may be on its way. */
  readonly #early = new Set<string>();

  constructor(context: ShareContext) {
    this.#context = context;
  }

  get(id: string): InOffer | undefined {
    return this.#offers.get(id);
  }

  /** An open offer of this peer with such a file in it. */
  openOffer(peer: string, wanted: (file: OfferedFile) => boolean): InOffer | undefined {
    return this.#of(peer).find(({ state, files }) => state === 'open' && files.some(wanted));
  }

  /** An offer that was not known; undefined if it was, or is not to be shown. */
  offered(peer: string, envelope: Extract<Envelope, { kind: 'offer' }>): InOffer | undefined {
    const { offer: number, chunkBytes, files, entry } = envelope;
    const id = `${peer}/${number}`;
    if (this.#offers.has(id)) return undefined;
    if (files.some((file) => this.#early.has(`${peer}/${file.transfer}`))) return undefined; // withdrawn before it arrived
    const open = this.#of(peer).filter(({ state }) => state === 'open');
    const fileCount = open.reduce((sum, offer) => sum + offer.files.length, files.length);
    const { offersPerPeerMax, filesPerPeerMax } = this.#context.options;
    if (open.length >= offersPerPeerMax || fileCount > filesPerPeerMax) {
      this.#context.links.send(peer, { kind: 'answer', offer: number, accept: false, transfers: [], attempt: 0 });
      return undefined;
    }
    const offer: InOffer = {
      peer,
      peerName: this.#context.nameOf(peer),
      number,
      id,
      atMs: this.#context.wallMs(),
      chunkBytes,
      files,
      private: envelope.private,
      entry: entry && entryId(peer, entry.chain, entry.seq),
      thumbnails: new Map(),
      state: 'open',
      attempt: 0,
    };
    this.#forgetOldest(peer);
    this.#offers.set(id, offer);
    return offer;
  }

  thumbnail(peer: string, transfer: number, image: Uint8Array): void {
    for (const offer of this.#of(peer)) {
      if (offer.thumbnails.has(transfer) || !offer.files.some((file) => file.transfer === transfer)) continue;
      offer.thumbnails.set(transfer, image.slice());
      this.emit(offer);
    }
  }

  decline(id: string): void {
    const offer = this.#offers.get(id);
    if (offer?.state !== 'open') return;
    const answer = { kind: 'answer', offer: offer.number, accept: false, transfers: [], attempt: 0 } as const;
    this.#context.links.send(offer.peer, answer);
    this.close(offer, 'declined');
  }

  /** The offering device's word that a file is not to be had, of which nothing is received here. */
  ended(peer: string, transfer: number, code: EndCode): void {
    const named = this.#of(peer).filter((offer) => offer.files.some((file) => file.transfer === transfer));
    for (const offer of named) if (offer.state === 'open') this.close(offer, 'withdrawn');
    if (named.length > 0 || code !== 'withdrawn') return;
    if (this.#early.size < this.#context.options.filesPerPeerMax) this.#early.add(`${peer}/${transfer}`);
  }

  /** The entry that tells of it was taken back. */
  takenBack(entry: EntryId): void {
    for (const offer of this.#offers.values()) {
      if (offer.entry === entry && offer.state === 'open') this.close(offer, 'withdrawn');
    }
  }

  /** Its offers are forgotten, so that they may be made anew when it returns. */
  peerDown(peer: string): void {
    for (const offer of this.#of(peer)) {
      if (offer.state === 'open') this.close(offer, 'withdrawn');
      this.#offers.delete(offer.id);
    }
    for (const early of this.#early) if (early.startsWith(`${peer}/`)) this.#early.delete(early);
  }

  close(offer: InOffer, state: OfferView['state']): void {
    offer.state = state;
    this.emit(offer);
  }

  emit(offer: InOffer): void {
    this.#context.emit({ kind: 'offer', offer: offerView(offer) });
  }

  #of(peer: string): InOffer[] {
    return [...this.#offers.values()].filter((offer) => offer.peer === peer);
  }

  /** Of those that are answered, as many are remembered as may be open. */
  #forgetOldest(peer: string): void {
    const answered = this.#of(peer).filter(({ state }) => state !== 'open');
    const { offersPerPeerMax } = this.#context.options;
    for (const offer of answered.slice(0, Math.max(0, answered.length - offersPerPeerMax)))
      this.#offers.delete(offer.id);
  }
}
