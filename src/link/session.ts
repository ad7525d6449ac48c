// One session's data plane: what is queued, requested, in flight and acknowledged. Dies with the session; survives any
// number of transports. The handshake and liveness around it are link.ts.
import type { LinkCode } from '../wire/codes.ts';
import {
  ACK_RANGES_MAX,
  FRAMES_MAX,
  frameBytes,
  type Data,
  type DatagramWriter,
  type Frame,
} from '../wire/datagram.ts';
import type { DatagramSize } from './datagram-size.ts';
import { ChunkReceiver, MessageReceiver } from './incoming.ts';
import type { LinkOptions } from './options.ts';
import { SendQueue } from './outgoing.ts';
import { RangeSet } from './ranges.ts';
import { Recovery, type SentItem, type SentPacket } from './recovery.ts';

export type SessionOutput =
  /** One message, whole, once, in no particular order. Call `releaseMessage` when done with it. */
  | { readonly kind: 'message'; readonly bytes: Uint8Array }
  /** The peer wants a chunk: answer with `sendChunk`. */
  | { readonly kind: 'chunk-request'; readonly request: number; readonly transfer: number; readonly chunk: number }
  /** A chunk that was requested, whole, once. Call `releaseChunk` when done with it. */
  | { readonly kind: 'chunk'; readonly transfer: number; readonly chunk: number; readonly bytes: Uint8Array }
  /** A chunk of ours arrived; its bytes are free again. */
  | { readonly kind: 'chunk-delivered'; readonly transfer: number; readonly chunk: number; readonly bytes: Uint8Array }
  /** After `blocked`: that queue has sunk to half its mark. */
  | { readonly kind: 'room'; readonly for: 'message' | 'chunk' };

/** ok: taken. blocked: the mark is reached, `room` will say when to go on. dropped: too large, or nobody to take it. */
export type SendResult = 'ok' | 'blocked' | 'dropped';

const PACKETS_MAX = 0xffff_ffff;
/** Small packets after the last of a bulk: SCTP then sees its miss reports and needs no timeout (FACTS). */
const TAIL_PINGS = 3;
/** Ranges of received packet numbers remembered; twice what one ack carries. */
const RECEIVED_RANGES_MAX = ACK_RANGES_MAX * 2;
/** Ranges of request numbers remembered, to put each to the application once. A cancelled one may leave a gap for good. */
const REQUEST_RANGES_MAX = 256;

export class Session {
  readonly #options: LinkOptions;
  readonly #size: DatagramSize;
  readonly #emit: (output: SessionOutput) => void;
  readonly recovery: Recovery;
  readonly messages: MessageReceiver;
  readonly chunks: ChunkReceiver = new ChunkReceiver();
  readonly messageQueue: SendQueue = new SendQueue();
  readonly chunkQueue: SendQueue = new SendQueue();
  readonly #received = new RangeSet();
  #largestReceived = -1;
  #largestAtMs = 0;
  readonly #peerRequests = new RangeSet();
  /** Asked by the peer and not yet answered. */
  readonly #openPeerRequests = new Map<number, { readonly transfer: number; readonly chunk: number }>();
  readonly #requestQueue: number[] = [];
  #nextPacket = 0;
  #nextMessage = 0;
  /** Sum of charges of messages begun, what the peer allows, and what we told it that it may. */
  #chargedBytes = 0;
  #creditBytes = 0;
  #creditToldBytes: number;
  #creditDirty = false;
  #ackPackets = 0;
  #ackBytes = 0;
  #ackDueMs: number | undefined;
  #tailPings = 0;
  #probing = false;
  readonly #blocked = { message: false, chunk: false };
  duplicates = 0;
  packetsReceived = 0;

  constructor(options: LinkOptions, size: DatagramSize, emit: (output: SessionOutput) => void) {
    this.#options = options;
    this.#size = size;
    this.#emit = emit;
    this.recovery = new Recovery(options);
    this.messages = new MessageReceiver(options);
    this.#creditToldBytes = this.messages.creditBytes;
  }

  get packetsSent(): number {
    return this.#nextPacket;
  }

