// The control streams of a pool: one sender a stream and direction for all peers, one receiver for each peer, stream and
// direction. Which clones a peer gets follows from what its link measures. The schemas of frames are the owner's.
import { cloneOffsets, type PathQuality } from '../control/clones.ts';
import { DOWN_FRAME_BYTES_MAX, UP_FRAME_BYTES_MAX, type ControlOptions, type StreamShape } from '../control/options.ts';
import { PathMeter } from '../control/path.ts';
import { decodePayload } from '../control/payload.ts';
import { ControlReceiver, type ReceivedFrame } from '../control/receiver.ts';
import { ControlSender } from '../control/sender.ts';
import { addReceived, addSent, noneReceived, noneSent, type ReceivedStats, type SentStats } from '../control/stats.ts';
import type { Link } from '../link/link.ts';

/** up: a peer's own input. down: an update that a host made of several. */
export type ControlDirection = 'up' | 'down';

/** The control frame's schemas that carry streams. */
export const CONTROL_SCHEMAS: Readonly<Record<ControlDirection, number>> = { up: 1, down: 2 };

/** One frame of one peer's stream, to be shown or acted on. */
export interface ControlFrame extends ReceivedFrame {
  readonly stream: number;
  readonly direction: ControlDirection;
  readonly peer: string;
}

export interface ControlStats {
  readonly sent: SentStats;
  readonly received: ReceivedStats;
}

export interface ControlSetup extends StreamShape {
  readonly options?: Partial<ControlOptions>;
}

/** What a stream needs of a peer. */
export interface ControlPeer {
  readonly id: string;
  readonly alive: boolean;
  readonly link: Link;
}

export interface PoolControlSetup {
  readonly peers: () => Iterable<ControlPeer>;
  /** The time that goes into datagram headers: the pool's clock in microseconds, modulo 2^48. */
  readonly timeUs: (now: number) => number;
  /** How long a datagram of this peer was under way, ms; undefined while the clocks are not synchronized. */
  readonly transitMs: (peer: string, now: number, sentUs: number) => number | undefined;
  /** Takes a frame to be surfaced; its bytes are the taker's. */
  readonly emit: (frame: ControlFrame) => void;
}

/** A link's measurements and the plan made of them hold for so long, ms. */
const PLAN_MS = 250;
const GENERATIONS = 16;

interface Path {
  readonly meter: PathMeter;
  readonly quality: PathQuality;
  readonly untilMs: number;
}

interface Stream {
  readonly setup: ControlSetup;
  readonly senders: Record<ControlDirection, ControlSender>;
  /** By direction and peer. */
  readonly receivers: Record<ControlDirection, Map<string, ControlReceiver>>;
  readonly plans: Map<string, { readonly untilMs: number; readonly offsets: readonly number[] }>;
  /** What receivers counted that are no more. */
  readonly gone: ReceivedStats;
}

export class PoolControl {
  readonly #setup: PoolControlSetup;
  readonly #streams = new Map<number, Stream>();
  /** What each peer's path was measured to be, for all streams. */
  readonly #paths = new Map<string, Path>();
  /** By stream: the generation the next sender of that number begins with, so that it is not taken for the last. */
  readonly #generations = new Map<number, number>();

  constructor(setup: PoolControlSetup) {
    this.#setup = setup;
  }

