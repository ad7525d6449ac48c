// The transports of a pool: which PeerConnection carries which lane of whose link, and the signals that negotiate them. When
// one is wanted or given up is the pool's business. Further lanes are negotiated in messages of the link itself.
import type { IceServer, Signal } from '../wire/signaling.ts';
import type { Envelope } from '../wire/envelope.ts';
import type { PoolOptions } from './options.ts';
import type { Peer } from './peer.ts';
import type { PoolOutput } from './ports.ts';
import type { PeerId } from './views.ts';

/** What transports need of their pool. */
export interface TransportPorts {
  readonly options: PoolOptions;
  readonly peers: ReadonlyMap<PeerId, Peer>;
  readonly now: () => number;
  readonly random32: () => number;
  readonly output: (output: PoolOutput) => void;
  readonly send: (peer: Peer, envelope: Envelope) => void;
  /** Performs what a peer's link has put out. */
  readonly drain: (peer: Peer) => void;
}

export class Transports {
  readonly #ports: TransportPorts;
  readonly #byTransport = new Map<number, Peer>();
  #nextTransport = 0;
  iceServers: readonly IceServer[] = [];

  constructor(ports: TransportPorts) {
    this.#ports = ports;
  }

  /** Whose a transport is, and for which lane; undefined if it is nobody's any more. */
  find(transport: number): { readonly peer: Peer; readonly lane: number } | undefined {
    const peer = this.#byTransport.get(transport);
    if (peer === undefined) return undefined;
    if (peer.transport.kind !== 'none' && peer.transport.id === transport) return { peer, lane: 0 };
    const lane = peer.lanes.find(transport)?.lane;
    return lane === undefined ? undefined : { peer, lane };
  }

  connect(peer: Peer): void {
    this.#create(peer, this.#ports.random32(), true);
  }

  #create(peer: Peer, attempt: number, initiator: boolean): number {
    const transport = this.#nextTransport++;
    const deadlineMs = this.#ports.now() + this.#ports.options.transportMs;
    peer.transport = { kind: 'pending', id: transport, attempt, deadlineMs };
    this.#byTransport.set(transport, peer);
    this.#ports.output({ kind: 'transport-create', transport, initiator, iceServers: this.iceServers });
    return transport;
  }

  close(peer: Peer): void {
    for (const { lane } of peer.lanes.all()) this.closeLane(peer, lane);
    if (peer.transport.kind === 'none') return;
    this.#byTransport.delete(peer.transport.id);
    this.#ports.output({ kind: 'transport-close', transport: peer.transport.id });
    peer.transport = { kind: 'none', retryAtMs: undefined };
  }

  localSignal(transport: number, signal: Signal): void {
    const peer = this.#byTransport.get(transport);
    if (peer === undefined) return;
    const lane = peer.lanes.find(transport);
    if (lane !== undefined)
      return this.#ports.send(peer, { kind: 'lane', lane: lane.lane, attempt: lane.attempt, signal });
    if (peer.transport.kind === 'none') return;
    const { attempt } = peer.transport;
    this.#ports.output({ kind: 'backhaul', message: { kind: 'relay', peer: peer.id, attempt, signal } });
  }

  remoteSignal(id: PeerId, attempt: number, signal: Signal): void {
    const peer = this.#ports.peers.get(id);
    if (peer === undefined) return;
    const current = peer.transport.kind === 'none' ? undefined : peer.transport;
    if (current?.attempt === attempt) {
      this.#ports.output({ kind: 'transport-signal', transport: current.id, signal });
      return;
    }
    // Only the caller begins an attempt, and only with an offer; whatever else is of another attempt came too late.
    if (peer.initiator || signal.kind !== 'offer') return;
    if (current !== undefined) {
      this.close(peer);
      peer.link.handle(this.#ports.now(), { kind: 'transport-closed' });
      this.#ports.drain(peer);
    }
    if (!this.#ports.peers.has(id)) return;
    const transport = this.#create(peer, attempt, false);
    this.#ports.output({ kind: 'transport-signal', transport, signal });
  }

  opened(transport: number, path: 'direct' | 'relayed'): void {
    const peer = this.#byTransport.get(transport);
    if (peer === undefined) return;
    const lane = peer.lanes.find(transport);
    if (lane !== undefined) {
      lane.deadlineMs = Infinity;
      peer.link.handle(this.#ports.now(), { kind: 'transport-open', lane: lane.lane });
      return this.#ports.drain(peer);
    }
    if (peer.transport.kind !== 'pending') return;
    peer.transport = { kind: 'open', id: transport, attempt: peer.transport.attempt, path, sinceMs: this.#ports.now() };
    peer.link.handle(this.#ports.now(), { kind: 'transport-open' });
  }

  // --- further lanes ---

  #openLane(peer: Peer, lane: number, attempt: number, initiator: boolean): number {
    const transport = this.#nextTransport++;
    peer.lanes.add(lane, transport, attempt, this.#ports.now() + this.#ports.options.transportMs);
    this.#byTransport.set(transport, peer);
    this.#ports.output({ kind: 'transport-create', transport, initiator, iceServers: this.iceServers });
    return transport;
  }

  closeLane(peer: Peer, lane: number): void {
    const transport = peer.lanes.remove(lane);
    if (transport === undefined) return;
    this.#byTransport.delete(transport);
    this.#ports.output({ kind: 'transport-close', transport });
  }

  /** A lane's transport is gone, or never came to be. */
  dropLane(peer: Peer, lane: number): void {
    this.closeLane(peer, lane);
    peer.link.handle(this.#ports.now(), { kind: 'transport-closed', lane });
    this.#ports.drain(peer);
  }

  wantLane(peer: Peer, lane: number): void {
    let open = 0;
    for (const { lanes } of this.#ports.peers.values()) open += lanes.count;
    if (open >= this.#ports.options.lanesMax)
      return peer.link.handle(this.#ports.now(), { kind: 'transport-closed', lane });
    this.#openLane(peer, lane, this.#ports.random32(), true);
  }

  laneSignal(peer: Peer, lane: number, attempt: number, signal: Signal): void {
    const known = peer.lanes.get(lane);
    if (known?.attempt === attempt) {
      this.#ports.output({ kind: 'transport-signal', transport: known.transport, signal });
      return;
    }
    // Only who names the lane begins an attempt, and only with an offer; whatever else is of another came too late.
    if (signal.kind !== 'offer' || !peer.lanes.mayOffer(lane)) return;
    if (known !== undefined) this.dropLane(peer, lane);
    const transport = this.#openLane(peer, lane, attempt, false);
    this.#ports.output({ kind: 'transport-signal', transport, signal });
  }

  sendDatagram(peer: Peer, lane: number, bytes: Uint8Array): void {
    const home = peer.transport.kind === 'open' ? peer.transport.id : undefined;
    const transport = lane === 0 ? home : peer.lanes.get(lane)?.transport;
    if (transport !== undefined) this.#ports.output({ kind: 'datagram', transport, bytes });
  }
}