  /** True when packet numbers, which are never reused, have run out. */
  get exhausted(): boolean {
    return this.#nextPacket > PACKETS_MAX;
  }

  sendMessage(bytes: Uint8Array): SendResult {
    if (bytes.length === 0 || bytes.length > this.#options.messageBytesMax) return 'dropped';
    if (this.messageQueue.queuedBytes + bytes.length > this.#options.messageSendBytesMax) {
      this.#blocked.message = true;
      return 'blocked';
    }
    this.messageQueue.push(this.#nextMessage++, 0, 0, bytes);
    return 'ok';
  }

  requestChunk(transfer: number, chunk: number, bytes: number): SendResult {
    const { chunkBytesMax, chunkReceiveBytesMax, requestsMax } = this.#options;
    if (bytes <= 0 || bytes > chunkBytesMax) return 'dropped';
    // A quarter of the requests the peer tolerates: it may not yet know that earlier ones are complete.
    if (this.chunks.heldBytes + bytes > chunkReceiveBytesMax || this.chunks.openRequests >= requestsMax / 4)
      return 'blocked';
    this.#requestQueue.push(this.chunks.want(transfer, chunk, bytes));
    return 'ok';
  }

  sendChunk(request: number, bytes: Uint8Array): SendResult {
    const asked = this.#openPeerRequests.get(request);
    if (asked === undefined || bytes.length === 0 || bytes.length > this.#options.chunkBytesMax) return 'dropped';
    if (this.chunkQueue.queuedBytes + bytes.length > this.#options.chunkSendBytesMax) {
      this.#blocked.chunk = true;
      return 'blocked';
    }
    this.#openPeerRequests.delete(request);
    this.chunkQueue.push(request, asked.transfer, asked.chunk, bytes);
    return 'ok';
  }

  dropTransfer(transfer: number, direction: 'in' | 'out'): void {
    if (direction === 'in') return this.chunks.drop(transfer);
    this.chunkQueue.drop(transfer);
    for (const [request, asked] of this.#openPeerRequests) {
      if (asked.transfer === transfer) this.#openPeerRequests.delete(request);
    }
    this.#tellRoom();
  }

  releaseMessage(bytes: number): void {
    this.messages.release(bytes);
    // A quarter of the mark at a time: credit is cheap, but not free.
    const step = this.#options.messageReceiveBytesMax / 4;
    if (this.messages.creditBytes - this.#creditToldBytes >= step) this.#creditDirty = true;
  }

  /** The peer's word, in the handshake or in a frame. Credit never shrinks. */
  credit(bytes: number): void {
    this.#creditBytes = Math.max(this.#creditBytes, bytes);
  }

  probe(): void {
    this.#probing = true;
  }

  /** The transport is gone: what was in flight goes again over the next one. */
  abandon(): void {
    this.recovery.abandon(this.#onLost);
  }

  get timeoutAtMs(): number {
    return Math.min(this.#ackDueMs ?? Infinity, this.recovery.timeoutAtMs ?? Infinity);
  }

  timeout(now: number): void {
    if (now < (this.recovery.timeoutAtMs ?? Infinity)) return;
    const probe = this.recovery.timeout(now, this.#onLost);
    if (probe === undefined) return;
    this.#requeue(probe.items);
    this.#probing = true;
  }

  // --- receiving ---

  /** Takes one data datagram of `bytes`. Returns the code if the peer broke a rule. */
  receive(now: number, data: Data, bytes: number): LinkCode | undefined {
    this.packetsReceived++;
    const fresh = this.#received.add(data.packet, data.packet + 1) > 0;
    this.#received.trim(RECEIVED_RANGES_MAX);
    if (!fresh) this.duplicates++;
    let eliciting = false;
    for (const frame of data.frames) {
      if (frame.kind !== 'ack') eliciting = true;
      const violation = fresh ? this.#onFrame(now, frame) : undefined;
      if (violation !== undefined) return violation;
    }
    if (data.packet > this.#largestReceived) {
      this.#largestReceived = data.packet;
      this.#largestAtMs = now;
    }
    if (!eliciting) return undefined;
    this.#ackPackets++;
    this.#ackBytes += bytes;
    this.#ackDueMs ??= now + this.#options.ackDelayMs;
    if (this.#ackPackets >= this.#options.ackPackets || this.#ackBytes >= this.#options.ackBytes) this.#ackDueMs = now;
    return undefined;
  }

  #onFrame(now: number, frame: Frame): LinkCode | undefined {
    switch (frame.kind) {
      case 'ping':
        return undefined;
      case 'ack':
        if ((frame.ranges[1] ?? 0) >= this.#nextPacket) return 'malformed';
        this.recovery.acked(now, frame.ranges, frame.delayUs / 1000, this.#onAcked, this.#onLost);
        this.#tellRoom();
        return undefined;
      case 'credit':
        this.credit(frame.messageBytes);
        return undefined;
      case 'message': {
        const arrival = this.messages.add(frame.message, frame.total, frame.offset, frame.bytes);
        if (typeof arrival === 'string') return arrival;
        if (arrival !== undefined) this.#emit({ kind: 'message', bytes: arrival });
        return undefined;
      }
      case 'request': {
        const { request, transfer, chunk } = frame;
        if (this.#peerRequests.add(request, request + 1) === 0) return undefined;
        this.#peerRequests.trim(REQUEST_RANGES_MAX);
        if (this.#openPeerRequests.size + this.chunkQueue.count >= this.#options.requestsMax) return 'flow-control';
        this.#openPeerRequests.set(request, { transfer, chunk });
        this.#emit({ kind: 'chunk-request', request, transfer, chunk });
        return undefined;
      }
      case 'chunk': {
        const arrival = this.chunks.add(frame.request, frame.offset, frame.bytes);
        if (typeof arrival === 'string') return arrival;
        if (arrival === undefined) return undefined;
        this.#emit({ kind: 'chunk', transfer: arrival.transfer, chunk: arrival.chunk, bytes: arrival.data });
        return undefined;
      }
    }
  }

  // --- fate of packets ---

  readonly #onAcked = (packet: SentPacket): void => {
    this.#size.observe(packet.bytes, false);
    for (const item of packet.items) {
      if (item.kind === 'message') this.messageQueue.acked(item.fragment);
      if (item.kind !== 'chunk') continue;
      const done = this.chunkQueue.acked(item.fragment);
      if (done === undefined) continue;
      this.#emit({ kind: 'chunk-delivered', transfer: done.transfer, chunk: done.chunk, bytes: done.bytes });
    }
  };

  readonly #onLost = (packet: SentPacket): void => {
    this.#size.observe(packet.bytes, true);
    this.#requeue(packet.items);
  };

  #requeue(items: readonly SentItem[]): void {
    for (const item of items) {
      switch (item.kind) {
        case 'message':
          this.messageQueue.lost(item.fragment);
          break;
        case 'chunk':
          this.chunkQueue.lost(item.fragment);
          break;
        case 'request':
          this.#requestQueue.push(item.request);
          break;
        case 'credit':
          this.#creditDirty = true;
      }
    }
  }

  #tellRoom(): void {
    const { messageSendBytesMax, chunkSendBytesMax } = this.#options;
    if (this.#blocked.message && this.messageQueue.queuedBytes * 2 <= messageSendBytesMax) {
      this.#blocked.message = false;
      this.#emit({ kind: 'room', for: 'message' });
    }
    if (this.#blocked.chunk && this.chunkQueue.queuedBytes * 2 <= chunkSendBytesMax) {
      this.#blocked.chunk = false;
      this.#emit({ kind: 'room', for: 'chunk' });
    }
  }

  // --- sending ---

  /** Builds the next data datagram if one may go now: acks when due, control freely, bulk within the window. */
  build(now: number, writer: DatagramWriter, id: bigint): Uint8Array | undefined {
    const smallest = this.#options.datagramSizes[0] ?? 0;
    const bulk = (!this.messageQueue.empty && this.#mayBegin()) || !this.chunkQueue.empty;
    const sendBulk = bulk && (this.recovery.roomBytes >= smallest || this.#probing);
    const ackDue = this.#ackDueMs !== undefined && now >= this.#ackDueMs;
    const control = this.#creditDirty || this.#requestQueue.length > 0;
    const ping = this.#probing || (this.#tailPings > 0 && !bulk);
    if (!sendBulk && !ackDue && !control && !ping) return undefined;
    const number = this.#nextPacket++;
    const items: SentItem[] = [];
    writer.begin(this.#probing ? smallest : this.#size.bytes, id, number, Math.floor(now * 1000) % 2 ** 48);
    if (this.#ackPackets > 0) this.#writeAck(now, writer);
    if (this.#creditDirty) this.#writeCredit(writer, items);
    this.#writeRequests(writer, items);
    if (sendBulk) this.#writeMessages(writer, items);
    if (sendBulk) this.#writeChunks(writer, items);
    // Also when all that was to be repeated has been cancelled: a probe that asks for no answer is none.
    if (items.length === 0 && ping) {
      writer.add({ kind: 'ping' });
      if (!this.#probing) this.#tailPings--;
    }
    this.#probing = false;
    const bytes = writer.finish();
    if (items.length > 0 || ping) this.recovery.sent({ number, sentAtMs: now, bytes: bytes.length, items });
    return bytes;
  }

  #writeAck(now: number, writer: DatagramWriter): void {
    const room = Math.floor((writer.room - frameBytes('ack')) / 8);
    const ranges = this.#received.newest(Math.min(ACK_RANGES_MAX, room));
    writer.add({ kind: 'ack', delayUs: Math.max(0, Math.round((now - this.#largestAtMs) * 1000)), ranges });
    this.#ackPackets = 0;
    this.#ackBytes = 0;
    this.#ackDueMs = undefined;
  }

  #writeCredit(writer: DatagramWriter, items: SentItem[]): void {
    this.#creditDirty = false;
    this.#creditToldBytes = this.messages.creditBytes;
    writer.add({ kind: 'credit', messageBytes: this.#creditToldBytes });
    items.push({ kind: 'credit' });
  }

  #writeRequests(writer: DatagramWriter, items: SentItem[]): void {
    while (this.#requestQueue.length > 0 && items.length < FRAMES_MAX / 2 && writer.room >= frameBytes('request')) {
      const request = this.#requestQueue.shift() ?? 0;
      const wanted = this.chunks.wanted(request);
      if (wanted === undefined) continue; // complete, or dropped, while it waited to be repeated
      writer.add({ kind: 'request', request, transfer: wanted.transfer, chunk: wanted.chunk });
      items.push({ kind: 'request', request });
    }
  }

  /** Before chunks: messages are few, small and waited for. */
  #writeMessages(writer: DatagramWriter, items: SentItem[]): void {
    const overhead = frameBytes('message');
    const queue = this.messageQueue;
    while (items.length < FRAMES_MAX / 2 && writer.room > overhead && !queue.empty && this.#mayBegin()) {
      const beginning = queue.beginning();
      if (beginning !== undefined) this.#chargedBytes += beginning.bytes.length + this.#options.messageChargeBytes;
      const fragment = queue.next(writer.room - overhead);
      if (fragment === undefined) return;
      const { of, offset, length } = fragment;
      const bytes = of.bytes.subarray(offset, offset + length);
      writer.add({ kind: 'message', message: of.id, total: of.bytes.length, offset, bytes });
      items.push({ kind: 'message', fragment });
    }
  }

  #writeChunks(writer: DatagramWriter, items: SentItem[]): void {
    const overhead = frameBytes('chunk');
    while (items.length < FRAMES_MAX / 2 && writer.room > overhead) {
      const fragment = this.chunkQueue.next(writer.room - overhead);
      if (fragment === undefined) return;
      const { of, offset, length } = fragment;
      writer.add({ kind: 'chunk', request: of.id, offset, bytes: of.bytes.subarray(offset, offset + length) });
      items.push({ kind: 'chunk', fragment });
      this.#tailPings = TAIL_PINGS;
    }
  }

  /** Whether the next message fragment is a repeat, a continuation, or a beginning that the peer's credit covers. */
  #mayBegin(): boolean {
    const item = this.messageQueue.beginning();
    if (item === undefined) return true;
    return this.#chargedBytes + item.bytes.length + this.#options.messageChargeBytes <= this.#creditBytes;
  }
}
