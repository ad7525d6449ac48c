// The transports of a pool: which PeerConnection carries which lane of whose link, the signals that negotiate them, and the
// binding that comes before the link. When one is wanted is the pool's business. Further lanes are negotiated in messages of
// the link itself, which is bound by then.
import { SHARE_BYTES } from '../keys/binding.ts';
import { isBind } from '../wire/datagram.ts';
import type { IceServer, Signal } from '../wire/signaling.ts';
import type { Envelope } from '../wire/envelope.ts';
import { Binding, fingerprintOf } from './binding.ts';
import type { KeyWork } from './key-work.ts';
import type { PoolOptions } from './options.ts';
import type { Peer } from './peer.ts';
import type { PoolOutput, PoolSetup } from './ports.ts';
import { addressKinds, whyUnmet, type AddressKind } from './unmet.ts';
import type { PeerId, UnboundCode } from './views.ts';

/** What transports need of their pool. */
export interface TransportPorts {
  readonly setup: Pick<PoolSetup, 'pool' | 'keys' | 'random' | 'relayOnly'>;
  readonly keyWork: KeyWork;
  readonly options: PoolOptions;
  readonly peers: ReadonlyMap<PeerId, Peer>;
  readonly now: () => number;
  readonly random32: () => number;
  readonly output: (output: PoolOutput) => void;
  readonly send: (peer: Peer, envelope: Envelope) => void;
  /** Performs what a peer's link has put out. */
  readonly drain: (peer: Peer) => void;
  /** Gives the transport of a peer's lane 0 up; another is tried later. */
  readonly drop: (peer: Peer) => void;
}

