// The link machine: one peer, one session, over whatever transports come and go. The handshake, liveness and end are here;
// what a session carries is session.ts.
//
// Contract: call `handle` with the time and what happened, or one of the methods; then `poll` until undefined, performing
// each output; then arm one timer for `nextTimeout` and answer it with `{kind: 'timeout'}`. Times are milliseconds on one
// monotonic clock. Nothing here throws on what a peer sends: it ends with a code and the output `closed`. The bytes of a
// datagram output hold until the next call to the machine.
import { LINK_CODES, codeName, type LinkCode } from '../wire/codes.ts';
import {
  CONTROL_BYTES_MAX,
  DatagramWriter,
  decodeDatagram,
  encodeControl,
  sessionOf,
  type Control,
} from '../wire/datagram.ts';
import type { Seal } from '../wire/seal.ts';
import { DatagramSize } from './datagram-size.ts';
import { linkOptions, type LinkOptions } from './options.ts';
import type { SendResult, SessionOutput } from './outputs.ts';
import { Session } from './session.ts';
import { Counters, type LinkStats } from './stats.ts';
import { toTimeUs, type TimeSample } from './time-sampler.ts';
import { TRANSITIONS, type LinkEvent, type LinkState } from './states.ts';

export type { SendResult } from './outputs.ts';
export type { LinkStats } from './stats.ts';

/** `lane`: which transport; 0, the one that the handshake runs over, if absent. */
export type LinkInput =
  | { readonly kind: 'transport-open'; readonly lane?: number }
  | { readonly kind: 'transport-closed'; readonly lane?: number }
  | { readonly kind: 'datagram'; readonly bytes: Uint8Array; readonly lane?: number }
  | { readonly kind: 'timeout' };

export type LinkOutput =
  | SessionOutput
  | { readonly kind: 'datagram'; readonly lane: number; readonly bytes: Uint8Array }
  /** The session is alive. `resumed`: it is the one from before, with all its state. */
  | { readonly kind: 'open'; readonly resumed: boolean }
  /** Nothing was heard for idleMs: this transport is dead, the session waits for another. */
  | { readonly kind: 'lost' }
  /** The peer knows our session no more: all that was queued, requested or in flight is gone. */
  | { readonly kind: 'reset' }
  | { readonly kind: 'closed'; readonly code: LinkCode; readonly byPeer: boolean };

export interface LinkSetup {
  /** The initiator sends `connect`; the acceptor names the session. */
  readonly role: 'initiator' | 'acceptor';
  /** `n` bytes from a CSPRNG. */
  readonly random: (n: number) => Uint8Array;
  readonly options?: Partial<LinkOptions>;
  /** Seals the frames of data datagrams. Both ends must have the same; none by default. */
  readonly seal?: Seal;
}

const NO_SESSION = 0n;

export class Link {
  readonly options: LinkOptions;
  readonly #role: LinkSetup['role'];
  readonly #random: LinkSetup['random'];
  readonly #outputs: LinkOutput[] = [];
  readonly #writer = new DatagramWriter();
  readonly #size: DatagramSize;
  readonly #seal: Seal | undefined;
  readonly #counters: Counters = new Counters();
  /** The pool's clock less ours, ms: what datagrams are stamped with. */
  clockOffsetMs = 0;
  #state: LinkState = 'detached';
  #session: Session;
  #id = NO_SESSION;
  #nonce = 0n;
  /** Whether the peer has shown that it knows this session. */
  #confirmed = false;
  #now = 0;
  #heardAtMs = 0;
  #saidAtMs = 0;
  #openingSinceMs = 0;
  #connectAtMs = 0;
  #connectWaitMs = 0;
  #unknownReplies = { sinceMs: 0, count: 0 };

  constructor(setup: LinkSetup) {
    this.options = linkOptions(setup.options);
    this.#role = setup.role;
    this.#random = setup.random;
    this.#seal = setup.seal;
    this.#size = new DatagramSize(this.options);
    this.#session = this.#newSession();
  }

  get state(): LinkState {
    return this.#state;
  }

  /** 0n until the first handshake. */
  get sessionId(): bigint {
    return this.#id;
  }

  /** When this peer was last heard, ms. */
  get heardAtMs(): number {
    return this.#heardAtMs;
  }

  /** Smoothed round trip, ms. */
  get srttMs(): number {
    const { small, home } = this.#session.lanes;
    return (small.recovery.sampled ? small : home).recovery.srttMs;
  }

