// A WebRTC connection with one data channel in a browser, over simple-peer, which negotiates and tears down. The only
// file that knows simple-peer. Datagrams do not pass through its stream: see `adopt`.
import SimplePeer from 'simple-peer';
import type {
  PathKind,
  Signal,
  Transport,
  TransportFactory,
  TransportHandlers,
  TransportOptions,
} from './transport.ts';
import { CHANNEL_LABEL, CLOSE_REASONS, SignalGate, STRAY_CHANNELS_MAX, withoutPrefix } from './sdp.ts';

/** How long `onOpen` may wait to learn the path's kind where the browser tells it only in statistics, milliseconds. */
const PATH_WAIT_MS = 100;

export const browserTransport: TransportFactory = (options, handlers) => {
  const transport = new BrowserTransport(options, handlers);
  transport.start(options);
  return transport;
};

class BrowserTransport implements Transport {
  readonly #initiator: boolean;
  readonly #relayOnly: boolean;
  readonly #handlers: TransportHandlers;
  readonly #gate: SignalGate;
  #state: 'connecting' | 'open' | 'closed' = 'connecting';
  #peer: SimplePeer.Instance | undefined;
  #connection: RTCPeerConnection | undefined;
  #channel: RTCDataChannel | undefined;
  #strayCount = 0;

  constructor({ initiator, relayOnly = false }: TransportOptions, handlers: TransportHandlers) {
    this.#initiator = initiator;
    this.#relayOnly = relayOnly;
    this.#handlers = handlers;
    this.#gate = new SignalGate(initiator);
  }

