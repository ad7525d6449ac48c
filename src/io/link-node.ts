// A WebRTC connection with one data channel on Node, over node-datachannel's native API. The only file that knows
// node-datachannel, so its traps end here: callbacks that must not throw, wrappers that close when collected, order.
import { cleanup, PeerConnection, type DataChannel, type IceServer as NativeServer } from 'node-datachannel';
import type {
  IceServer,
  PathKind,
  Signal,
  Transport,
  TransportFactory,
  TransportHandlers,
  TransportOptions,
} from './transport.ts';
import {
  CHANNEL_LABEL,
  CLOSE_REASONS,
  relayAddress,
  SignalGate,
  STRAY_CHANNELS_MAX,
  withoutCandidates,
  withoutPrefix,
} from './sdp.ts';

/** Largest message this end takes, announced in its description: as much as Chromium. */
const MESSAGE_BYTES_MAX = 256 * 1024;

/**
 * How long an initiator keeps its candidates after it has the answer, milliseconds. An end that knows our candidates
 * before we have its answer completes ICE and DTLS while libdatachannel is still inside `setRemoteDescription`: the
 * certificate is then checked against a fingerprint that is not stored yet and both ends fail (0.5 to 5% on loopback).
 * The few milliseconds beyond the answer let our end finish ICE first: it is the DTLS server, and a ClientHello that
 * comes before it is ready is dropped and repeated only after a second (5 to 15% on loopback).
 */
const CANDIDATE_HOLD_MS = 20;

/** Every transport whose native objects live: they close when their wrappers are collected, so someone must hold them. */
const alive = new Set<NodeTransport>();

export const nodeTransport: TransportFactory = (options, handlers) => {
  const transport = new NodeTransport(options, handlers);
  transport.start(options.iceServers);
  return transport;
};

/**
 * Closes every connection and stops libdatachannel's threads, for the end of a process or of a test file. Blocks until
 * they have stopped, 10 seconds at most; throws if they have not. New transports may be made afterwards.
 */
export function shutdownTransports(): void {
  for (const transport of alive) transport.close();
  cleanup();
  alive.clear();
}

class NodeTransport implements Transport {
  readonly #initiator: boolean;
  readonly #relayOnly: boolean;
  readonly #handlers: TransportHandlers;
  readonly #gate: SignalGate;
  #state: 'connecting' | 'open' | 'closed' = 'connecting';
  #connection: PeerConnection | undefined;
  #channel: DataChannel | undefined;
  /** Channels that were turned away: held until they have closed. */
  readonly #strays = new Set<DataChannel>();
  #strayCount = 0;
  /** Own candidates that may not leave yet; undefined once they may. */
  #held: Signal[] | undefined = [];
  #holdTimer: NodeJS.Timeout | undefined;
  /** Addresses of this end's own relays. */
  readonly #relays = new Set<string>();
  /** With relays only: the other end's candidates that name another address, as many as are admitted. */
  readonly #strangers: Signal[] = [];

  constructor({ initiator, relayOnly = false }: TransportOptions, handlers: TransportHandlers) {
    this.#initiator = initiator;
    this.#relayOnly = relayOnly;
    this.#handlers = handlers;
    this.#gate = new SignalGate(initiator);
  }

