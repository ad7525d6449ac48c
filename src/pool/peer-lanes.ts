// The further transports of one peer's link, by lane. Their signals travel in messages of the link itself, which is open
// and private by then: the server has no part in them.
import { LANE_IDS, LANES_MAX } from '../wire/datagram.ts';

interface LaneTransport {
  readonly lane: number;
  readonly transport: number;
  /** Names the PeerConnection that a signal belongs to, as in signaling. */
  readonly attempt: number;
  /** Pending ones fail at this time; Infinity once open. */
  deadlineMs: number;
}

export class PeerLanes {
  /** The end whose device has the smaller id names even lanes, the other odd ones. */
  readonly #ownParity: 0 | 1;
  readonly #lanes = new Map<number, LaneTransport>();

  constructor(initiator: boolean) {
    this.#ownParity = initiator ? 0 : 1;
  }

  get count(): number {
    return this.#lanes.size;
  }

  /** When the next pending one fails. */
  get deadlineMs(): number {
    let next = Infinity;
    for (const { deadlineMs } of this.#lanes.values()) next = Math.min(next, deadlineMs);
    return next;
  }

  /** Whether the peer may offer a transport for this lane. */
  mayOffer(lane: number): boolean {
    const theirs = lane > 0 && lane < LANE_IDS && lane % 2 !== this.#ownParity;
    return theirs && (this.#lanes.has(lane) || this.#lanes.size < LANES_MAX - 1);
  }

  add(lane: number, transport: number, attempt: number, deadlineMs: number): void {
    this.#lanes.set(lane, { lane, transport, attempt, deadlineMs });
  }

  get(lane: number): LaneTransport | undefined {
    return this.#lanes.get(lane);
  }

  find(transport: number): LaneTransport | undefined {
    for (const entry of this.#lanes.values()) if (entry.transport === transport) return entry;
    return undefined;
  }

  /** Forgets a lane; returns the transport that was its. */
  remove(lane: number): number | undefined {
    const transport = this.#lanes.get(lane)?.transport;
    this.#lanes.delete(lane);
    return transport;
  }

  all(): LaneTransport[] {
    return [...this.#lanes.values()];
  }
}
