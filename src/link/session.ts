// One session's data plane: what is queued, requested and received, and in which datagram over which lane it goes. Dies with
// the session; survives any number of transports. The handshake and liveness around it are link.ts.
import type { LinkCode } from '../wire/codes.ts';
import { FRAMES_MAX, frameBytes, type Data, type DatagramWriter, type Frame } from '../wire/datagram.ts';
import type { Seal } from '../wire/seal.ts';
import { AckDebt } from './acks.ts';
import { ControlQueue } from './control-queue.ts';
import type { DatagramSize } from './datagram-size.ts';
import { ChunkReceiver, MessageReceiver } from './incoming.ts';
import type { Lane } from './lane.ts';
import { Lanes } from './lanes.ts';
import type { LinkOptions } from './options.ts';
import { Outbox } from './outbox.ts';
import type { Outgoing } from './outgoing.ts';
import type { SendResult, SessionOutput } from './outputs.ts';
import { RangeSet } from './ranges.ts';
import type { PacketFates, SentItem, SentPacket } from './recovery.ts';
import type { Counters } from './stats.ts';
import { TimeSampler, toTimeUs } from './time-sampler.ts';

export interface Built {
  readonly lane: number;
  readonly bytes: Uint8Array;
}

const PACKETS_MAX = 0xffff_ffff;
/** Small packets after the last of a bulk: SCTP then sees its miss reports and needs no timeout (FACTS). */
const TAIL_PINGS = 3;
/** Ranges of request numbers remembered, to put each to the application once. A cancelled one may leave a gap for good. */
const REQUEST_RANGES_MAX = 256;

export class Session implements PacketFates {
  readonly #options: LinkOptions;
  readonly #size: DatagramSize;
  readonly #emit: (output: SessionOutput) => void;
  readonly counters: Counters;
  readonly lanes: Lanes;
  readonly messages: MessageReceiver;
  readonly chunks: ChunkReceiver = new ChunkReceiver();
  readonly control: ControlQueue;
  readonly outbox: Outbox;
  readonly time: TimeSampler = new TimeSampler();
  readonly #peerRequests = new RangeSet();
  /** Asked by the peer and not yet answered. */
  readonly #openPeerRequests = new Map<number, { readonly transfer: number; readonly chunk: number }>();
  readonly #requestQueue: number[] = [];
  #nextMessage = 0;
  /** Sum of charges of messages begun, what the peer allows, and what we told it that it may. */
  #chargedBytes = 0;
  #creditBytes = 0;
  #creditToldBytes: number;
  #creditDirty = false;
  readonly #debt: AckDebt;
  #probing = false;
  #limited = false;
  #soundedAtMs = 0;
  readonly #blocked = { message: false, chunk: false };