  /** Begins to send and to listen. Throws a RangeError on a shape or option out of range, an Error on a stream that is open. */
  open(setup: ControlSetup): void {
    if (this.#streams.has(setup.stream)) throw new Error(`stream: expected one that is not open, got ${setup.stream}`);
    const generation = this.#generations.get(setup.stream) ?? 0;
    const sender = (frameBytesMax: number): ControlSender => new ControlSender({ ...setup, generation, frameBytesMax });
    this.#streams.set(setup.stream, {
      setup,
      senders: { up: sender(UP_FRAME_BYTES_MAX), down: sender(DOWN_FRAME_BYTES_MAX) },
      receivers: { up: new Map(), down: new Map() },
      plans: new Map(),
      gone: noneReceived(),
    });
  }

  close(stream: number): void {
    const { senders } = this.#streams.get(stream) ?? {};
    if (senders === undefined) return;
    const used = Math.max(senders.up.generation, senders.down.generation);
    this.#generations.set(stream, (used + 1) % GENERATIONS);
    this.#streams.delete(stream);
  }

  /** Whether a poll at `now` would be another than the latest. Ask before sampling: what is sampled for nothing is lost. */
  due(now: number, number: number, direction: ControlDirection): boolean {
    return this.#streams.get(number)?.senders[direction].due(this.#setup.timeUs(now)) ?? false;
  }

  /** One poll: what was sampled, or undefined if nothing is new. Takes the bytes over; too many throw a RangeError. */
  poll(now: number, number: number, direction: ControlDirection, frame: Uint8Array | undefined): void {
    const stream = this.#streams.get(number);
    if (stream === undefined) return;
    const timeUs = this.#setup.timeUs(now);
    const sender = stream.senders[direction];
    if (!sender.poll(timeUs, frame)) return;
    const deadlineMs = now + (sender.deadlineUs - timeUs) / 1000;
    for (const peer of this.#setup.peers()) {
      if (!peer.alive) continue;
      const payload = sender.payload(this.#offsets(now, stream, peer));
      if (payload !== undefined) peer.link.sendControl(now, CONTROL_SCHEMAS[direction], payload, deadlineMs);
    }
  }

  /** A control frame of a peer's link. Of streams that are not open here, and of other schemas, nothing is kept. */
  receive(now: number, peer: string, schema: number, bytes: Uint8Array, sentUs: number): void {
    const direction = schema === CONTROL_SCHEMAS.up ? 'up' : schema === CONTROL_SCHEMAS.down ? 'down' : undefined;
    if (direction === undefined) return;
    // The stream is the payload's first byte, readable or not: so it is known whose count a broken one goes into.
    const stream = this.#streams.get(bytes[0] ?? -1);
    if (stream === undefined) return;
    const receiver = this.#receiver(stream, direction, peer);
    const payload = decodePayload(bytes);
    if (payload === undefined) return receiver.refuse('malformed');
    const transitMs = this.#setup.transitMs(peer, now, sentUs);
    for (const frame of receiver.receive({ payload, sentUs, nowMs: now, transitMs })) {
      const { stream: number } = stream.setup;
      // What waits to be handed out must outlive the datagram.
      this.#setup.emit({ ...frame, bytes: frame.bytes.slice(), stream: number, direction, peer });
    }
  }

  /** The peer is gone, or begins a new session: its next poll may have any number. */
  peerDown(peer: string): void {
    this.#paths.delete(peer);
    for (const { receivers, plans, gone } of this.#streams.values()) {
      plans.delete(peer);
      for (const byPeer of [receivers.up, receivers.down]) {
        const receiver = byPeer.get(peer);
        if (receiver !== undefined) addReceived(gone, receiver.stats);
        byPeer.delete(peer);
      }
    }
  }

  /** A frame that was surfaced, and that its stream's own schema could not read. */
  unreadable({ stream, direction, peer }: ControlFrame): void {
    this.#streams.get(stream)?.receivers[direction].get(peer)?.refuse('unreadable');
  }

  /** Counts of one stream, both directions and all peers; undefined if it is not open. */
  stats(number: number): ControlStats | undefined {
    const stream = this.#streams.get(number);
    return stream === undefined ? undefined : streamStats(stream);
  }

  /** Counts of all streams together; undefined while none is open. */
  get totals(): ControlStats | undefined {
    if (this.#streams.size === 0) return undefined;
    const total = { sent: noneSent(), received: noneReceived() };
    for (const stream of this.#streams.values()) {
      const { sent, received } = streamStats(stream);
      addSent(total.sent, sent);
      addReceived(total.received, received);
    }
    return total;
  }

  #receiver(stream: Stream, direction: ControlDirection, peer: string): ControlReceiver {
    const receivers = stream.receivers[direction];
    let receiver = receivers.get(peer);
    if (receiver === undefined) {
      receiver = new ControlReceiver({ deadlineMs: stream.setup.deadlineMs });
      receivers.set(peer, receiver);
    }
    return receiver;
  }

  #offsets(now: number, stream: Stream, peer: ControlPeer): readonly number[] {
    const plan = stream.plans.get(peer.id);
    if (plan !== undefined && now < plan.untilMs) return plan.offsets;
    const { hz, deadlineMs } = stream.setup;
    const path = this.#measure(now, peer);
    const offsets = cloneOffsets(path, { ...stream.senders.up.options, hz, deadlineMs });
    stream.plans.set(peer.id, { untilMs: now + PLAN_MS, offsets });
    return offsets;
  }

  #measure(now: number, peer: ControlPeer): PathQuality {
    const held = this.#paths.get(peer.id);
    if (held !== undefined && now < held.untilMs) return held.quality;
    const meter = held?.meter ?? new PathMeter();
    const quality = meter.measure(now, peer.link.stats);
    this.#paths.set(peer.id, { meter, quality, untilMs: now + PLAN_MS });
    return quality;
  }
}

function streamStats({ senders, receivers, gone }: Stream): ControlStats {
  const sent = noneSent();
  addSent(sent, senders.up.stats);
  addSent(sent, senders.down.stats);
  const received = noneReceived();
  addReceived(received, gone);
  for (const byPeer of [receivers.up, receivers.down]) {
    for (const receiver of byPeer.values()) addReceived(received, receiver.stats);
  }
  return { sent, received };
}