  start(options: TransportOptions): void {
    try {
      const peer = new SimplePeer({
        initiator: this.#initiator,
        trickle: true,
        channelName: CHANNEL_LABEL,
        channelConfig: { ordered: false, maxRetransmits: 0 },
        config: {
          iceServers: options.iceServers.map((server) => ({ ...server, urls: [...server.urls] })),
          iceTransportPolicy: this.#relayOnly ? 'relay' : 'all',
        },
        wrtc: {
          RTCPeerConnection: this.#tappedConnection(),
          RTCSessionDescription: globalThis.RTCSessionDescription,
          RTCIceCandidate: globalThis.RTCIceCandidate,
        },
      });
      this.#peer = peer;
      peer.on('signal', (data) => this.#signalled(data));
      // An ordinary close by the other end comes as this error and then `close`; both in one go, the error first.
      peer.on('error', (error) => this.#end(closeReason(error)));
      peer.on('close', () => this.#end(CLOSE_REASONS.there));
    } catch (error) {
      this.#end(`could not start: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  signal(signal: Signal): void {
    if (this.#state === 'closed') return;
    const admitted = this.#gate.admit(signal);
    if (admitted.kind === 'refuse') {
      this.#end(CLOSE_REASONS.malformed);
      return;
    }
    for (const each of admitted.signals) this.#apply(each);
  }

  send(datagram: Uint8Array): boolean {
    const channel = this.#channel;
    if (this.#state !== 'open' || channel === undefined || channel.readyState !== 'open') return false;
    try {
      channel.send(unshared(datagram));
      return true;
    } catch {
      return false; // The browser's queue is full, or the message too large for the other end: this datagram is lost.
    }
  }

  bufferedBytes(): number {
    return this.#state === 'open' ? (this.#channel?.bufferedAmount ?? 0) : 0;
  }

  close(): void {
    this.#end(CLOSE_REASONS.here);
  }

  #apply(signal: Signal): void {
    const peer = this.#peer;
    // simple-peer throws at a signal once it is destroyed, which it may be a moment before its `close` event.
    if (peer === undefined || peer.destroyed || this.#state === 'closed') return;
    try {
      if (signal.kind === 'candidate') peer.signal({ type: 'candidate', candidate: remoteCandidate(signal) });
      else peer.signal({ type: signal.kind, sdp: signal.sdp });
    } catch {
      this.#end(CLOSE_REASONS.malformed);
    }
  }

  #signalled(data: SimplePeer.SignalData): void {
    if (this.#state === 'closed') return;
    if (data.type === 'candidate') {
      const { candidate, sdpMid } = data.candidate;
      if (candidate !== '')
        this.#handlers.onSignal({ kind: 'candidate', candidate: withoutPrefix(candidate), mid: sdpMid ?? '0' });
    } else if (data.type === 'offer' || data.type === 'answer') {
      this.#handlers.onSignal({ kind: data.type, sdp: data.sdp ?? '' });
    }
    // `renegotiate` and `transceiverRequest` are for media, which a link has none of.
  }

  /** The class simple-peer makes its connection of: the browser's own, with our ear on channels before simple-peer's. */
  #tappedConnection(): typeof RTCPeerConnection {
    const adopt = (channel: RTCDataChannel): void => this.#adopt(channel);
    const tap = (connection: RTCPeerConnection): void => {
      this.#connection = connection;
      connection.addEventListener('datachannel', (event) => this.#offered(event));
    };
    return class extends RTCPeerConnection {
      constructor(configuration?: RTCConfiguration) {
        super(configuration);
        tap(this);
      }
      override createDataChannel(label: string, init?: RTCDataChannelInit): RTCDataChannel {
        const channel = super.createDataChannel(label, init);
        adopt(channel);
        return channel;
      }
    };
  }

  /** The other end made a channel in-band: ours if it is the first and we made none. simple-peer would take any. */
  #offered(event: RTCDataChannelEvent): void {
    const { channel } = event;
    if (!this.#initiator && this.#channel === undefined && channel.label === CHANNEL_LABEL) {
      this.#adopt(channel);
      return;
    }
    event.stopImmediatePropagation();
    channel.close();
    this.#strayCount += 1;
    if (this.#strayCount > STRAY_CHANNELS_MAX) this.#end(CLOSE_REASONS.channels);
  }

  /**
   * Takes messages and the opening from the channel itself. simple-peer would hand out each as a Buffer polyfill,
   * whose `slice` shares memory, through a stream that buffers without limit (about 1 us a message on top), and it
   * reports the opening only after it has read statistics.
   */
  #adopt(channel: RTCDataChannel): void {
    this.#channel = channel;
    channel.binaryType = 'arraybuffer';
    channel.addEventListener('message', (event: MessageEvent<unknown>) => {
      event.stopImmediatePropagation();
      this.#received(event.data);
    });
    channel.addEventListener('open', () => void this.#learnPathAndOpen());
  }

  #received(data: unknown): void {
    if (this.#state === 'closed') return;
    if (!(data instanceof ArrayBuffer)) {
      this.#end(CLOSE_REASONS.text);
      return;
    }
    this.#opened('direct'); // Only when a message comes while the statistics are still being read.
    if (!this.#isClosed()) this.#handlers.onDatagram(new Uint8Array(data));
  }

  async #learnPathAndOpen(): Promise<void> {
    const connection = this.#connection;
    const known = connection === undefined ? 'direct' : selectedPath(connection);
    if (known !== undefined || connection === undefined) {
      this.#opened(known ?? 'direct');
      return;
    }
    const deadline = new Promise<PathKind>((resolve) => setTimeout(() => resolve('direct'), PATH_WAIT_MS));
    this.#opened(await Promise.race([statedPath(connection), deadline]));
  }

  #opened(path: PathKind): void {
    if (this.#state !== 'connecting') return;
    this.#state = 'open';
    // What arrives before its candidate does counts as neither, and its address is not told: a policy is.
    this.#handlers.onOpen(this.#relayOnly ? 'relayed' : path);
  }

  #end(reason: string): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#peer?.destroy();
    queueMicrotask(() => this.#handlers.onClosed(reason));
  }

  /** A question of its own because a handler may close the transport behind the type checker's back. */
  #isClosed(): boolean {
    return this.#state === 'closed';
  }
}

function remoteCandidate(signal: Signal & { readonly kind: 'candidate' }): RTCIceCandidate {
  return new RTCIceCandidate({
    candidate: signal.candidate,
    sdpMid: signal.mid === '' ? null : signal.mid,
    sdpMLineIndex: 0, // There is one section only.
  });
}

/** The selected pair's kind where the browser has it at hand (Chromium, Safari); undefined elsewhere (Firefox). */
function selectedPath(connection: RTCPeerConnection): PathKind | undefined {
  const ice = connection.sctp?.transport.iceTransport;
  const pair = typeof ice?.getSelectedCandidatePair === 'function' ? ice.getSelectedCandidatePair() : null;
  if (!pair) return undefined;
  return pair.local?.type === 'relay' || pair.remote?.type === 'relay' ? 'relayed' : 'direct';
}

/** The same from statistics: Firefox marks the pair in use `selected`. Never rejects. */
async function statedPath(connection: RTCPeerConnection): Promise<PathKind> {
  try {
    const report = new Map<string, Record<string, unknown>>();
    (await connection.getStats()).forEach((entry: Record<string, unknown>, id: string) => report.set(id, entry));
    for (const pair of report.values()) {
      if (pair['type'] !== 'candidate-pair' || pair['selected'] !== true) continue;
      const ends = [pair['localCandidateId'], pair['remoteCandidateId']];
      if (ends.some((id) => typeof id === 'string' && report.get(id)?.['candidateType'] === 'relay')) return 'relayed';
    }
    return 'direct';
  } catch {
    return 'direct'; // The connection is gone again; `onClosed` follows.
  }
}

/** The DOM's types refuse views of shared memory; such a view, which no part of Rockpool makes, is copied. */
function unshared(view: Uint8Array): Uint8Array<ArrayBuffer> {
  return isUnshared(view) ? view : new Uint8Array(view);
}

function isUnshared(view: Uint8Array): view is Uint8Array<ArrayBuffer> {
  return view.buffer instanceof ArrayBuffer;
}

function closeReason(error: Error): string {
  return error.message.includes('User-Initiated Abort') ? CLOSE_REASONS.there : error.message;
}
