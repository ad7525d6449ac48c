// The pool machine: one membership in one pool. Binds the signaling server's word, one link a peer, talk and sharing.
// Contract as of every machine here: call, then poll until undefined, then arm one timer for `nextTimeout`. Times are
// milliseconds on one monotonic clock. Outputs name transports by number; the driver makes them real.
import { APPLICATION_SCHEMA_MIN } from '../wire/registry.ts';
import { u32Of } from '../wire/bytes.ts';
import { isTalk } from '../wire/talk-envelope.ts';
import { decodeEnvelope, encodeEnvelope, type Envelope } from '../wire/envelope.ts';
import type { Member, ServerMessage } from '../wire/signaling.ts';
import type { LinkOutput, SendResult } from '../link/link.ts';
import { toTimeUs } from '../link/time-sampler.ts';
import { Share } from '../share/share.ts';
import { PoolControl } from './control.ts';
import { Joining } from './joining.ts';
import { KeyWork } from './key-work.ts';
import { poolOptions, type PoolOptions } from './options.ts';
import { Peer } from './peer.ts';
import { PoolClock } from './pool-clock.ts';
import type { PoolInput, PoolOutput, PoolSetup } from './ports.ts';
export type { PoolInput, PoolOutput, PoolSetup } from './ports.ts';
import { shareLinks } from './share-links.ts';
import { StatsMeter } from './stats.ts';
import type { Talk } from '../talk/talk.ts';
import { Talking } from './talking.ts';
import { Transports } from './transports.ts';
import { DEVICE_KINDS, type PeerId, type PeerView, type PoolEvent } from './views.ts';

export class Pool {
  readonly options: PoolOptions;
  /** Normalized. */
  readonly code: string;
  /** The conversation: logs, rooms and members. */
  readonly talk: Talk;
  /** Control streams: inputs at a fixed rate, each in time or not at all. */
  readonly control: PoolControl;
  /** Offers and transfers. */
  readonly share: Share;
  readonly #setup: PoolSetup;
  readonly #outputs: PoolOutput[] = [];
  readonly #peers = new Map<PeerId, Peer>();
  readonly #keyWork = new KeyWork((output) => this.#outputs.push(output));
  readonly #joining: Joining;
  readonly #transports: Transports;
  readonly #talking: Talking;
  readonly #clock: PoolClock;
  readonly #meter = new StatsMeter();
  #now = 0;
  #online = false;
  #joined = false;
  #left = false;
  #turn = 0;

