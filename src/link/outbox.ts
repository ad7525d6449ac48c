// What waits to go out within the window: messages, and the chunks of each transfer. Deficit round robin over these flows
// (Shreedhar and Varghese 1996), so that a large transfer holds up neither a message nor a small transfer.
import { SendQueue, type Fragment, type Outgoing } from './outgoing.ts';

/** Bytes a flow may send in its turn. No datagram is larger, so that one grant always makes up for one turn. */
const QUANTUM_BYTES = 64 * 1024;

interface Flow {
  readonly queue: SendQueue;
  readonly kind: 'message' | 'chunk';
  deficit: number;
}

export class Outbox {
  readonly messages: SendQueue = new SendQueue();
  readonly #transfers = new Map<number, Flow>();
  /** In the order of their turns; the first is served. */
  readonly #turns: Flow[] = [{ queue: this.messages, kind: 'message', deficit: 0 }];
  /** Whether the message may be begun that would be next: the peer's credit decides. */
  readonly #mayBegin: (message: Outgoing) => boolean;
  chunkBytes = 0;
  chunks = 0;

  constructor(mayBegin: (message: Outgoing) => boolean) {
    this.#mayBegin = mayBegin;
  }

  /** A message after a silence has the first turn, as sparse flows have in FQ-CoDel (RFC 8290 4.1). */
  pushMessage(id: number, bytes: Uint8Array): void {
    if (this.messages.empty) {
      const at = this.#turns.findIndex(({ kind }) => kind === 'message');
      const [flow] = this.#turns.splice(at, 1);
      if (flow !== undefined) {
        flow.deficit = QUANTUM_BYTES;
        this.#turns.unshift(flow);
      }
    }
    this.messages.push(id, undefined, 0, bytes);
  }

  pushChunk(request: number, transfer: number, chunk: number, bytes: Uint8Array): void {
    let flow = this.#transfers.get(transfer);
    if (flow === undefined) {
      flow = { queue: new SendQueue(), kind: 'chunk', deficit: 0 };
      this.#transfers.set(transfer, flow);
      this.#turns.push(flow);
    }
    flow.queue.push(request, transfer, chunk, bytes);
    this.chunkBytes += bytes.length;
    this.chunks++;
  }

  /** Whether anything may go now. */
  get ready(): boolean {
    return this.#turns.some((flow) => this.#servable(flow));
  }

  /** The next fragment of at most `maxBytes`, now flying; the room for it may differ by kind. */
  next(
    roomFor: (kind: Flow['kind']) => number,
  ): { readonly kind: Flow['kind']; readonly fragment: Fragment } | undefined {
    // A flow that has used its quantum gets the next one and goes to the end; one with nothing to send loses its claim.
    for (let looks = this.#turns.length * 2; looks > 0; looks--) {
      const flow = this.#turns[0];
      if (flow === undefined) return undefined;
      const servable = this.#servable(flow);
      if (servable && flow.deficit > 0) {
        const room = roomFor(flow.kind);
        const fragment = room > 0 ? flow.queue.next(room) : undefined;
        if (fragment === undefined) return undefined;
        flow.deficit -= fragment.length;
        return { kind: flow.kind, fragment };
      }
      flow.deficit = servable ? flow.deficit + QUANTUM_BYTES : 0;
      this.#turns.shift();
      this.#turns.push(flow);
    }
    return undefined;
  }

  acked(fragment: Fragment): Outgoing | undefined {
    const { of } = fragment;
    if (of.transfer === undefined) {
      this.messages.acked(fragment);
      return undefined;
    }
    const flow = this.#transfers.get(of.transfer);
    const done = flow?.queue.acked(fragment);
    if (done === undefined) return undefined;
    this.#settle(of.transfer, 1, done.bytes.length);
    return done;
  }

  lost(fragment: Fragment): void {
    const { transfer } = fragment.of;
    const queue = transfer === undefined ? this.messages : this.#transfers.get(transfer)?.queue;
    queue?.lost(fragment);
  }

  /** Drops the answer to one request; nothing of it is sent any more. */
  dropRequest(request: number): void {
    for (const [transfer, { queue }] of this.#transfers) {
      const bytes = queue.drop(request);
      if (bytes > 0) return this.#settle(transfer, 1, bytes);
    }
  }

  /** Drops all of one transfer; nothing of it is sent any more. */
  drop(transfer: number): void {
    const flow = this.#transfers.get(transfer);
    if (flow === undefined) return;
    const { count, queuedBytes } = flow.queue;
    flow.queue.clear();
    this.#settle(transfer, count, queuedBytes);
  }

  #settle(transfer: number, chunks: number, bytes: number): void {
    this.chunks -= chunks;
    this.chunkBytes -= bytes;
    const flow = this.#transfers.get(transfer);
    if (flow === undefined || flow.queue.count > 0) return;
    this.#transfers.delete(transfer);
    this.#turns.splice(this.#turns.indexOf(flow), 1);
  }

  #servable(flow: Flow): boolean {
    if (flow.queue.empty) return false;
    const beginning = flow.kind === 'message' ? flow.queue.beginning() : undefined;
    return beginning === undefined || this.#mayBegin(beginning);
  }
}
