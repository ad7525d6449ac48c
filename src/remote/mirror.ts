// How things are with the client, as its host told it last: what the synchronous accessors of a window answer from. What is told
// in an event is so before anybody hears it.
import { NO_POOL } from '../io/client-face.ts';
import type { TalkFace } from '../io/talk-face.ts';
import type { ControlStats } from '../pool/control.ts';
import type { MemberView, OfferView, PeerView, PoolEvent, RoomView, TransferView } from '../pool/views.ts';
import type { StateChange } from './frames.ts';
import { KEYS, ListMirror } from './lists.ts';

export class Mirror {
  #peers = new ListMirror<PeerView>(KEYS.peer);
  #rooms = new ListMirror<RoomView>(KEYS.room);
  #members = new ListMirror<MemberView>(KEYS.member);
  readonly #offers = new Map<string, OfferView>();
  readonly #transfers = new Map<string, TransferView>();
  /** Small pictures by offer and the file's number. */
  readonly #pictures = new Map<string, Map<number, Uint8Array>>();
  #control: ReadonlyMap<number, ControlStats | undefined> = new Map();
  #self: TalkFace['self'] | undefined;
  #offsetMs = 0;

  get inPool(): boolean {
    return this.#self !== undefined;
  }

  /** Throws an Error outside of a pool, as the client does. */
  get self(): TalkFace['self'] {
    if (this.#self === undefined) throw new Error(NO_POOL);
    return this.#self;
  }

  get poolTimeMs(): number {
    return Date.now() + (this.inPool ? this.#offsetMs : 0);
  }

  get peers(): readonly PeerView[] {
    return this.#peers.list;
  }

  get rooms(): readonly RoomView[] {
    return this.#rooms.list;
  }

  get members(): readonly MemberView[] {
    return this.#members.list;
  }

  get offers(): readonly OfferView[] {
    return [...this.#offers.values()];
  }

  get transfers(): readonly TransferView[] {
    return [...this.#transfers.values()];
  }

  control(stream: number): ControlStats | undefined {
    return this.inPool ? this.#control.get(stream) : undefined;
  }

  apply({ offsetMs, self, peers, rooms, members, control }: StateChange): void {
    if (offsetMs !== undefined) this.#offsetMs = offsetMs;
    if (self !== undefined) this.#begin(self === 'none' ? undefined : self);
    if (peers !== undefined) this.#peers.apply(peers);
    if (rooms !== undefined) this.#rooms.apply(rooms);
    if (members !== undefined) this.#members.apply(members);
    if (control !== undefined) this.#control = new Map(control);
  }

  clear(): void {
    this.#offers.clear();
    this.#transfers.clear();
    this.#pictures.clear();
  }

  picture(offer: string, number: number, image: Uint8Array): void {
    const pictures = this.#pictures.get(offer) ?? new Map<number, Uint8Array>();
    this.#pictures.set(offer, pictures.set(number, image));
  }

  /** What the event tells of the state is so from now on. The event as it happened, with what is kept here put back into it. */
  note(event: PoolEvent): PoolEvent {
    switch (event.kind) {
      case 'peer-joined':
      case 'peer-changed':
        this.#peers.apply({ put: [event.peer] });
        return event;
      case 'peer-left':
        this.#peers.apply({ put: [], gone: [event.peer.id] });
        return event;
      case 'room':
        this.#rooms.apply({ put: [event.room] });
        return event;
      case 'member':
        this.#members.apply({ put: [event.member] });
        return event;
      case 'transfer':
        this.#transfers.set(event.transfer.id, event.transfer);
        return event;
      case 'offer': {
        const offer = this.#pictured(event.offer);
        this.#offers.set(offer.id, offer);
        return { kind: 'offer', offer };
      }
      default:
        return event;
    }
  }

  #begin(self: TalkFace['self'] | undefined): void {
    this.#self = self;
    this.#peers = new ListMirror(KEYS.peer);
    this.#rooms = new ListMirror(KEYS.room);
    this.#members = new ListMirror(KEYS.member);
  }

  #pictured(offer: OfferView): OfferView {
    const pictures = this.#pictures.get(offer.id);
    const files = offer.files.map((file) => {
      const thumbnail = pictures?.get(file.number);
      return thumbnail === undefined ? file : { ...file, thumbnail };
    });
    return { ...offer, files };
  }
}
