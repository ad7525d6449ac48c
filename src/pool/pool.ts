// The pool machine: one membership in one pool. Binds the signaling server's word, one link a peer, chat and sharing.
// Contract as of every machine here: call, then poll until undefined, then arm one timer for `nextTimeout`. Times are
// milliseconds on one monotonic clock. Outputs name transports by number; the driver makes them real.
import { PROTOCOL_VERSION } from '../wire/codes.ts';
import { decodeEnvelope, encodeEnvelope, CHAT_TEXT_MAX, type Envelope } from '../wire/envelope.ts';
import type { ClientMessage, IceServer, Member, ServerMessage, Signal } from '../wire/signaling.ts';
import type { LinkOutput, SendResult } from '../link/link.ts';
import type { FileFacts } from '../share/ports.ts';
import { Share } from '../share/share.ts';
import type { Arrived } from './chat.ts';
import { poolOptions, type PoolOptions } from './options.ts';
import { Peer } from './peer.ts';
import type { PoolInput, PoolOutput, PoolSetup } from './ports.ts';

export type { PoolInput, PoolOutput, PoolSetup } from './ports.ts';
import { shareLinks } from './share-links.ts';
import { DEVICE_KINDS, type DeviceKind, type PeerId, type PeerView, type PoolEvent } from './views.ts';

export class Pool {
  readonly options: PoolOptions;
  readonly #setup: PoolSetup;
  readonly #outputs: PoolOutput[] = [];
  readonly #peers = new Map<PeerId, Peer>();
  readonly #byTransport = new Map<number, Peer>();
  readonly #share: Share;
  #now = 0;
  #online = false;
  #joined = false;
  #left = false;
  #iceServers: readonly IceServer[] = [];
  #nextTransport = 0;
  #messages = 0;