  constructor(setup: PoolSetup) {
    this.#setup = setup;
    this.code = setup.pool;
    this.options = poolOptions(setup.options?.pool);
    this.#clock = new PoolClock(setup.wallOffsetMs);
    const self = setup.keys.id;
    this.#joining = new Joining(setup, this.#keyWork, (output) => this.#outputs.push(output));
    this.#transports = new Transports({
      setup,
      keyWork: this.#keyWork,
      options: this.options,
      peers: this.#peers,
      now: () => this.#now,
      random32: () => u32Of(setup.random(4)),
      output: (output) => this.#outputs.push(output),
      send: (peer, envelope) => this.#send(peer, envelope),
      drain: (peer) => this.#drainLink(peer),
      drop: (peer) => this.#dropTransport(peer),
    });
    this.#talking = new Talking({
      self,
      peers: this.#peers,
      now: () => this.#now,
      poolTimeMs: (now) => this.poolTimeMs(now),
      send: (peer, envelope) => this.#send(peer, envelope),
      options: setup.options?.talk,
    });
    this.talk = this.#talking.talk;
    this.control = new PoolControl({
      peers: () => this.#peers.values(),
      timeUs: (at) => toTimeUs(this.poolTimeMs(at)),
      transitMs: (peer, at, sentUs) => this.#peers.get(peer)?.ageMs(at, sentUs),
      emit: (frame) => this.#outputs.push({ kind: 'control', frame }),
    });
    this.share = new Share({
      self,
      links: shareLinks(this.#peers, () => this.share.now, this.options.backlogMax),
      nameOf: (peer) => (peer === self ? this.#joining.name : (this.#peers.get(peer)?.name ?? '')),
      wallOffsetMs: setup.wallOffsetMs,
      firstNumber: u32Of(setup.random(4)),
      ...(setup.options?.share === undefined ? {} : { options: setup.options.share }),
    });
  }

  /** Once, before all else: reads what is kept of the conversation. */
  start(now: number): void {
    this.#now = now;
    this.talk.start(now);
  }

  get peers(): PeerView[] {
    return [...this.#peers.values()].map((peer) => peer.view);
  }

  /** The pool's clock, the same for everyone in it: the server's wall clock, ms since 1970. Without one, our own. */
  poolTimeMs(now: number): number {
    return now + this.#clock.offsetMs(now);
  }

  /** From now on a `stats` event every `everyMs` (100 to 3,600,000); 0 ends that. Throws a RangeError on anything else. */
  watchStats(now: number, everyMs: number): void {
    this.#meter.watch(now, everyMs, this.#peers.values());
  }

  /** Messages (entries, offers, answers) that no peer has acknowledged yet. */
  get unackedMessages(): number {
    let count = 0;
    for (const peer of this.#peers.values()) if (peer.alive) count += peer.link.unackedMessages;
    return count;
  }

  /** Bytes held for all peers together, by class and direction. */
  get heldBytes(): { peer: PeerId; messagesOut: number; messagesIn: number; chunksOut: number; chunksIn: number }[] {
    return [...this.#peers.values()].map((peer) => ({ peer: peer.id, ...peer.link.heldBytes }));
  }

  /**
   * Sends a control datagram of the application's own (schema 256 and above, at most CONTROL_BYTES_MAX) to `to`, or to
   * everyone: at once and once only, or not at all after `deadlineMs`. `dropped`: nobody was there to take it.
   */
  sendApplication(now: number, schema: number, bytes: Uint8Array, deadlineMs: number, to?: PeerId): SendResult {
    this.#now = now;
    let result: SendResult = 'dropped';
    for (const peer of this.#peers.values()) {
      if (to !== undefined && peer.id !== to) continue;
      if (peer.alive && peer.link.sendControl(now, schema, bytes, deadlineMs) === 'ok') result = 'ok';
    }
    return result;
  }

  /** Out of the pool: tells the server and every peer, and ends every transfer. The machine is done after that. */
  leave(now: number, reason: string): void {
    this.#now = now;
    if (this.#left) return;
    this.#meter.hasten(now);
    this.#report();
    this.share.leave(now);
    for (const peer of this.#peers.values()) this.#remove(peer);
    this.#left = true;
    if (this.#online) this.#outputs.push({ kind: 'backhaul', message: { kind: 'leave' } });
    this.#event({ kind: 'left', pool: this.code, reason });
  }

  handle(now: number, input: PoolInput): void {
    this.#now = now;
    if (this.#left) return;
    switch (input.kind) {
      case 'backhaul-open':
        this.#online = true;
        this.#clock.opened();
        return this.#askTime();
      case 'backhaul-closed':
        this.#online = false;
        return this.#joining.closed();
      case 'renamed':
      case 'ticket':
        return this.#joining.handle(input);
      case 'server':
        return this.#onServer(input.message);
      case 'transport-signal':
        return this.#transports.localSignal(input.transport, input.signal);
      case 'transport-open':
        return this.#transports.opened(input.transport, input.path);
      case 'transport-closed': {
        const found = this.#transports.find(input.transport);
        if (found === undefined) return;
        return found.lane === 0 ? this.#dropTransport(found.peer) : this.#transports.dropLane(found.peer, found.lane);
      }
      case 'datagram': {
        const found = this.#transports.find(input.transport);
        if (found === undefined) return;
        const { peer, lane } = found;
        if (lane === 0 && !this.#transports.isLinks(peer, input.bytes)) return;
        peer.link.handle(now, { kind: 'datagram', lane, bytes: input.bytes });
        this.#drainLink(peer);
        peer.lookAtClock(now);
        return;
      }
      case 'key-done':
        return this.#keyWork.done(input.id, input.result);
      case 'stored':
        return this.share.stored(now, input.id, input.result);
      case 'talked':
        return this.#talking.done(input.id, input.result);
      case 'timeout':
        return this.#timeout();
    }
  }

  poll(): PoolOutput | undefined {
    for (;;) {
      const output = this.#outputs.shift() ?? this.share.poll() ?? this.#talking.poll();
      if (output !== undefined) return output;
      // Data datagrams are built last and one at a time: each lives in its link's one buffer until it is sent.
      if (!this.#pollLinks()) return undefined;
    }
  }

  nextTimeout(): number | undefined {
    if (this.#left) return undefined;
    let next = Math.min(this.share.nextTimeout() ?? Infinity, this.talk.nextTimeout() ?? Infinity, this.#meter.dueMs);
    if (this.#online) next = Math.min(next, this.#clock.nextAskMs);
    for (const peer of this.#peers.values()) {
      next = Math.min(next, peer.link.nextTimeout() ?? Infinity, peer.doubt?.untilMs ?? Infinity);
      next = Math.min(next, peer.lanes.deadlineMs, peer.transportDueMs);
      if (peer.transport.kind === 'none' && this.#online) next = Math.min(next, peer.transport.retryAtMs ?? Infinity);
    }
    return next === Infinity ? undefined : next;
  }

  // --- the server's word ---

  #onServer(message: ServerMessage): void {
    switch (message.kind) {
      case 'challenge':
        return this.#joining.challenged(message.nonce);
      case 'welcome':
        return this.#onWelcome(message);
      case 'peer-joined':
        this.#list(message.peer);
        return;
      case 'peer-left': {
        const peer = this.#peers.get(message.id);
        if (peer === undefined) return;
        if (!message.lost || !peer.alive) this.#remove(peer);
        else this.#doubt(peer, this.options.proofMs, false);
        return;
      }
      case 'relayed':
        this.#transports.remoteSignal(message.peer, message.attempt, message.signal);
        return;
      case 'timed':
        this.#clock.answered(this.#now, message);
        return this.#askTime();
    }
  }

  #onWelcome({ role, peers: members, iceServers }: Extract<ServerMessage, { kind: 'welcome' }>): void {
    this.#transports.iceServers = iceServers;
    const { keys, device: kind } = this.#setup;
    const { id: device, signKey, agreeKey } = keys;
    this.talk.joined(this.#now, { device, signKey, agreeKey, name: this.#joining.name, kind, role });
    const listed = new Set(members.map((member) => member.id));
    for (const peer of this.#peers.values()) {
      if (listed.has(peer.id)) continue;
      // The server was restarted, or we were away: whoever still answers stays, the others have time to rejoin.
      this.#doubt(peer, this.options.rejoinMs, false);
    }
    if (!this.#joined) {
      this.#joined = true;
      const peers = members.flatMap((member) => this.#list(member, false)?.view ?? []);
      this.#event({ kind: 'joined', pool: this.code, self: device, role, peers });
      return;
    }
    for (const member of members) this.#list(member);
  }

  #list(member: Member, announce = true): Peer | undefined {
    const { id, name, role } = member;
    if (id === this.#setup.keys.id) return undefined;
    const device = DEVICE_KINDS.find((kind) => kind === member.device) ?? 'browser';
    const known = this.#peers.get(id);
    if (known === undefined) {
      if (this.#peers.size >= this.options.peersMax) return undefined;
      const peer = this.#newPeer({ id, name, device, role }, this.options.retryMsMin);
      if (announce) this.#event({ kind: 'peer-joined', peer: peer.view });
      if (peer.initiator) this.#transports.connect(peer);
      return peer;
    }
    known.listed = true;
    known.doubt = undefined;
    const changed = known.name !== name || known.device !== device || known.role !== role;
    known.name = name;
    known.device = device;
    known.role = role;
    if (changed) this.#event({ kind: 'peer-changed', peer: known.view });
    // It may be the same process on a new socket, or a new one with the same id: its link will tell.
    if (known.alive) this.#doubt(known, this.options.proofMs, true);
    else if (known.transport.kind === 'none' && known.initiator) this.#transports.connect(known);
    return known;
  }

  /** Asks for a sign of life. Without one in time the peer is removed, or, if the server lists it, called again. */
  #doubt(peer: Peer, ms: number, listed: boolean): void {
    peer.listed = listed;
    // What was under way when it fell silent still arrives for a while, and proves nothing: only what comes later does.
    peer.doubt = { sinceMs: this.#now + ms / 3, untilMs: this.#now + ms };
    peer.link.probe(this.#now);
  }

  #settle(peer: Peer): void {
    const { doubt } = peer;
    if (doubt === undefined) return;
    const proven = peer.alive && peer.link.heardAtMs > doubt.sinceMs;
    peer.doubt = undefined;
    if (proven) return;
    if (peer.listed) this.#recall(peer);
    else this.#remove(peer);
  }

  #remove(peer: Peer): void {
    peer.link.close(this.#now, 'left');
    this.#peers.delete(peer.id);
    this.#drainLink(peer);
    this.#transports.close(peer);
    this.share.peerDown(this.#now, peer.id);
    this.#talking.down(peer);
    this.control.peerDown(peer.id);
    this.#event({ kind: 'peer-left', peer: peer.view });
  }

  // --- transports ---

  /** The transport is gone by itself, or is given up. The link waits for the next one; who called calls again. */
  #dropTransport(peer: Peer): void {
    const wasOpen = peer.transport.kind === 'open';
    this.#transports.learnUnmet(peer);
    this.#transports.close(peer);
    peer.link.handle(this.#now, { kind: 'transport-closed' });
    this.#drainLink(peer);
    if (!this.#peers.has(peer.id)) return;
    if (wasOpen) this.#event({ kind: 'peer-changed', peer: peer.view });
    if (!peer.listed && peer.doubt === undefined) return this.#doubt(peer, this.options.rejoinMs, false);
    if (!peer.initiator) return;
    peer.transport = { kind: 'none', retryAtMs: this.#now + peer.retryMs };
    peer.retryMs = Math.min(peer.retryMs * 2, this.options.retryMsMax);
  }

  /** Gives the present transport up and calls at once. */
  #recall(peer: Peer): void {
    this.#dropTransport(peer);
    if (peer.initiator && this.#peers.has(peer.id)) this.#transports.connect(peer);
  }

  // --- links ---

  #onLink(peer: Peer, output: LinkOutput): void {
    switch (output.kind) {
      case 'datagram':
        return this.#transports.sendDatagram(peer, output.lane, output.bytes);
      case 'lane-wanted':
        return this.#transports.wantLane(peer, output.lane);
      case 'lane-unwanted':
        return this.#transports.closeLane(peer, output.lane);
      case 'open':
        peer.retryMs = this.options.retryMsMin;
        // Its acknowledgement is the first that is known of the peer's clock.
        peer.link.probe(this.#now);
        if (!output.resumed) {
          this.share.peerUp(this.#now, peer.id);
          this.#talking.up(peer);
        }
        this.#event({ kind: 'peer-changed', peer: peer.view });
        return;
      case 'lost':
        return this.#dropTransport(peer);
      case 'reset':
        // Perhaps another run of its program: what still holds is told anew.
        peer.reset();
        this.share.peerDown(this.#now, peer.id);
        this.#talking.down(peer);
        return this.control.peerDown(peer.id);
      case 'message':
        return this.#onMessage(peer, output.bytes);
      case 'control': {
        const { schema, bytes } = output;
        // What waits to be handed out must outlive the datagram.
        if (schema >= APPLICATION_SCHEMA_MIN) {
          this.#outputs.push({ kind: 'application', peer: peer.id, schema, bytes: bytes.slice() });
          return;
        }
        return this.control.receive(this.#now, peer.id, schema, bytes, output.sentUs);
      }
      case 'chunk-request':
        return this.share.chunkRequested(this.#now, peer.id, output.request, output.transfer, output.chunk);
      case 'chunk-cancelled':
        return this.share.chunkCancelled(this.#now, peer.id, output.request);
      case 'chunk':
        return this.share.chunkArrived(this.#now, peer.id, output.transfer, output.chunk, output.bytes);
      case 'chunk-delivered':
        return this.share.chunkDelivered(this.#now, peer.id, output.transfer, output.bytes);
      case 'room':
        if (peer.flush(this.#now)) this.talk.peerRoom(this.#now, peer.id);
        return;
      case 'closed':
        return this.#onLinkClosed(peer, output.code);
    }
  }

  #onLinkClosed(peer: Peer, code: string): void {
    if (!this.#peers.has(peer.id)) return;
    if (code === 'left' || !peer.listed) return this.#remove(peer);
    // The peer broke the protocol, or says that we did: begin anew, later and later, with nothing kept.
    this.#transports.close(peer);
    this.share.peerDown(this.#now, peer.id);
    this.#talking.down(peer);
    const fresh = this.#newPeer(peer, Math.min(peer.retryMs * 2, this.options.retryMsMax));
    if (fresh.initiator) fresh.transport = { kind: 'none', retryAtMs: this.#now + peer.retryMs };
    this.#event({ kind: 'peer-changed', peer: fresh.view });
  }

  #newPeer({ id, name, device, role }: Pick<Peer, 'id' | 'name' | 'device' | 'role'>, retryMs: number): Peer {
    const { random, keys, options } = this.#setup;
    const peer = new Peer({ self: keys.id, id, name, device, role, retryMs, random, link: options?.link });
    this.#peers.set(id, peer);
    this.control.peerDown(id);
    this.talk.expect(this.#now, id);
    return peer;
  }

  #send(peer: Peer, envelope: Envelope): 'ok' | 'blocked' {
    return peer.send(this.#now, encodeEnvelope(envelope), this.options.backlogMax);
  }

  #onMessage(peer: Peer, bytes: Uint8Array): void {
    const envelope = decodeEnvelope(bytes);
    if (envelope === undefined) return peer.link.close(this.#now, 'malformed');
    if (isTalk(envelope)) return this.#talking.envelope(peer, envelope, bytes.length);
    peer.link.releaseMessage(this.#now, bytes.length);
    if (envelope.kind === 'lane')
      return this.#transports.laneSignal(peer, envelope.lane, envelope.attempt, envelope.signal);
    // A listener receives: what it offers is not heard of.
    if (envelope.kind === 'offer' && peer.role === 'listener') return;
    this.share.envelope(this.#now, peer.id, envelope);
  }

  // --- time and draining ---

  #timeout(): void {
    this.#askTime();
    this.#report();
    for (const peer of this.#peers.values()) {
      if (this.#now >= (peer.link.nextTimeout() ?? Infinity)) {
        peer.link.handle(this.#now, { kind: 'timeout' });
        this.#drainLink(peer);
      }
      if (this.#peers.get(peer.id) !== peer) continue; // its link ended just now
      // A doubt is settled by the first sign of life, and at the latest when its time is up.
      if (peer.doubt !== undefined && this.#now >= peer.doubt.untilMs) this.#settle(peer);
      if (this.#peers.get(peer.id) !== peer) continue;
      this.#transports.timeout(peer);
      const { transport } = peer;
      if (transport.kind === 'none' && this.#online && this.#now >= (transport.retryAtMs ?? Infinity)) {
        if (peer.listed) this.#transports.connect(peer);
        else transport.retryAtMs = undefined;
      }
    }
    this.share.timeout(this.#now);
    this.talk.timeout(this.#now);
  }

  #report(): void {
    const stats = this.#meter.report(this.#now, this.#peers.values(), this.#clock, this.control);
    if (stats !== undefined) this.#event({ kind: 'stats', stats });
  }

  #askTime(): void {
    const question = this.#online ? this.#clock.question(this.#now) : undefined;
    if (question !== undefined) this.#outputs.push({ kind: 'backhaul', message: question });
  }

  /** Everything but data datagrams, which `poll` builds when it is asked for them. */
  #drainLink(peer: Peer): void {
    for (let next = peer.link.pollQueued(); next !== undefined; next = peer.link.pollQueued()) this.#onLink(peer, next);
  }

  /** One output of one link, and the next time of the next: every peer gets as much of our uplink as any other. */
  #pollLinks(): boolean {
    const clockOffsetMs = this.#clock.offsetMs(this.#now);
    const peers = [...this.#peers.values()];
    for (let i = 0; i < peers.length; i++) {
      const turn = (this.#turn + i) % peers.length;
      const peer = peers[turn];
      if (peer === undefined) continue;
      peer.link.clockOffsetMs = clockOffsetMs;
      const next = peer.link.poll();
      if (next === undefined) continue;
      this.#turn = turn + 1;
      this.#onLink(peer, next);
      return true;
    }
    return false;
  }

  #event(event: PoolEvent): void {
    this.#outputs.push({ kind: 'event', event });
  }
}
