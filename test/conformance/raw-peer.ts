// The other end of a connection as a careless or hostile program would be: node-datachannel with no transport of ours
// around it. It makes whatever channels it is told to and sends text.
import { PeerConnection, type DataChannel } from 'node-datachannel';
import type { Signal } from '../../src/io/transport.ts';
import type { TransportEnd } from './transport-suite.ts';

export class RawPeer {
  readonly #connection: PeerConnection;
  readonly #channels: DataChannel[] = [];
  #described = false;
  readonly #early: Signal[] = [];
  /** Own candidates of an initiator, until it has the answer: link-node.ts says what goes wrong otherwise. */
  readonly #held: Signal[] = [];
  #release: () => void = () => {};
  readonly #open = new Set<string>();
  readonly #closed = new Set<string>();
  readonly #waiting = new Set<() => void>();

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

  /** True once a channel with this label is open; false if it is not within `ms`. */
  awaitOpen(label: string, ms: number): Promise<boolean> {
    return this.#until(() => this.#open.has(label), ms);
  }

  awaitClosed(label: string, ms: number): Promise<boolean> {
    return this.#until(() => this.#closed.has(label), ms);
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
    channel.onOpen(() => this.#note(this.#open, label));
    channel.onClosed(() => this.#note(this.#closed, label));
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

  #note(set: Set<string>, label: string): void {
    set.add(label);
    for (const wake of this.#waiting) wake();
  }

  #until(done: () => boolean, ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (result: boolean): void => {
        clearTimeout(timer);
        this.#waiting.delete(check);
        resolve(result);
      };
      const check = (): void => {
        if (done()) settle(true);
      };
      const timer = setTimeout(() => settle(false), ms);
      this.#waiting.add(check);
      check();
    });
  }
}