  constructor(setup: PoolSetup) {
    this.#setup = setup;
    this.options = poolOptions(setup.options?.pool);
    this.#share = new Share({
      self: setup.self,
      links: shareLinks(this.#peers, () => this.#now, this.options.backlogMax),
      nameOf: (peer) => (peer === setup.self ? setup.name : (this.#peers.get(peer)?.name ?? '')),
      wallOffsetMs: setup.wallOffsetMs,
      firstNumber: this.#random32(),
      ...(setup.options?.share === undefined ? {} : { options: setup.options.share }),
    });
  }

  /** Chunk size of own offers: what the store must cut their files into. */
  get chunkBytes(): number {
    return this.#share.chunkBytes;
  }

  get peers(): PeerView[] {
    return [...this.#peers.values()].map((peer) => peer.view);
  }

  /** Messages (chat, offers, answers) that no peer has acknowledged yet. */
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
   * Says `text` (1 to CHAT_TEXT_MAX characters) to everyone. `blocked`: someone's queue is full; nothing was sent to
   * anyone, try again in a moment. `dropped`: the text's length is out of range, or this device has left.
   */
  say(now: number, text: string): SendResult {
    this.#now = now;
    if (this.#left || text.length === 0 || text.length > CHAT_TEXT_MAX) return 'dropped';
    const sentMs = now + this.#setup.wallOffsetMs;
    const peers = [...this.#peers.values()];
    // UTF-8 takes at most three bytes for each UTF-16 unit.
    const bytesMax = text.length * 3 + 32;
    if (peers.some(({ link }) => link.heldBytes.messagesOut + bytesMax > link.options.messageSendBytesMax))
      return 'blocked';
    for (const peer of peers) {
      const chat: Envelope = { kind: 'chat', seq: peer.chat.nextOut, sentMs, text };
      if (peer.link.sendMessage(now, encodeEnvelope(chat)) === 'ok') peer.chat.nextOut++;
      this.#drainLink(peer);
    }
    this.#emitMessage(this.#setup.self, this.#setup.name, text, sentMs);
    return 'ok';
  }

  /** See Share: files that the store holds under their keys. */
  offer(now: number, files: readonly { readonly key: string; readonly facts: FileFacts }[]): string {
    this.#now = now;
    return this.#share.offer(now, files);
  }

  accept(now: number, offer: string): void {
    this.#now = now;
    this.#share.accept(now, offer);
  }

  decline(now: number, offer: string): void {
    this.#now = now;
    this.#share.decline(now, offer);
  }

  withdraw(now: number, offer: string): void {
    this.#now = now;
    this.#share.withdraw(now, offer);
  }

  cancel(now: number, transfer: string): void {
    this.#now = now;
    this.#share.cancel(now, transfer);
  }

  /** Out of the pool: tells the server and every peer, and ends every transfer. The machine is done after that. */
  leave(now: number, reason: string): void {
    this.#now = now;
    if (this.#left) return;
    for (const peer of this.#peers.values()) this.#remove(peer);
    this.#left = true;
    if (this.#online) this.#outputs.push({ kind: 'backhaul', message: { kind: 'leave' } });
    this.#event({ kind: 'left', pool: this.#setup.pool, reason });
  }

  handle(now: number, input: PoolInput): void {
    this.#now = now;
    if (this.#left) return;
    switch (input.kind) {
      case 'backhaul-open': {
        const { pool, secret, name, device } = this.#setup;
        this.#online = true;
        const message: ClientMessage = { kind: 'join', version: PROTOCOL_VERSION, pool, secret, name, device };
        this.#outputs.push({ kind: 'backhaul', message });
        return;
      }
      case 'backhaul-closed':
        this.#online = false;
        return;
      case 'server':
        return this.#onServer(input.message);
      case 'transport-signal':
        return this.#onLocalSignal(input.transport, input.signal);
      case 'transport-open':
        return this.#onTransportOpen(input.transport, input.path);
      case 'transport-closed': {
        const peer = this.#byTransport.get(input.transport);
        if (peer !== undefined) this.#dropTransport(peer);
        return;
      }
      case 'datagram': {
        const peer = this.#byTransport.get(input.transport);
        if (peer === undefined) return;
        peer.link.handle(now, { kind: 'datagram', bytes: input.bytes });
        this.#drainLink(peer);
        return;
      }
      case 'stored':
        this.#share.stored(now, input.id, input.result);
        return;
      case 'timeout':
        return this.#timeout();
    }
  }

  poll(): PoolOutput | undefined {
    for (;;) {
      const output = this.#outputs.shift() ?? this.#share.poll();
      if (output !== undefined) return output;
      // Data datagrams are built last and one at a time: each lives in its link's one buffer until it is sent.
      if (!this.#pollLinks()) return undefined;
    }
  }

  nextTimeout(): number | undefined {
    let next = this.#share.nextTimeout() ?? Infinity;
    for (const peer of this.#peers.values()) {
      next = Math.min(next, peer.link.nextTimeout() ?? Infinity, peer.doubt?.untilMs ?? Infinity);
      if (peer.transport.kind === 'pending') next = Math.min(next, peer.transport.deadlineMs);
      if (peer.transport.kind === 'none' && this.#online) next = Math.min(next, peer.transport.retryAtMs ?? Infinity);
    }
    return next === Infinity ? undefined : next;
  }

  // --- the server's word ---

  #onServer(message: ServerMessage): void {
    switch (message.kind) {
      case 'welcome':
        this.#onWelcome(message.peers, message.iceServers);
        return;
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
        this.#onRemoteSignal(message.peer, message.attempt, message.signal);
        return;
      case 'pong':
        return;
    }
  }

  #onWelcome(members: readonly Member[], iceServers: readonly IceServer[]): void {
    this.#iceServers = iceServers;
    const listed = new Set(members.map((member) => member.id));
    for (const peer of this.#peers.values()) {
      if (listed.has(peer.id)) continue;
      // The server was restarted, or we were away: whoever still answers stays, the others have time to rejoin.
      this.#doubt(peer, this.options.rejoinMs, false);
    }
    if (!this.#joined) {
      this.#joined = true;
      const peers = members.flatMap((member) => this.#list(member, false)?.view ?? []);
      this.#event({ kind: 'joined', pool: this.#setup.pool, self: this.#setup.self, peers });
      return;
    }
    for (const member of members) this.#list(member);
  }

  #list(member: Member, announce = true): Peer | undefined {
    const { id, name } = member;
    if (id === this.#setup.self) return undefined;
    const device = DEVICE_KINDS.find((kind) => kind === member.device) ?? 'browser';
    const known = this.#peers.get(id);
    if (known === undefined) {
      if (this.#peers.size >= this.options.peersMax) return undefined;
      const peer = this.#newPeer(id, name, device, this.options.retryMsMin);
      if (announce) this.#event({ kind: 'peer-joined', peer: peer.view });
      if (peer.initiator) this.#connect(peer);
      return peer;
    }
    known.listed = true;
    known.doubt = undefined;
    const changed = known.name !== name || known.device !== device;
    known.name = name;
    known.device = device;
    if (changed) this.#event({ kind: 'peer-changed', peer: known.view });
    // It may be the same process on a new socket, or a new one with the same id: its link will tell.
    if (known.alive) this.#doubt(known, this.options.proofMs, true);
    else if (known.transport.kind === 'none' && known.initiator) this.#connect(known);
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
    this.#closeTransport(peer);
    this.#share.peerDown(this.#now, peer.id);
    this.#event({ kind: 'peer-left', peer: peer.view });
  }

  // --- transports ---

  #connect(peer: Peer): void {
    this.#createTransport(peer, this.#random32(), true);
  }

  #createTransport(peer: Peer, attempt: number, initiator: boolean): number {
    const transport = this.#nextTransport++;
    const deadlineMs = this.#now + this.options.transportMs;
    peer.transport = { kind: 'pending', id: transport, attempt, deadlineMs };
    this.#byTransport.set(transport, peer);
    this.#outputs.push({ kind: 'transport-create', transport, initiator, iceServers: this.#iceServers });
    return transport;
  }

  #closeTransport(peer: Peer): void {
    if (peer.transport.kind === 'none') return;
    this.#byTransport.delete(peer.transport.id);
    this.#outputs.push({ kind: 'transport-close', transport: peer.transport.id });
    peer.transport = { kind: 'none', retryAtMs: undefined };
  }

  /** The transport is gone by itself, or is given up. The link waits for the next one; who called calls again. */
  #dropTransport(peer: Peer): void {
    const wasOpen = peer.transport.kind === 'open';
    this.#closeTransport(peer);
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
    if (peer.initiator && this.#peers.has(peer.id)) this.#connect(peer);
  }

  #onLocalSignal(transport: number, signal: Signal): void {
    const peer = this.#byTransport.get(transport);
    if (peer === undefined || peer.transport.kind === 'none') return;
    const { attempt } = peer.transport;
    this.#outputs.push({ kind: 'backhaul', message: { kind: 'relay', peer: peer.id, attempt, signal } });
  }

  #onRemoteSignal(id: PeerId, attempt: number, signal: Signal): void {
    const peer = this.#peers.get(id);
    if (peer === undefined) return;
    const current = peer.transport.kind === 'none' ? undefined : peer.transport;
    if (current?.attempt === attempt) {
      this.#outputs.push({ kind: 'transport-signal', transport: current.id, signal });
      return;
    }
    // Only the caller begins an attempt, and only with an offer; whatever else is of another attempt came too late.
    if (peer.initiator || signal.kind !== 'offer') return;
    if (current !== undefined) {
      this.#closeTransport(peer);
      peer.link.handle(this.#now, { kind: 'transport-closed' });
      this.#drainLink(peer);
    }
    if (!this.#peers.has(id)) return;
    const transport = this.#createTransport(peer, attempt, false);
    this.#outputs.push({ kind: 'transport-signal', transport, signal });
  }

  #onTransportOpen(transport: number, path: 'direct' | 'relayed'): void {
    const peer = this.#byTransport.get(transport);
    if (peer === undefined || peer.transport.kind !== 'pending') return;
    peer.transport = { kind: 'open', id: transport, attempt: peer.transport.attempt, path, sinceMs: this.#now };
    peer.link.handle(this.#now, { kind: 'transport-open' });
  }

  // --- links ---

  #onLink(peer: Peer, output: LinkOutput): void {
    switch (output.kind) {
      case 'datagram':
        if (peer.transport.kind !== 'open') return;
        this.#outputs.push({ kind: 'datagram', transport: peer.transport.id, bytes: output.bytes });
        return;
      case 'open':
        peer.retryMs = this.options.retryMsMin;
        if (!output.resumed) this.#share.peerUp(this.#now, peer.id);
        this.#event({ kind: 'peer-changed', peer: peer.view });
        return;
      case 'lost':
        return this.#dropTransport(peer);
      case 'reset':
        peer.reset();
        return this.#hello(peer);
      case 'message':
        return this.#onMessage(peer, output.bytes);
      case 'chunk-request':
        return this.#share.chunkRequested(this.#now, peer.id, output.request, output.transfer, output.chunk);
      case 'chunk':
        return this.#share.chunkArrived(this.#now, peer.id, output.transfer, output.chunk, output.bytes);
      case 'chunk-delivered':
        return this.#share.chunkDelivered(this.#now, peer.id, output.transfer, output.bytes);
      case 'room':
        return peer.flush(this.#now);
      case 'closed':
        return this.#onLinkClosed(peer, output.code);
    }
  }

  #onLinkClosed(peer: Peer, code: string): void {
    if (!this.#peers.has(peer.id)) return;
    if (code === 'left' || !peer.listed) return this.#remove(peer);
    // The peer broke the protocol, or says that we did: begin anew, later and later, with nothing kept.
    this.#closeTransport(peer);
    this.#share.peerDown(this.#now, peer.id);
    const fresh = this.#newPeer(peer.id, peer.name, peer.device, Math.min(peer.retryMs * 2, this.options.retryMsMax));
    if (fresh.initiator) fresh.transport = { kind: 'none', retryAtMs: this.#now + peer.retryMs };
    this.#event({ kind: 'peer-changed', peer: fresh.view });
  }

  #newPeer(id: PeerId, name: string, device: DeviceKind, retryMs: number): Peer {
    const { random, self, options } = this.#setup;
    const peer = new Peer({ self, id, name, device, retryMs, random, link: options?.link });
    this.#peers.set(id, peer);
    this.#hello(peer);
    return peer;
  }

  #hello(peer: Peer): void {
    const { name, device } = this.#setup;
    this.#send(peer, { kind: 'hello', name, device, nextChat: peer.chat.nextOut });
  }

  #send(peer: Peer, envelope: Envelope): void {
    peer.send(this.#now, encodeEnvelope(envelope), this.options.backlogMax);
  }

  #onMessage(peer: Peer, bytes: Uint8Array): void {
    const envelope = decodeEnvelope(bytes);
    if (envelope === undefined) return peer.link.close(this.#now, 'malformed');
    switch (envelope.kind) {
      case 'chat':
        return this.#show(peer, peer.chat.add(envelope, bytes.length));
      case 'hello':
        peer.link.releaseMessage(this.#now, bytes.length);
        return this.#show(peer, peer.chat.begin(envelope.nextChat));
      default:
        peer.link.releaseMessage(this.#now, bytes.length);
        return this.#share.envelope(this.#now, peer.id, envelope);
    }
  }

  #show(peer: Peer, arrived: readonly Arrived[]): void {
    for (const { chat, bytes, fresh } of arrived) {
      peer.link.releaseMessage(this.#now, bytes);
      if (fresh) this.#emitMessage(peer.id, peer.name, chat.text, chat.sentMs);
    }
  }

  #emitMessage(from: PeerId, name: string, text: string, sentMs: number): void {
    const id = `${from}/${this.#messages++}`;
    const message = { id, from, name, own: from === this.#setup.self, text, sentMs };
    this.#event({ kind: 'message', message });
  }

  // --- time and draining ---

  #timeout(): void {
    for (const peer of this.#peers.values()) {
      if (this.#now >= (peer.link.nextTimeout() ?? Infinity)) {
        peer.link.handle(this.#now, { kind: 'timeout' });
        this.#drainLink(peer);
      }
      if (this.#peers.get(peer.id) !== peer) continue; // its link ended just now
      // A doubt is settled by the first sign of life, and at the latest when its time is up.
      if (peer.doubt !== undefined && this.#now >= peer.doubt.untilMs) this.#settle(peer);
      if (this.#peers.get(peer.id) !== peer) continue;
      const { transport } = peer;
      if (transport.kind === 'pending' && this.#now >= transport.deadlineMs) this.#dropTransport(peer);
      if (transport.kind === 'none' && this.#online && this.#now >= (transport.retryAtMs ?? Infinity)) {
        if (peer.listed) this.#connect(peer);
        else transport.retryAtMs = undefined;
      }
    }
    this.#share.timeout(this.#now);
  }

  /** Everything but data datagrams, which `poll` builds when it is asked for them. */
  #drainLink(peer: Peer): void {
    for (let next = peer.link.pollQueued(); next !== undefined; next = peer.link.pollQueued()) this.#onLink(peer, next);
  }

  #pollLinks(): boolean {
    for (const peer of this.#peers.values()) {
      const next = peer.link.poll();
      if (next === undefined) continue;
      this.#onLink(peer, next);
      return true;
    }
    return false;
  }

  #event(event: PoolEvent): void {
    this.#outputs.push({ kind: 'event', event });
  }

  #random32(): number {
    const bytes = this.#setup.random(4);
    return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0);
  }
}