  start(iceServers: readonly IceServer[]): void {
    try {
      const connection = new PeerConnection(CHANNEL_LABEL, {
        iceServers: iceServers.flatMap(nativeServers),
        iceTransportPolicy: this.#relayOnly ? 'relay' : 'all',
        maxMessageSize: MESSAGE_BYTES_MAX,
      });
      this.#connection = connection;
      alive.add(this);
      connection.onStateChange(shielded((state) => this.#stateChanged(state)));
      connection.onLocalDescription(shielded((sdp, type) => this.#described(sdp, type)));
      connection.onLocalCandidate(shielded((candidate, mid) => this.#gathered(candidate, mid)));
      connection.onDataChannel(shielded((channel) => this.#offered(channel)));
      // Last: making the channel begins the negotiation.
      if (this.#initiator)
        this.#adopt(connection.createDataChannel(CHANNEL_LABEL, { unordered: true, maxRetransmits: 0 }));
    } catch (error) {
      this.#end(`could not start: ${messageOf(error)}`);
    }
  }

  signal(signal: Signal): void {
    if (this.#state === 'closed') return;
    const admitted = this.#gate.admit(signal);
    if (admitted.kind === 'refuse') {
      this.#end(CLOSE_REASONS.malformed);
      return;
    }
    for (const each of admitted.signals) if (!this.#relayOnly || this.#mayReach(each)) this.#apply(each);
  }

  send(datagram: Uint8Array): boolean {
    if (this.#state !== 'open' || this.#channel === undefined) return false;
    try {
      // Copied by the call. What it returns is not success but whether nothing had to wait.
      this.#channel.sendMessageBinary(datagram);
      return true;
    } catch {
      return false; // Closed under us, or larger than the other end takes: this datagram is lost, as on any bad path.
    }
  }

  bufferedBytes(): number {
    if (this.#state !== 'open' || this.#channel === undefined) return 0;
    try {
      return this.#channel.bufferedAmount();
    } catch {
      return 0; // Closed under us: nothing waits any more.
    }
  }

  close(): void {
    this.#end(CLOSE_REASONS.here);
  }

  /**
   * With relays only: the policy just keeps this end's candidates back, and libjuice would send checks, and with them our address,
   * to whatever it is told of. So it is told only of the address that our own relay has, whatever type the other end claims: the
   * server that is there knows us anyway. What comes before our relay is known waits for it.
   */
  #mayReach(signal: Signal): boolean {
    if (signal.kind !== 'candidate') return true;
    const address = relayAddress(signal.candidate);
    if (address === undefined) return false;
    if (this.#relays.has(address)) return true;
    this.#strangers.push(signal);
    return false;
  }

  #apply(signal: Signal): void {
    const connection = this.#connection;
    if (connection === undefined || this.#state === 'closed') return;
    if (signal.kind === 'candidate') {
      try {
        connection.addRemoteCandidate(signal.candidate, signal.mid);
      } catch {
        // Well-formed, yet of no use to libdatachannel (an unknown transport, say), or the connection has just failed,
        // which `onStateChange` reports. One way less to the other end is not the end of the others.
      }
      return;
    }
    try {
      connection.setRemoteDescription(this.#relayOnly ? withoutCandidates(signal.sdp) : signal.sdp, signal.kind);
    } catch {
      this.#end(CLOSE_REASONS.malformed);
      return;
    }
    if (this.#initiator) this.#holdTimer = setTimeout(() => this.#release(), CANDIDATE_HOLD_MS);
  }

  #described(sdp: string, type: string): void {
    if (this.#state === 'closed' || (type !== 'offer' && type !== 'answer')) return;
    this.#handlers.onSignal({ kind: type, sdp });
    // Candidates come through a queue of their own and may have overtaken the description.
    if (!this.#initiator) this.#release();
  }

  #gathered(candidate: string, mid: string): void {
    if (this.#state === 'closed') return;
    const signal: Signal = { kind: 'candidate', candidate: withoutPrefix(candidate), mid };
    this.#foundRelay(relayAddress(signal.candidate));
    if (this.#held === undefined) this.#handlers.onSignal(signal);
    else this.#held.push(signal);
  }

  #foundRelay(address: string | undefined): void {
    if (address === undefined || this.#relays.has(address)) return;
    this.#relays.add(address);
    for (const each of this.#strangers.splice(0)) if (this.#mayReach(each)) this.#apply(each);
  }

  #release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const signal of held) if (!this.#isClosed()) this.#handlers.onSignal(signal);
  }

  /** The other end made a channel in-band: ours if it is the first and we made none, else a stray. */
  #offered(channel: DataChannel): void {
    const wanted = !this.#initiator && this.#channel === undefined && channel.getLabel() === CHANNEL_LABEL;
    if (wanted && this.#state !== 'closed') {
      this.#adopt(channel);
      return;
    }
    this.#strays.add(channel);
    this.#strayCount += 1;
    // Without this callback the native wrapper is never let go.
    channel.onClosed(shielded(() => this.#strays.delete(channel)));
    channel.close();
    if (this.#strayCount > STRAY_CHANNELS_MAX) this.#end(CLOSE_REASONS.channels);
  }

  #adopt(channel: DataChannel): void {
    this.#channel = channel;
    channel.onMessage(shielded((message) => this.#received(message)));
    channel.onClosed(shielded(() => this.#end(CLOSE_REASONS.there)));
    channel.onError(shielded((error) => this.#end(`data channel: ${error}`)));
    channel.onOpen(shielded(() => this.#opened()));
  }

  #opened(): void {
    if (this.#state !== 'connecting') return;
    // It may have closed before `onClosed` was set, which is then never called.
    if (this.#channel?.isOpen() !== true) {
      this.#end(CLOSE_REASONS.there);
      return;
    }
    this.#state = 'open';
    this.#handlers.onOpen(this.#path());
  }

  #received(message: string | Buffer | ArrayBuffer): void {
    if (typeof message === 'string') {
      this.#end(CLOSE_REASONS.text);
      return;
    }
    this.#opened(); // Messages come through a queue of their own and may overtake the opening.
    if (this.#isClosed()) return;
    // A plain Uint8Array: a Buffer's `slice` would share memory where everybody expects a copy.
    this.#handlers.onDatagram(
      message instanceof ArrayBuffer
        ? new Uint8Array(message)
        : new Uint8Array(message.buffer, message.byteOffset, message.byteLength),
    );
  }

  #stateChanged(state: string): void {
    if (state === 'failed') this.#end('no way to the other end');
    if (state === 'closed') {
      this.#end(CLOSE_REASONS.there);
      alive.delete(this); // Nothing native is left to hold.
    }
  }

  #path(): PathKind {
    try {
      const pair = this.#connection?.getSelectedCandidatePair();
      if (pair === undefined || pair === null) return 'direct';
      const { local, remote } = pair;
      // What arrives before its candidate does has no type of its own, yet comes from where our relay is too.
      const relayed = local.type === 'relay' || remote.type === 'relay' || this.#relays.has(remote.address);
      return relayed ? 'relayed' : 'direct';
    } catch {
      return 'direct'; // Already gone again; `onClosed` follows.
    }
  }

  #end(reason: string): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    clearTimeout(this.#holdTimer);
    closeQuietly(this.#channel);
    closeQuietly(this.#connection);
    queueMicrotask(() => this.#handlers.onClosed(reason));
  }

  /** A question of its own because a handler may close the transport behind the type checker's back. */
  #isClosed(): boolean {
    return this.#state === 'closed';
  }
}

/** Native code aborts the process when a callback throws: such an error is thrown again where Node reports it. */
function shielded<Args extends readonly unknown[]>(callback: (...args: Args) => void): (...args: Args) => void {
  return (...args) => {
    try {
      callback(...args);
    } catch (error) {
      setImmediate(() => {
        throw error;
      });
    }
  };
}

function closeQuietly(closable: { close(): void } | undefined): void {
  try {
    closable?.close();
  } catch {
    // It was closed from the other side at the same moment, which is what we want.
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** One entry per URL that libdatachannel can use; `stuns:` and what is no ICE URL (RFC 7064, 7065) are left out. */
function nativeServers(server: IceServer): NativeServer[] {
  return server.urls.flatMap((url): NativeServer[] => {
    const parts = /^(stun|turns?):(?:\[([\da-f:.]+)\]|([^:?[\]]+))(?::(\d{1,5}))?(?:\?transport=(udp|tcp))?$/i.exec(
      url,
    );
    const scheme = parts?.[1]?.toLowerCase();
    const hostname = parts?.[2] ?? parts?.[3];
    if (scheme === undefined || hostname === undefined) return [];
    const port = Number(parts?.[4] ?? (scheme === 'turns' ? 5349 : 3478));
    if (port === 0 || port > 65_535) return [];
    if (scheme === 'stun') return [{ hostname, port }];
    const { username, credential } = server;
    if (username === undefined || credential === undefined) return [];
    const overTcp = parts?.[5]?.toLowerCase() === 'tcp';
    const relayType = scheme === 'turns' ? 'TurnTls' : overTcp ? 'TurnTcp' : 'TurnUdp';
    return [{ hostname, port, username, password: credential, relayType }];
  });
}
