// A window's channel to its host without a network: the test sees every message, and says when the window reads.
import type { Channel } from '../../src/remote/channel.ts';

class End implements Channel {
  readonly #deliver: (bytes: Uint8Array) => void;
  readonly #onClosed: () => void;
  readonly #closing = new Set<() => void>();
  #open = true;
  /** Set by the end that listens. */
  take: (bytes: Uint8Array) => void = () => undefined;
  bufferedBytes = 0;

  constructor(deliver: (bytes: Uint8Array) => void, onClosed: () => void) {
    this.#deliver = deliver;
    this.#onClosed = onClosed;
  }
  get open(): boolean {
    return this.#open;
  }
  send(bytes: Uint8Array): void {
    if (this.#open) this.#deliver(bytes.slice());
  }
  onMessage(listener: (bytes: Uint8Array) => void): void {
    this.take = listener;
  }
  onClose(listener: () => void): void {
    this.#closing.add(listener);
  }
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#onClosed();
    for (const listener of this.#closing) listener();
  }
}

export class ChannelPair {
  readonly window: End = new End(
    (bytes) => queueMicrotask(() => this.host.open && this.host.take(bytes)),
    () => queueMicrotask(() => this.host.close()),
  );
  readonly host: End = new End(
    (bytes) => {
      this.messages.push(bytes);
      this.host.bufferedBytes += bytes.length;
      if (this.reads) queueMicrotask(() => this.#read());
    },
    () => queueMicrotask(() => this.window.close()),
  );
  /** Everything the host has sent. */
  readonly messages: Uint8Array[] = [];
  /** The window takes what comes. */
  reads = true;
  #taken = 0;

  /** The window takes what has come, and whatever comes from now on. */
  readOn(): void {
    this.reads = true;
    this.#read();
  }

  #read(): void {
    while (this.reads && this.#taken < this.messages.length) {
      const message = this.messages[this.#taken++] ?? new Uint8Array();
      this.host.bufferedBytes -= message.length;
      if (this.window.open) this.window.take(message);
    }
  }
}
