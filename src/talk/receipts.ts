// How far others have what this device wrote and have read it, how far this person has read, and who is typing.
import type { Hlc, RoomId } from '../wire/entry.ts';
import { chainKey, type ChainKey } from './chains.ts';
import type { TalkContext } from './context.ts';
import type { Peer } from './peers.ts';
import { lastOf } from './ranges.ts';
import type { RoomRecord } from './records.ts';
import type { Times } from './times.ts';

export class Receipts {
  readonly #context: TalkContext;
  readonly #times: Times;
  readonly #typedAtMs = new Map<RoomId, number>();

  constructor(context: TalkContext, times: Times) {
    this.#context = context;
    this.#times = times;
  }

  /** A peer told what it has of these chains. */
  heard(peer: Peer, keys: readonly ChainKey[]): void {
    for (const key of keys) {
      const chain = this.#context.chains.get(key);
      const first = peer.claimed(key)[0];
      if (chain?.author !== this.#context.self || first === undefined) continue;
      // Up to its first gap, and never beyond what there is.
      const seq = Math.min(first.last, lastOf(chain.ranges));
      if (seq <= (peer.delivered.get(key)?.seq ?? 0)) continue;
      this.#times.of(key, seq, (created) => {
        if (seq <= (peer.delivered.get(key)?.seq ?? 0) || this.#context.peers.get(peer.device) !== peer) return;
        peer.delivered.set(key, { seq, created });
        for (const room of this.#context.rooms.values()) {
          if (this.#context.chainOf(room.id) === chain.chain && this.#isIn(peer, room)) this.#emit(peer, room.id);
        }
      });
    }
  }

  #isIn(peer: Peer, room: RoomRecord): boolean {
    return this.#context.isIn(peer, room);
  }

  #emit(peer: Peer, room: RoomId): void {
    const key = chainKey(this.#context.self, this.#context.chainOf(room));
    const deliveredTo = peer.delivered.get(key)?.created ?? 0;
    const readTo = peer.readTo.get(room) ?? 0;
    this.#context.emit({ kind: 'receipt', receipt: { device: peer.device, room, deliveredTo, readTo } });
  }

  /** A peer's person has read a room. */
  read(peer: Peer, room: RoomId, created: Hlc): void {
    const record = this.#context.rooms.get(room);
    if (record === undefined || !this.#isIn(peer, record) || created <= (peer.readTo.get(room) ?? 0)) return;
    peer.readTo.set(room, created);
    this.#emit(peer, room);
  }

  /** These rooms were read here, up to wherever they say. */
  moved(rooms: Iterable<RoomRecord>, peers: Iterable<Peer> = this.#context.peers.values()): void {
    const to = [...peers];
    for (const room of rooms) {
      if (room.readTo === 0) continue;
      for (const peer of to) {
        if (!this.#isIn(peer, room)) continue;
        peer.unread.add(room.id);
        peer.readAtMs = Math.min(peer.readAtMs, this.#context.now() + this.#context.options.readMs);
      }
    }
  }

  tell(peer: Peer): void {
    if (this.#context.now() < peer.readAtMs || peer.blocked) return;
    for (const id of peer.unread) {
      const room = this.#context.rooms.get(id);
      peer.unread.delete(id);
      if (room === undefined || !this.#isIn(peer, room)) continue;
      const sent = this.#context.links.send(peer.device, { kind: 'read', room: id, created: room.readTo });
      peer.blocked = sent === 'blocked';
      if (peer.blocked) break;
    }
    peer.readAtMs = peer.unread.size === 0 ? Infinity : this.#context.now();
  }

  /** This person is typing. */
  typing(room: RoomId): void {
    const now = this.#context.now();
    const record = this.#context.rooms.get(room);
    if (record === undefined || now < (this.#typedAtMs.get(room) ?? -Infinity) + this.#context.options.typingMs) return;
    this.#typedAtMs.set(room, now);
    for (const peer of this.#context.peers.values()) {
      if (peer.blocked || !this.#isIn(peer, record)) continue;
      peer.blocked = this.#context.links.send(peer.device, { kind: 'typing', room }) === 'blocked';
    }
  }

  /** A peer's person is. */
  typed(peer: Peer, room: RoomId): void {
    const now = this.#context.now();
    const own = { device: this.#context.self, account: this.#context.account() };
    const record = this.#context.rooms.get(room);
    if (record === undefined || !this.#isIn(peer, record) || !this.#context.isIn(own, record)) return;
    if (now < peer.typedAtMs + this.#context.options.typingHeardMs) return;
    peer.typedAtMs = now;
    const { device } = peer;
    this.#context.emit({ kind: 'typing', room, device, name: this.#context.nameOf(device) });
  }
}