  constructor(
    options: LinkOptions,
    role: 'initiator' | 'acceptor',
    size: DatagramSize,
    counters: Counters,
    emit: (output: SessionOutput) => void,
  ) {
    this.#options = options;
    this.#size = size;
    this.#emit = emit;
    this.counters = counters;
    this.lanes = new Lanes(options, role, counters, this, emit);
    this.messages = new MessageReceiver(options);
    this.#debt = new AckDebt(options);
    this.control = new ControlQueue(options, counters);
    this.outbox = new Outbox((message) => this.#mayBegin(message));
    this.#creditToldBytes = this.messages.creditBytes;
  }

  /** True when packet numbers of a lane, which are never reused, have run out. */
  get exhausted(): boolean {
    return this.lanes.up.some(({ nextPacket }) => nextPacket > PACKETS_MAX);
  }

  sendMessage(bytes: Uint8Array): SendResult {
    if (bytes.length === 0 || bytes.length > this.#options.messageBytesMax) return 'dropped';
    const { messages } = this.outbox;
    if (messages.queuedBytes + bytes.length > this.#options.messageSendBytesMax) {
      this.#blocked.message = true;
      return 'blocked';
    }
    this.outbox.pushMessage(this.#nextMessage++, bytes);
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
    // The mark alone, not the room: who read the chunk while there was room for it may deliver it.
    if (this.outbox.chunkBytes + bytes.length > this.#options.chunkSendBytesMax) {
      this.#blocked.chunk = true;
      return 'blocked';
    }
    this.#openPeerRequests.delete(request);
    this.outbox.pushChunk(request, asked.transfer, asked.chunk, bytes);
    return 'ok';
  }

  /** What the windows can use soon, up to the mark: memory follows the path. May shrink with them, below 0. */
  get chunkRoomBytes(): number {
    let windows = 0;
    for (const lane of this.lanes.up) windows += lane.window.bytes;
    const { chunkSendBytesMax, chunkAheadBytes } = this.#options;
    return Math.min(chunkSendBytesMax, 2 * windows + chunkAheadBytes) - this.outbox.chunkBytes;
  }

  dropTransfer(transfer: number, direction: 'in' | 'out', chunk?: number): void {
    if (direction === 'in') {
      this.#requestQueue.push(...this.chunks.drop(transfer, chunk));
      return;
    }
    this.outbox.drop(transfer);
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

  /** The transport is gone: what was in flight goes again over the next one, and control is worth nothing by then. */
  abandon(): void {
    this.lanes.abandon();
    this.control.clear();
  }

  timeoutAtMs(now: number): number {
    let next = Math.min(this.#debt.dueMs, this.control.dueMs);
    const bulk = this.outbox.ready;
    if (bulk) next = Math.min(next, this.#soundingDueMs);
    const idle = this.lanes.many ? this.lanes.small : undefined;
    for (const lane of this.lanes.up) {
      next = Math.min(next, lane.recovery.timeoutAtMs ?? Infinity);
      // One tick a millisecond at most: finer timers exist nowhere.
      if (bulk && lane.roomBytes > 0 && lane !== idle) next = Math.min(next, Math.max(lane.pacedAtMs, now + 1));
    }
    return next;
  }

  timeout(now: number): void {
    for (const lane of this.lanes.up) {
      if (now < (lane.recovery.timeoutAtMs ?? Infinity)) continue;
      const probe = lane.recovery.timeout(now);
      if (probe === undefined) continue;
      lane.probing = true;
      if (lane.silent && this.lanes.many) {
        if (lane === this.lanes.small) this.lanes.moveSmall();
        // Silent while another answers: it is broken, whatever its transport says. In an outage all are silent.
        if (this.lanes.answeredAtMs > lane.answeredAtMs + this.#options.laneSilentMs) {
          if (lane !== this.lanes.home) {
            this.lanes.giveUp(now, lane);
            continue;
          }
          lane.recovery.giveUp(); // its transport is the link's: it may find its way back
        }
        this.#probing = true;
      }
      // Two unanswered probes are an outage, as in RFC 9002 7.6: begin anew, gently.
      if (lane.recovery.probes > 2) lane.window.restart();
      this.#requeue(probe.items);
    }
  }

  /** While bulk has lanes of its own, the first lane sounds the path's depth with pings, several in a round trip. */
  get #soundingDueMs(): number {
    if (!this.lanes.many || this.outbox.chunks === 0) return Infinity;
    return this.#soundedAtMs + Math.max(this.#options.ackDelayMs, this.lanes.path.baseMs / 8);
  }

  // --- receiving ---

  /** Takes one data datagram of `bytes`. Returns the code if the peer broke a rule. */
  receive(now: number, data: Data, bytes: number): LinkCode | undefined {
    const { counters } = this;
    const lane = this.lanes.get(data.lane);
    if (lane === undefined) {
      counters.drops['stray-lane']++;
      return undefined;
    }
    counters.packetsReceived++;
    counters.bytesReceived += bytes;
    const fresh = lane.acks.receive(now, data.packet);
    if (!fresh) counters.drops.duplicate++;
    let eliciting = false;
    for (const frame of data.frames) {
      if (frame.kind !== 'ack') eliciting = true;
      const violation = fresh ? this.#onFrame(now, data, frame) : undefined;
      if (violation !== undefined) return violation;
    }
    if (!eliciting) return undefined;
    lane.acks.owed = true;
    this.#debt.owe(now, bytes, counters.packetsReceived);
    return undefined;
  }

  #onFrame(now: number, data: Data, frame: Frame): LinkCode | undefined {
    switch (frame.kind) {
      case 'ping':
        return undefined;
      case 'ack':
        return this.#onAck(now, data, frame);
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
        if (this.#openPeerRequests.size + this.outbox.chunks >= this.#options.requestsMax) return 'flow-control';
        this.#openPeerRequests.set(request, { transfer, chunk });
        this.#emit({ kind: 'chunk-request', request, transfer, chunk });
        return undefined;
      }
      case 'cancel': {
        const { request } = frame;
        // One that overtakes its request makes that void too.
        if (this.#peerRequests.add(request, request + 1) > 0) return undefined;
        const open = this.#openPeerRequests.get(request);
        this.#openPeerRequests.delete(request);
        if (open === undefined) this.outbox.dropRequest(request);
        this.#emit({ kind: 'chunk-cancelled', request });
        this.#tellRoom();
        return undefined;
      }
      case 'chunk': {
        const arrival = this.chunks.add(frame.request, frame.offset, frame.bytes);
        if (typeof arrival === 'string') return arrival;
        if (arrival === undefined) return undefined;
        this.#emit({ kind: 'chunk', transfer: arrival.transfer, chunk: arrival.chunk, bytes: arrival.data });
        return undefined;
      }
      case 'control':
        this.counters.controlReceived++;
        this.#emit({ kind: 'control', schema: frame.schema, bytes: frame.bytes, sentUs: data.timeUs });
        return undefined;
    }
  }

  #onAck(now: number, data: Data, { lane: id, delayUs, ranges }: Frame & { kind: 'ack' }): LinkCode | undefined {
    const lane = this.lanes.get(id);
    if (lane === undefined || (ranges[1] ?? 0) >= lane.nextPacket) return 'malformed';
    const delayMs = delayUs / 1000;
    const { recovery, window } = lane;
    const spurious = recovery.spuriousPackets;
    const newest = recovery.acked(now, ranges, delayMs);
    this.counters.packetsSpurious += recovery.spuriousPackets - spurious;
    if (newest !== undefined) {
      lane.answeredAtMs = now;
      const rttMs = recovery.pathRttMs;
      this.lanes.sample(newest.sentAtMs, rttMs);
      window.sample(rttMs);
      this.counters.rtt.add(rttMs);
      this.counters.queue.add(rttMs - this.lanes.path.baseMs);
      this.time.add(newest.sentAtMs, data.timeUs, delayMs, now);
    }
    lane.turn(now);
    this.lanes.turn(now);
    this.lanes.judge(now, this.#limited);
    this.#limited = false;
    this.#tellRoom();
    return undefined;
  }

  // --- fate of packets ---

  arrived(packet: SentPacket): void {
    this.#size.observe(packet.bytes, false);
    this.counters.loss.arrived();
    packet.lane.window.acked(packet.bytes);
    this.lanes.sum.acked(packet.bytes);
    for (const item of packet.items) {
      if (item.kind === 'cancel') this.chunks.cancelled.delete(item.request);
      if (item.kind !== 'message' && item.kind !== 'chunk') continue;
      this.counters.bytesAcked += item.fragment.state === 'done' ? 0 : item.fragment.length;
      const done = this.outbox.acked(item.fragment);
      if (done?.transfer === undefined) continue;
      this.#emit({ kind: 'chunk-delivered', transfer: done.transfer, chunk: done.chunk, bytes: done.bytes });
    }
  }

  lost(packet: SentPacket): void {
    this.#size.observe(packet.bytes, true);
    this.counters.packetsLost++;
    this.counters.loss.lost(packet.number);
    this.#requeue(packet.items);
  }

  abandoned({ items }: SentPacket): void {
    this.#requeue(items);
  }

  #requeue(items: readonly SentItem[]): void {
    for (const item of items) {
      switch (item.kind) {
        case 'message':
        case 'chunk':
          this.outbox.lost(item.fragment);
          break;
        case 'request':
        case 'cancel':
          this.#requestQueue.push(item.request);
          break;
        case 'credit':
          this.#creditDirty = true;
      }
    }
  }

  #tellRoom(): void {
    if (this.#blocked.message && this.outbox.messages.queuedBytes * 2 <= this.#options.messageSendBytesMax) {
      this.#blocked.message = false;
      this.#emit({ kind: 'room', for: 'message' });
    }
    if (this.#blocked.chunk && this.chunkRoomBytes >= this.#options.chunkAheadBytes / 2) {
      this.#blocked.chunk = false;
      this.#emit({ kind: 'room', for: 'chunk' });
    }
  }

  // --- sending ---

  /**
   * Builds the next data datagram if one may go now: acks when due, control and what is small at once over the first lane,
   * bulk over whichever lane has room.
   */
  build(now: number, clockOffsetMs: number, writer: DatagramWriter, id: bigint, seal?: Seal): Built | undefined {
    const { small } = this.lanes;
    const compose = (lane: Lane, bulk: boolean): Built =>
      this.#compose(now, clockOffsetMs, writer, id, seal, lane, bulk);
    const bulk = this.outbox.ready;
    const smallest = this.#options.datagramSizes[0] ?? 0;
    const roomInSum = this.lanes.sumTakes(smallest);
    const takes = (lane: Lane): boolean => roomInSum && !lane.silent && lane.roomBytes >= smallest && lane.paced(now);
    const waits = this.#creditDirty || this.#requestQueue.length > 0 || this.control.peek(now) !== undefined;
    if (now >= this.#debt.dueMs || waits || this.#probing || this.#soundingDueMs <= now) {
      return compose(small, bulk && !this.lanes.many && takes(small));
    }
    const probing = this.lanes.up.find((lane) => lane.probing);
    if (probing !== undefined) return compose(probing, bulk);
    if (!bulk) {
      const tail = this.lanes.up.find(({ tailPings }) => tailPings > 0);
      return tail && compose(tail, false);
    }
    const lane = this.lanes.next(takes);
    if (lane !== undefined) return compose(lane, true);
    this.#limited = true;
    if (!roomInSum) this.lanes.sum.noteLimited();
    else for (const { window, roomBytes } of this.lanes.up) if (roomBytes < smallest) window.noteLimited();
    return undefined;
  }

  #compose(
    now: number,
    clockOffsetMs: number,
    writer: DatagramWriter,
    id: bigint,
    seal: Seal | undefined,
    lane: Lane,
    bulk: boolean,
  ): Built {
    const smallest = this.#options.datagramSizes[0] ?? 0;
    const probing = lane.probing || (this.#probing && lane === this.lanes.small);
    const number = lane.nextPacket++;
    const items: SentItem[] = [];
    const limit = bulk && !probing ? this.#size.at(lane.window.rate) : smallest;
    writer.begin(limit, { session: id, lane: lane.id, packet: number, timeUs: toTimeUs(now + clockOffsetMs) }, seal);
    this.#debt.write(now, this.lanes, writer);
    // An ack asks for no answer: without a ping now and then a broken lane of acks would not be noticed.
    const unheard = this.lanes.many && now >= this.#soundedAtMs + this.#options.laneSilentMs / 4;
    const sounding = lane === this.lanes.small && (unheard || this.#soundingDueMs <= now);
    let eliciting = lane === this.lanes.small && this.#writeSmall(now, writer, items);
    const small = items.length;
    if (bulk) this.#writeBulk(writer, items);
    const sentBulk = items.length > small;
    if (items.some(({ kind }) => kind === 'chunk')) lane.tailPings = TAIL_PINGS;
    eliciting ||= items.length > 0;
    // Also when all that was to be repeated has been cancelled: a probe that asks for no answer is none.
    if (!eliciting && (probing || sounding || lane.tailPings > 0)) {
      writer.add({ kind: 'ping' });
      if (!probing && !sounding) lane.tailPings--;
      eliciting = true;
    }
    lane.probing = false;
    if (lane === this.lanes.small) this.#probing = false;
    const bytes = writer.finish();
    this.counters.packetsSent++;
    this.counters.bytesSent += bytes.length;
    if (eliciting && lane === this.lanes.small) this.#soundedAtMs = now;
    if (eliciting) lane.sent({ lane, number, sentAtMs: now, bytes: bytes.length, items }, sentBulk);
    return { lane: lane.id, bytes };
  }

  /** Control, credit and requests. True if anything was written that asks for an ack. */
  #writeSmall(now: number, writer: DatagramWriter, items: SentItem[]): boolean {
    let controls = 0;
    const overhead = frameBytes('control');
    for (let next = this.control.peek(now); next !== undefined; next = this.control.peek(now)) {
      if (writer.room < overhead + next.bytes.length || controls >= FRAMES_MAX / 4) break;
      writer.add({ kind: 'control', schema: next.schema, bytes: next.bytes });
      this.control.take();
      controls++;
    }
    if (this.#creditDirty && writer.room >= frameBytes('credit')) this.#writeCredit(writer, items);
    this.#writeRequests(writer, items);
    return controls > 0;
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
      const cancelled = this.chunks.cancelled.has(request);
      if (wanted === undefined && !cancelled) continue; // complete while it waited to be repeated
      if (wanted === undefined) writer.add({ kind: 'cancel', request });
      else writer.add({ kind: 'request', request, transfer: wanted.transfer, chunk: wanted.chunk });
      items.push({ kind: cancelled ? 'cancel' : 'request', request });
    }
  }

  #writeBulk(writer: DatagramWriter, items: SentItem[]): void {
    const roomFor = (kind: 'message' | 'chunk'): number => writer.room - frameBytes(kind);
    while (items.length < FRAMES_MAX / 2) {
      const next = this.outbox.next(roomFor);
      if (next === undefined) return;
      const { of, offset, length } = next.fragment;
      const bytes = of.bytes.subarray(offset, offset + length);
      if (next.kind === 'chunk') writer.add({ kind: 'chunk', request: of.id, offset, bytes });
      else {
        if (!of.charged) {
          of.charged = true;
          this.#chargedBytes += of.bytes.length + this.#options.messageChargeBytes;
        }
        writer.add({ kind: 'message', message: of.id, total: of.bytes.length, offset, bytes });
      }
      items.push(next);
    }
  }

  /** Whether the peer's credit covers the beginning of this message. */
  #mayBegin(message: Outgoing): boolean {
    return this.#chargedBytes + message.bytes.length + this.#options.messageChargeBytes <= this.#creditBytes;
  }
}