  get stats(): LinkStats {
    const { lanes } = this.#session;
    const { srttMs } = this;
    const { rtt, queue, loss, drops, ...sums } = this.#counters;
    let windowBytes = 0;
    let inFlightBytes = 0;
    for (const lane of lanes.up) {
      windowBytes += lane.window.bytes;
      inFlightBytes += lane.recovery.inFlightBytes;
    }
    return {
      ...sums,
      drops: { ...drops },
      rttHistogram: [...rtt.counts],
      queueHistogram: [...queue.counts],
      srttMs,
      baseRttMs: Math.min(lanes.path.baseMs, srttMs),
      queueMs: lanes.many ? lanes.sum.queueMs : lanes.home.window.queueMs,
      windowBytes,
      inFlightBytes,
      lanes: lanes.up.length,
      datagramBytes: this.#size.at(lanes.home.window.rate),
      lossRatio: loss.ratio,
      lossBurst: loss.burst,
    };
  }

  /** The best exchange of timestamps with the peer since the last call. */
  takeTimeSample(): TimeSample | undefined {
    return this.#session.time.take(this.clockOffsetMs);
  }

  /** Bytes held on behalf of this peer, by class and direction. */
  get heldBytes(): { control: number; messagesOut: number; messagesIn: number; chunksOut: number; chunksIn: number } {
    const { control, outbox, messages, chunks } = this.#session;
    return {
      control: control.bytes,
      messagesOut: outbox.messages.queuedBytes,
      messagesIn: messages.heldBytes,
      chunksOut: outbox.chunkBytes,
      chunksIn: chunks.heldBytes,
    };
  }

  /** Messages accepted by `sendMessage` that are not yet known to have arrived. */
  get unackedMessages(): number {
    return this.#session.outbox.messages.count;
  }

  /** Chunk bytes that may be handed to `sendChunk` before it blocks. */
  get chunkRoomBytes(): number {
    return this.#session.chunkRoomBytes;
  }

