// The other end of a connection as a careless or hostile program would be: node-datachannel with no transport of ours
// around it. It makes whatever channels it is told to and sends text.
import { PeerConnection, type DataChannel } from 'node-datachannel';
import type { Signal } from '../../src/io/transport.ts';
import type { TransportEnd } from './transport-suite.ts';

const POLL_MS = 20;

export class RawPeer {
  readonly #connection: PeerConnection;
  readonly #channels: DataChannel[] = [];
  /** By the channels' places: a closed channel no longer tells its own. */
  readonly #labels: string[] = [];
  #described = false;
  readonly #early: Signal[] = [];
  /** Own candidates of an initiator, until it has the answer: link-node.ts says what goes wrong otherwise. */
  readonly #held: Signal[] = [];
  #release: () => void = () => {};
  readonly #open = new Set<string>();

  constructor() {
    this.#connection = new PeerConnection('raw', { iceServers: [] });
  }

  /** Makes the first channel, and with it an offer, if this end is to initiate. */
  join(end: TransportEnd, initiator: boolean, label: string): void {
    const connection = this.#connection;
    const tell = (signal: Signal): void => void end.signal(signal);
    connection.onLocalDescription((sdp, type) => {
      if (type === 'offer' || type === 'answer') tell({ kind: type, sdp });
    });
    connection.onLocalCandidate((candidate, mid) => {
      const signal: Signal = { kind: 'candidate', candidate, mid };
      if (initiator && !this.#described) this.#held.push(signal);
      else tell(signal);
    });
    this.#release = () => {
      for (const signal of this.#held.splice(0)) tell(signal);
    };
    connection.onDataChannel((channel) => this.#keep(channel));
    end.onSignal((signal) => this.#apply(signal));
    if (initiator) this.open(label);
  }

  open(label: string): void {
    this.#keep(this.#connection.createDataChannel(label, { unordered: true, maxRetransmits: 0 }));
  }

  /**
   * True once a channel with this label is open, or was: an end that closes it at once may do so before it has said that it
   * is open. False if it is not within `ms`.
   */
  awaitOpen(label: string, ms: number): Promise<boolean> {
    return this.#until(() => this.#open.has(label), ms);
  }

  /** True once a channel with this label has closed; one that is not connected yet counts as closed. */
  awaitClosed(label: string, ms: number): Promise<boolean> {
    return this.#until(
      () => this.#channels.some((channel, index) => this.#labels[index] === label && isClosed(channel)),
      ms,
    );
  }

  say(text: string): void {
    for (const channel of this.#channels) if (channel.isOpen()) channel.sendMessage(text);
  }

  close(): void {
    this.#connection.close();
  }

  #keep(channel: DataChannel): void {
    const label = channel.getLabel();
    this.#channels.push(channel);
    this.#labels.push(label);
    channel.onOpen(() => this.#open.add(label));
    channel.onClosed(() => this.#open.add(label));
  }

  #apply(signal: Signal): void {
    if (signal.kind === 'candidate' && !this.#described) {
      this.#early.push(signal);
    } else if (signal.kind === 'candidate') {
      this.#connection.addRemoteCandidate(signal.candidate, signal.mid);
    } else {
      this.#connection.setRemoteDescription(signal.sdp, signal.kind);
      this.#described = true;
      for (const early of this.#early.splice(0)) this.#apply(early);
      this.#release();
    }
  }

  async #until(done: () => boolean, ms: number): Promise<boolean> {
    for (let waitedMs = 0; waitedMs < ms && !done(); waitedMs += POLL_MS) {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    return done();
  }
}

/** Asked, not told: an `onClosed` that is set a moment after the other end closed is never called. */
function isClosed(channel: DataChannel): boolean {
  try {
    channel.sendMessage('are you there?');
    return false;
  } catch {
    return true;
  }
}
