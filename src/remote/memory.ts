// What a window that comes into the middle of a pool has to be told, as the events that told of it to those who were there.
import type { PoolClientFace } from '../io/client-face.ts';
import type { PeerId, PoolEvent } from '../pool/views.ts';

type Of<Kind extends PoolEvent['kind']> = Extract<PoolEvent, { readonly kind: Kind }>;

/** How far others have what was said, by device and room: more than a full pool with thirty rooms has. */
export const RECEIPTS_MAX = 8192;

export class Memory {
  #joined: Of<'joined'> | undefined;
  #backhaul: Of<'backhaul'> | undefined;
  #gaps: Of<'gaps'> | undefined;
  #older: Of<'older'> | undefined;
  readonly #unbound = new Map<PeerId, Of<'unbound'>>();
  readonly #receipts = new Map<string, Of<'receipt'>>();

  /** The pool that the client is in; undefined while it is in none, or only on its way. */
  get pool(): string | undefined {
    return this.#joined?.pool;
  }

  note(event: PoolEvent): void {
    switch (event.kind) {
      case 'joined':
        this.#joined = event;
        return;
      case 'left':
        return this.clear();
      case 'backhaul':
        this.#backhaul = event;
        return;
      case 'gaps':
        this.#gaps = event;
        return;
      case 'older':
        this.#older = event;
        return;
      case 'unbound':
        this.#unbound.set(event.peer, event);
        return;
      case 'peer-left':
        this.#unbound.delete(event.peer.id);
        return;
      case 'receipt':
        return this.#receipt(event);
      default:
        return; // what the client itself still shows, or what was for its moment
    }
  }

  /** Another pool is joined. */
  clear(): void {
    this.#joined = undefined;
    this.#backhaul = undefined;
    this.#gaps = undefined;
    this.#older = undefined;
    this.#unbound.clear();
    this.#receipts.clear();
  }

  /** All of it, `joined` first; nothing outside of a pool. */
  *events({
    peers,
    offers,
    transfers,
  }: Pick<PoolClientFace<string>, 'peers' | 'offers' | 'transfers'>): Generator<PoolEvent> {
    if (this.#joined === undefined) return;
    yield { ...this.#joined, peers };
    if (this.#backhaul !== undefined) yield this.#backhaul;
    for (const offer of offers) yield { kind: 'offer', offer };
    for (const transfer of transfers) yield { kind: 'transfer', transfer };
    yield* this.#unbound.values();
    if (this.#gaps !== undefined) yield this.#gaps;
    if (this.#older !== undefined) yield this.#older;
    yield* this.#receipts.values();
  }

  #receipt(event: Of<'receipt'>): void {
    const key = `${event.receipt.device}/${event.receipt.room}`;
    // The newest stand last: those that have not moved for longest are let go of.
    this.#receipts.delete(key);
    this.#receipts.set(key, event);
    for (const oldest of this.#receipts.keys()) {
      if (this.#receipts.size <= RECEIPTS_MAX) break;
      this.#receipts.delete(oldest);
    }
  }
}