  handle(now: number, input: LinkInput): void {
    this.#tick(now);
    switch (input.kind) {
      case 'transport-open':
        return this.#attach(input.lane ?? 0);
      case 'transport-closed':
        if ((input.lane ?? 0) === 0) this.#detach();
        else this.#session.lanes.closed(now, input.lane ?? 0);
        return;
      case 'datagram':
        if (this.#state === 'opening' || this.#state === 'open') this.#receive(input.bytes);
        return;
      case 'timeout':
        this.#timeout();
    }
  }

  /** Sends a message of 1 to messageBytesMax bytes; it waits if the link is not open. Takes the bytes over. */
  sendMessage(now: number, bytes: Uint8Array): SendResult {
    this.#tick(now);
    return this.#state === 'closed' ? 'dropped' : this.#session.sendMessage(bytes);
  }

  /**
   * Sends control (1 to 1,024 bytes): once, before everything else, and not at all if it must wait past `deadlineMs`. Past
   * the mark the oldest is dropped for it. `dropped`: nobody is there to take it now. Takes the bytes over.
   */
  sendControl(now: number, schema: number, bytes: Uint8Array, deadlineMs: number): SendResult {
    this.#tick(now);
    if (this.#state !== 'open' || bytes.length === 0 || bytes.length > CONTROL_BYTES_MAX) return 'dropped';
    this.#session.control.push({ schema, bytes, deadlineMs });
    return 'ok';
  }

  /** Asks for a chunk of exactly `bytes`. `blocked`: as much as allowed is already asked for or held. */
  requestChunk(now: number, transfer: number, chunk: number, bytes: number): SendResult {
    this.#tick(now);
    return this.#state === 'closed' ? 'dropped' : this.#session.requestChunk(transfer, chunk, bytes);
  }

  /** Answers a `chunk-request`. Takes the bytes over. `dropped`: the request is no more. */
  sendChunk(now: number, request: number, bytes: Uint8Array): SendResult {
    this.#tick(now);
    return this.#state === 'closed' ? 'dropped' : this.#session.sendChunk(request, bytes);
  }

  /** A transfer is over: forgets what was asked (in) or was to be sent (out) of it. */
  dropTransfer(now: number, transfer: number, direction: 'in' | 'out'): void {
    this.#tick(now);
    this.#session.dropTransfer(transfer, direction);
  }

  /** A chunk that was asked for is not wanted any more. */
  cancelChunk(now: number, transfer: number, chunk: number): void {
    this.#tick(now);
    this.#session.dropTransfer(transfer, 'in', chunk);
  }

  releaseMessage(now: number, bytes: number): void {
    this.#tick(now);
    this.#session.releaseMessage(bytes);
  }

  /** Done with a chunk of `length` bytes. `spare`: its bytes, which may be filled anew; none if somebody keeps them. */
  releaseChunk(now: number, length: number, spare?: Uint8Array): void {
    this.#tick(now);
    this.#session.chunks.release(length, spare);
  }

  /** Asks for a sign of life soon, whatever was heard before. */
  probe(now: number): void {
    this.#tick(now);
    this.#session.probe();
  }

  /** Ends the session: tells the peer, once, and forgets everything. */
  close(now: number, code: LinkCode): void {
    this.#tick(now);
    this.#end(code, false);
  }

  /** The next output that is already there: everything but data datagrams. */
  pollQueued(): LinkOutput | undefined {
    return this.#outputs.shift();
  }

  poll(): LinkOutput | undefined {
    const output = this.#outputs.shift();
    if (output !== undefined || this.#state !== 'open') return output;
    if (this.#session.exhausted) {
      this.#end('exhausted', false);
      return this.#outputs.shift();
    }
    const built = this.#session.build(this.#now, this.clockOffsetMs, this.#writer, this.#id, this.#seal);
    if (built === undefined) return undefined;
    this.#saidAtMs = this.#now;
    return { kind: 'datagram', ...built };
  }

  /** When to call `handle` with a timeout, ms; undefined while nothing is due. */
  nextTimeout(): number | undefined {
    switch (this.#state) {
      case 'detached':
      case 'closed':
        return undefined;
      case 'opening': {
        const deadline = this.#openingSinceMs + this.options.idleMs;
        return this.#role === 'initiator' ? Math.min(this.#connectAtMs, deadline) : deadline;
      }
      case 'open':
        return Math.min(
          this.#heardAtMs + this.options.idleMs,
          this.#saidAtMs + this.options.heartbeatMs,
          this.#session.timeoutAtMs(this.#now),
        );
    }
  }

  // --- time ---

  /** A machine that slept must not take its own silence for the peer's: deadlines move by as much as it is late. */
  #tick(now: number): void {
    const due = Math.max(this.nextTimeout() ?? now, this.#now);
    if (now - due > this.options.lateTickMs) {
      this.#heardAtMs += now - due;
      this.#openingSinceMs += now - due;
      for (const { recovery } of this.#session.lanes) recovery.slept(now);
    }
    this.#now = now;
  }

  #timeout(): void {
    const now = this.#now;
    if (this.#state === 'opening') {
      if (now >= this.#openingSinceMs + this.options.idleMs) this.#lose();
      else if (this.#role === 'initiator' && now >= this.#connectAtMs) this.#connect();
      return;
    }
    if (this.#state !== 'open') return;
    if (now >= this.#heardAtMs + this.options.idleMs) return this.#lose();
    this.#session.timeout(now);
    if (now >= this.#saidAtMs + this.options.heartbeatMs) {
      this.#say({ kind: 'heartbeat', session: this.#id, timeUs: toTimeUs(now + this.clockOffsetMs) });
    }
  }

  // --- states ---

  #move(event: LinkEvent): boolean {
    const next = TRANSITIONS[this.#state][event];
    if (next === undefined) return false;
    this.#state = next;
    return true;
  }

  #attach(lane: number): void {
    if (lane === 0) {
      this.#detach();
      if (!this.#move('attached')) return;
      this.#session.lanes.opened(this.#now, 0);
      return this.#open();
    }
    // A further lane of a link that is not open belongs to nothing any more.
    if (this.#state === 'open' && this.#session.lanes.opened(this.#now, lane)) return;
    this.#outputs.push({ kind: 'lane-unwanted', lane });
  }

  #open(): void {
    this.#openingSinceMs = this.#now;
    this.#connectWaitMs = this.options.connectRetryMs;
    if (this.#role === 'acceptor') return;
    this.#nonce = this.#random64();
    this.#connect();
  }

  #connect(): void {
    this.#connectAtMs = this.#now + this.#connectWaitMs;
    this.#connectWaitMs = Math.min(this.#connectWaitMs * 2, this.options.idleMs);
    this.#say({ kind: 'connect', session: this.#id, nonce: this.#nonce, messageCreditBytes: this.#credit() });
  }

  #established(resumed: boolean, creditBytes: number): void {
    this.#session.credit(creditBytes);
    this.#heardAtMs = this.#now;
    if (this.#move('established')) this.#outputs.push({ kind: 'open', resumed });
  }

  #detach(): void {
    if (this.#move('lost')) this.#session.abandon();
  }

  #lose(): void {
    this.#detach();
    this.#outputs.push({ kind: 'lost' });
  }

  /** Begins from nothing. What was queued before the very first session is not lost: there was none to lose it with. */
  #reset(): void {
    if (this.#id === NO_SESSION) return;
    this.#id = NO_SESSION;
    this.#confirmed = false;
    this.#session.abandon();
    this.#session = this.#newSession();
    this.#outputs.push({ kind: 'reset' });
  }

  #end(code: LinkCode, byPeer: boolean): void {
    const reachable = this.#state === 'opening' || this.#state === 'open';
    if (!this.#move('ended')) return;
    if (reachable && !byPeer) this.#say({ kind: 'disconnect', session: this.#id, code: LINK_CODES[code] });
    this.#session = this.#newSession();
    this.#outputs.push({ kind: 'closed', code, byPeer });
  }

  // --- receiving ---

  #receive(bytes: Uint8Array): void {
    const datagram = decodeDatagram(bytes, this.#seal);
    if (datagram === undefined) {
      // Only a datagram of our own session may end it: whoever else sends rubbish has no say.
      const session = sessionOf(bytes);
      if (session === this.#id || session === undefined || this.#id === NO_SESSION) this.#end('malformed', false);
      return;
    }
    switch (datagram.kind) {
      case 'wrong-version':
        if (this.#state === 'opening') this.#end('version', false);
        return;
      case 'connect':
        return this.#onConnect(datagram);
      case 'accepted':
        return this.#onAccepted(datagram);
      case 'disconnect':
        return this.#onDisconnect(datagram.session, datagram.code);
      case 'heartbeat':
      case 'data': {
        if (datagram.session !== this.#id || this.#id === NO_SESSION) return this.#onUnknown(datagram.session);
        this.#confirmed = true;
        // The acceptor's data may overtake its `accepted`: the handshake decides, the sender repeats.
        if (this.#state !== 'open') return;
        this.#heardAtMs = Math.max(this.#heardAtMs, this.#now);
        if (datagram.kind === 'heartbeat') return;
        const violation = this.#session.receive(this.#now, datagram, bytes.length);
        if (violation !== undefined) this.#end(violation, false);
      }
    }
  }

  #onConnect(connect: Control & { kind: 'connect' }): void {
    const { session, nonce, messageCreditBytes } = connect;
    if (this.#role !== 'acceptor') return this.#onUnknown(session);
    const repeated = this.#id !== NO_SESSION && nonce === this.#nonce;
    if (!repeated && session !== NO_SESSION && session !== this.#id) return this.#onUnknown(session);
    this.#nonce = nonce;
    if (session !== NO_SESSION) this.#confirmed = true;
    // A session that the peer never spoke in goes on: it cannot know it, and what is queued in it was for this peer.
    else if (!repeated && this.#confirmed) this.#reset();
    const resumed = this.#id !== NO_SESSION;
    while (this.#id === NO_SESSION) this.#id = this.#random64();
    this.#say({ kind: 'accepted', session: this.#id, nonce, messageCreditBytes: this.#credit() });
    if (!resumed && this.#move('renewed')) this.#outputs.push({ kind: 'open', resumed });
    this.#established(resumed, messageCreditBytes);
  }

  #onAccepted(accepted: Control & { kind: 'accepted' }): void {
    const { session, nonce, messageCreditBytes } = accepted;
    if (this.#role !== 'initiator' || nonce !== this.#nonce) return this.#onUnknown(session);
    if (this.#state !== 'opening') return;
    const resumed = session === this.#id;
    if (session === NO_SESSION || (this.#id !== NO_SESSION && !resumed)) return this.#end('malformed', false);
    this.#id = session;
    this.#established(resumed, messageCreditBytes);
  }

  #onDisconnect(session: bigint, number: number): void {
    const code = codeName(LINK_CODES, number) ?? 'malformed';
    if (code === 'version' && this.#state === 'opening') return this.#end(code, true);
    if (session !== this.#id || this.#id === NO_SESSION) return;
    if (code !== 'unknown-session') return this.#end(code, true);
    if (!this.#move('forgotten')) return;
    this.#reset();
    this.#open();
  }

  /**
   * A frame of a session that is not ours gets `disconnect`, whatever its kind, and its sender reconnects. A disconnect
   * is never answered; and an initiator that is about to connect anyway stays silent, or a late frame would undo that.
   */
  #onUnknown(session: bigint): void {
    this.#counters.drops['unknown-session']++;
    if (this.#state === 'opening' && this.#role === 'initiator') return;
    const replies = this.#unknownReplies;
    if (this.#now - replies.sinceMs >= 1000) this.#unknownReplies = { sinceMs: this.#now, count: 1 };
    else if (replies.count++ >= this.options.unknownRepliesPerSecond) return;
    this.#say({ kind: 'disconnect', session, code: LINK_CODES['unknown-session'] });
  }

  #say(control: Control): void {
    this.#saidAtMs = this.#now;
    this.#outputs.push({ kind: 'datagram', lane: 0, bytes: encodeControl(control) });
  }

  #credit(): number {
    return this.#session.messages.creditBytes;
  }

  #newSession(): Session {
    const session = new Session(this.options, this.#role, this.#size, this.#counters, (output) =>
      this.#outputs.push(output),
    );
    if (this.#state === 'opening' || this.#state === 'open') session.lanes.opened(this.#now, 0);
    return session;
  }

  #random64(): bigint {
    const bytes = this.#random(8);
    return new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0);
  }
}
