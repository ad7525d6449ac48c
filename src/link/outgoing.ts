// What waits to be sent or acknowledged in one flow: messages or chunks, cut into fragments as datagrams have room.
// A lost fragment goes again in a new packet; one that no longer fits is cut smaller.

/** One message or chunk on its way out. */
export interface Outgoing {
  /** Message number, or the request it answers. */
  readonly id: number;
  /** Undefined for messages. */
  readonly transfer: number | undefined;
  /** Chunk index, 0 for messages. */
  readonly chunk: number;
  readonly bytes: Uint8Array;
  /** First byte that was never sent. */
  sentBytes: number;
  unackedBytes: number;
  dropped: boolean;
  /** A message: whether its beginning was charged to the peer's credit. */
  charged: boolean;
}

/** A piece in flight, or lost and waiting to go again. */
export interface Fragment {
  readonly of: Outgoing;
  readonly offset: number;
  readonly length: number;
  state: 'flying' | 'waiting' | 'done';
}

export class SendQueue {
  readonly #fresh: Outgoing[] = [];
  readonly #again: Fragment[] = [];
  readonly #all = new Map<number, Outgoing>();
  /** Bytes of everything not yet acknowledged whole. */
  queuedBytes = 0;

  get count(): number {
    return this.#all.size;
  }

  push(id: number, transfer: number | undefined, chunk: number, bytes: Uint8Array): void {
    const item = {
      id,
      transfer,
      chunk,
      bytes,
      sentBytes: 0,
      unackedBytes: bytes.length,
      dropped: false,
      charged: false,
    };
    this.#all.set(id, item);
    this.#fresh.push(item);
    this.queuedBytes += bytes.length;
  }

  /** The fresh item that would be begun next, if the next fragment begins one. */
  beginning(): Outgoing | undefined {
    this.#skip();
    if (this.#again.length > 0) return undefined;
    const item = this.#fresh[0];
    return item?.sentBytes === 0 ? item : undefined;
  }

  get empty(): boolean {
    this.#skip();
    return this.#again.length === 0 && this.#fresh.length === 0;
  }

  /** The next fragment of at most `maxBytes` (above 0), now flying. */
  next(maxBytes: number): Fragment | undefined {
    this.#skip();
    const lost = this.#again[0];
    if (lost !== undefined) {
      if (lost.length <= maxBytes) {
        this.#again.shift();
        lost.state = 'flying';
        return lost;
      }
      lost.state = 'done'; // replaced by two; a late ack of the whole is not counted, which costs one repeat at most
      const { of, offset, length } = lost;
      this.#again[0] = { of, offset: offset + maxBytes, length: length - maxBytes, state: 'waiting' };
      return { of, offset, length: maxBytes, state: 'flying' };
    }
    const item = this.#fresh[0];
    if (item === undefined) return undefined;
    const length = Math.min(maxBytes, item.bytes.length - item.sentBytes);
    const fragment: Fragment = { of: item, offset: item.sentBytes, length, state: 'flying' };
    item.sentBytes += length;
    if (item.sentBytes === item.bytes.length) this.#fresh.shift();
    return fragment;
  }

  /** Returns the item if this was the last of it. */
  acked(fragment: Fragment): Outgoing | undefined {
    if (fragment.state === 'done') return undefined;
    fragment.state = 'done';
    const item = fragment.of;
    item.unackedBytes -= fragment.length;
    if (item.dropped || item.unackedBytes > 0) return undefined;
    this.#forget(item);
    return item;
  }

  lost(fragment: Fragment): void {
    if (fragment.state !== 'flying' || fragment.of.dropped) return;
    fragment.state = 'waiting';
    this.#again.push(fragment);
  }

  /** Drops everything; nothing of it is sent any more. */
  clear(): void {
    for (const item of this.#all.values()) item.dropped = true;
    this.#fresh.length = 0;
    this.#again.length = 0;
    this.#all.clear();
    this.queuedBytes = 0;
  }

  /** Drops one item; its bytes, 0 if there is none. */
  drop(id: number): number {
    const item = this.#all.get(id);
    if (item === undefined) return 0;
    item.dropped = true;
    this.#forget(item);
    return item.bytes.length;
  }

  #forget(item: Outgoing): void {
    this.#all.delete(item.id);
    this.queuedBytes -= item.bytes.length;
  }

  #skip(): void {
    while (this.#fresh[0]?.dropped === true) this.#fresh.shift();
    for (let head = this.#again[0]; head !== undefined; head = this.#again[0]) {
      if (head.state === 'waiting' && !head.of.dropped) return;
      this.#again.shift();
    }
  }
}