/** Datagrams kept of a link whose end was bound first. More than its first few can be nothing it needs an answer to. */
const HELD_MAX = 4;

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
    const fingerprints = { own: undefined, theirs: undefined };
    const meeting = { own: new Set<AddressKind>(), theirs: new Set<AddressKind>(), heard: false };
    peer.transport = { kind: 'pending', id: transport, attempt, deadlineMs, fingerprints, meeting };
    this.#byTransport.set(transport, peer);
    this.#make(transport, initiator);
    return transport;
  }

  #make(transport: number, initiator: boolean): void {
    const { iceServers } = this;
    const { relayOnly = false } = this.#ports.setup;
    this.#ports.output({ kind: 'transport-create', transport, initiator, iceServers, relayOnly });
  }

  /** The present transport is given up. If it never opened, why not is told, unless it was the same the last time. */
  learnUnmet(peer: Peer): void {
    if (peer.transport.kind !== 'pending') return;
    const { relayOnly = false } = this.#ports.setup;
    const unmet = whyUnmet({ ...peer.transport.meeting, iceServers: this.iceServers, relayOnly });
    if (unmet === peer.unmet) return;
    peer.unmet = unmet;
    this.#ports.output({ kind: 'event', event: { kind: 'peer-changed', peer: peer.view } });
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
    if (peer.transport.kind === 'pending') {
      if (signal.kind !== 'candidate') peer.transport.fingerprints.own ??= fingerprintOf(signal.sdp);
      for (const kind of addressKinds(signal)) peer.transport.meeting.own.add(kind);
    }
    const { attempt } = peer.transport;
    this.#ports.output({ kind: 'backhaul', message: { kind: 'relay', peer: peer.id, attempt, signal } });
  }

  remoteSignal(id: PeerId, attempt: number, signal: Signal): void {
    const peer = this.#ports.peers.get(id);
    if (peer === undefined) return;
    const current = peer.transport.kind === 'none' ? undefined : peer.transport;
    if (current?.attempt === attempt) {
      return this.#passOn(peer, current.id, signal);
    }
    // Only the caller begins an attempt, and only with an offer; whatever else is of another attempt came too late.
    if (peer.initiator || signal.kind !== 'offer') return;
    if (current !== undefined) {
      this.learnUnmet(peer);
      this.close(peer);
      peer.link.handle(this.#ports.now(), { kind: 'transport-closed' });
      this.#ports.drain(peer);
    }
    if (!this.#ports.peers.has(id)) return;
    this.#passOn(peer, this.#create(peer, attempt, false), signal);
  }

  /** Of several descriptions a transport takes the first; what it says of the other end's certificate is what must be bound. */
  #passOn(peer: Peer, transport: number, signal: Signal): void {
    if (peer.transport.kind === 'pending') {
      const { fingerprints, meeting } = peer.transport;
      meeting.heard = true;
      for (const kind of addressKinds(signal)) meeting.theirs.add(kind);
      if (signal.kind !== 'candidate') {
        fingerprints.theirs ??= fingerprintOf(signal.sdp);
        if (fingerprints.theirs === undefined) return this.#unbound(peer, 'fingerprint');
      }
    }
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
    const { attempt, deadlineMs, fingerprints } = peer.transport;
    const { own, theirs } = fingerprints;
    peer.unmet = undefined;
    if (own === undefined || theirs === undefined) return this.#unbound(peer, 'fingerprint');
    const { pool, keys: self, random } = this.#ports.setup;
    const binding = new Binding(this.#ports.now(), {
      role: peer.end,
      pool,
      self,
      peer: peer.id,
      fingerprints: { own, theirs },
      share: random(SHARE_BYTES),
      resendMs: this.#ports.options.bindResendMs,
    });
    peer.transport = { kind: 'binding', id: transport, attempt, deadlineMs, path, binding, held: [] };
    this.#drainBinding(peer, binding);
  }

  // --- binding ---

  /** Whether a datagram of lane 0 is the link's. What comes before the transport is bound is nobody's. */
  isLinks(peer: Peer, bytes: Uint8Array): boolean {
    const { transport } = peer;
    if (transport.kind !== 'binding' && transport.kind !== 'open') return false;
    const { binding } = transport;
    if (isBind(bytes)) {
      binding.handle(this.#ports.now(), { kind: 'datagram', bytes });
      this.#drainBinding(peer, binding);
      return false;
    }
    if (transport.kind === 'open') return true;
    if (binding.heardProof && transport.held.length < HELD_MAX) transport.held.push(bytes);
    return false;
  }

  #drainBinding(peer: Peer, binding: Binding): void {
    for (let next = binding.poll(); next !== undefined; next = binding.poll()) {
      const { transport } = peer;
      // It was given up meanwhile, for another perhaps.
      if ((transport.kind !== 'binding' && transport.kind !== 'open') || transport.binding !== binding) return;
      switch (next.kind) {
        case 'datagram':
          this.#ports.output({ kind: 'datagram', transport: transport.id, bytes: next.bytes });
          break;
        case 'key':
          this.#ports.keyWork.ask(next.op, (result) => {
            binding.handle(this.#ports.now(), { kind: 'key-done', result });
            this.#drainBinding(peer, binding);
          });
          break;
        case 'bound':
          peer.keys = next.keys;
          peer.words = next.words;
          peer.unbound = undefined;
          this.#give(peer);
          break;
        case 'failed':
          this.#unbound(peer, next.code);
      }
    }
  }

  /** The transport is the link's from now on. */
  #give(peer: Peer): void {
    if (peer.transport.kind !== 'binding') return;
    const { id, attempt, path, binding, held } = peer.transport;
    const sinceMs = this.#ports.now();
    peer.transport = { kind: 'open', id, attempt, path, sinceMs, binding };
    peer.link.handle(sinceMs, { kind: 'transport-open' });
    for (const bytes of held) peer.link.handle(sinceMs, { kind: 'datagram', lane: 0, bytes });
    this.#ports.drain(peer);
  }

  #unbound(peer: Peer, code: UnboundCode): void {
    // Told once, however often it is tried again.
    if (peer.unbound !== code)
      this.#ports.output({ kind: 'event', event: { kind: 'unbound', peer: peer.id, name: peer.name, code } });
    peer.unbound = code;
    this.#ports.drop(peer);
  }

  /** What is due of a peer's transports. */
  timeout(peer: Peer): void {
    const now = this.#ports.now();
    for (const { lane, deadlineMs } of peer.lanes.all()) if (now >= deadlineMs) this.dropLane(peer, lane);
    const { transport } = peer;
    if (transport.kind !== 'pending' && transport.kind !== 'binding') return;
    if (now >= transport.deadlineMs) return this.#ports.drop(peer);
    if (transport.kind === 'pending') return;
    transport.binding.handle(now, { kind: 'timeout' });
    this.#drainBinding(peer, transport.binding);
  }

  // --- further lanes ---

  #openLane(peer: Peer, lane: number, attempt: number, initiator: boolean): number {
    const transport = this.#nextTransport++;
    peer.lanes.add(lane, transport, attempt, this.#ports.now() + this.#ports.options.transportMs);
    this.#byTransport.set(transport, peer);
    this.#make(transport, initiator);
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
