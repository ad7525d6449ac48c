// The window's end of the channel: calls that wait for their answers, and the host's frames as they come.
import type { Calls, Tells } from './calls.ts';
import type { Channel } from './channel.ts';
import { errorOf } from './errors.ts';
import {
  ANSWER_BYTES_MAX,
  decodeFrames,
  encodeFrame,
  REQUEST_BYTES_MAX,
  type ToHost,
  type ToWindow,
} from './frames.ts';
import { HostError } from './host-face.ts';

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** What is not the answer to a call. */
export type Told = Exclude<ToWindow, { readonly kind: 'result' | 'failed' }>;

export class Wire {
  readonly #channel: Channel;
  readonly #waiting = new Map<number, Waiting>();
  readonly #onTold: (told: Told) => void;
  readonly #lost = new Set<() => void>();
  #calls = 0;
  #open = true;

  constructor(channel: Channel, onTold: (told: Told) => void) {
    this.#channel = channel;
    this.#onTold = onTold;
    channel.onMessage((message) => this.#onMessage(message));
    channel.onClose(() => this.#onClose());
  }

  /** Given to the channel and not yet on its way. */
  get bufferedBytes(): number {
    return this.#channel.bufferedBytes;
  }

  /** Called once the channel is closed, whoever closed it. Returns the way to stop. */
  onLost(listener: () => void): () => void {
    this.#lost.add(listener);
    return () => this.#lost.delete(listener);
  }

  /**
   * Asks the host. Rejects with what the call rejects with there, with a RangeError if it is more than REQUEST_BYTES_MAX, and
   * with a HostError `gone` once the channel is closed.
   */
  call<Name extends keyof Calls>(name: Name, ...args: Parameters<Calls[Name]>): ReturnType<Calls[Name]> {
    const id = this.#calls++;
    const answer = new Promise<unknown>((resolve, reject) => {
      if (!this.#open) throw gone();
      this.#send({ kind: 'call', id, name, args });
      this.#waiting.set(id, { resolve, reject });
    });
    // The host's answer to a call is what its table (serve-calls.ts) says: the one place where this is taken for granted.
    return answer as ReturnType<Calls[Name]>;
  }

  /**
   * Tells the host; nothing once the channel is closed. What the host refuses of it comes as HostEvent `trouble`. Throws a
   * RangeError if it is more than REQUEST_BYTES_MAX.
   */
  tell<Name extends keyof Tells>(name: Name, ...args: Parameters<Tells[Name]>): void {
    if (this.#open) this.#send({ kind: 'tell', name, args });
  }

  close(): void {
    this.#channel.close();
  }

  #send(frame: ToHost): void {
    const bytes = encodeFrame(frame);
    if (bytes.length > REQUEST_BYTES_MAX) {
      throw new RangeError(`${frame.name}: expected at most ${REQUEST_BYTES_MAX} bytes, got ${bytes.length}`);
    }
    this.#channel.send(bytes);
  }

  #onMessage(message: Uint8Array): void {
    const frames = decodeFrames(message, ANSWER_BYTES_MAX);
    if (frames === undefined) return this.#channel.close();
    for (const frame of frames) {
      if (!isFrame(frame)) return this.#channel.close();
      this.#take(frame);
    }
  }

  #take(frame: ToWindow): void {
    if (frame.kind !== 'result' && frame.kind !== 'failed') return this.#onTold(frame);
    const waiting = this.#waiting.get(frame.id);
    this.#waiting.delete(frame.id);
    if (frame.kind === 'result') waiting?.resolve(frame.value);
    else waiting?.reject(errorOf(frame.error));
  }

  #onClose(): void {
    this.#open = false;
    for (const { reject } of this.#waiting.values()) reject(gone());
    this.#waiting.clear();
    for (const listener of this.#lost) listener();
  }
}

const gone = (): HostError => new HostError('gone', 'Rockpool is not running any more.');

/** The page came from this host, and is of the same version: that it is a frame at all is enough. */
const isFrame = (frame: unknown): frame is ToWindow => typeof frame === 'object' && frame !== null && 'kind' in frame;
