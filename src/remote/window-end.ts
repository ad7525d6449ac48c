// The host's end of one window: takes its calls, tells it what happens, and how things are whenever that has changed.
import { z } from 'zod';
import type { PoolClientFace } from '../io/client-face.ts';
import type { PoolEvent } from '../pool/views.ts';
import type { Channel } from './channel.ts';
import { recordOf } from './errors.ts';
import { Exports } from './exports.ts';
import { decodeFrames, REQUEST_BYTES_MAX, type ToHost, type ToWindow } from './frames.ts';
import { HostError, type HostEvent, type HostFace } from './host-face.ts';
import type { Memory } from './memory.ts';
import { Outbox } from './outbox.ts';
import {
  callTable,
  isIn,
  prepared,
  tellTable,
  type CallTable,
  type TellTable,
  type WindowWork,
} from './serve-calls.ts';
import type { SharedStreams, StreamWindow } from './shared-streams.ts';
import { StateSender } from './state-sender.ts';

/** Calls of one window that are not answered yet: a page that makes more has lost its way. */
export const CALLS_MAX = 1000;
export interface WindowEndSetup {
  readonly client: PoolClientFace<string>;
  readonly host: HostFace;
  readonly memory: Memory;
  readonly streams: SharedStreams;
  readonly channel: Channel;
  /** The client is on its way into that pool. */
  readonly joining: (pool: string) => boolean;
  /** Of a pool that the client is not in. */
  readonly join: (pool: string) => Promise<void>;
  readonly onClosed: () => void;
}

export class WindowEnd implements StreamWindow {
  readonly #setup: WindowEndSetup;
  readonly #outbox: Outbox;
  readonly #exports: Exports;
  readonly #state: StateSender;
  readonly #calls: CallTable;
  readonly #tells: TellTable;
  #calling = 0;
  #closed = false;
  /** It has joined, or others have while it looked on: it is told what happens in the pool. */
  #follows = false;
  #stopStats: (() => void) | undefined;

  constructor(setup: WindowEndSetup) {
    const { client, host, channel, streams } = setup;
    this.#setup = setup;
    this.#state = new StateSender(client, () => streams.statsOf(this));
    this.#exports = new Exports(client.talkHistory);
    const work = this.#work();
    this.#calls = callTable(client, host, work);
    this.#tells = tellTable(client, work);
    this.#outbox = new Outbox({ channel, state: () => this.#stateFrame(), onOverrun: () => channel.close() });
    channel.onMessage((message) => this.#onMessage(message));
    channel.onClose(() => this.#onClose());
    // The first that a window hears: it is let in.
    this.#outbox.stateChanged();
  }

  // --- what the host tells ---

  event(event: PoolEvent): void {
    if (event.kind === 'joined' && !this.#follows) return this.#catchUp();
    if (!this.#follows || (event.kind === 'stats' && this.#stopStats === undefined)) return;
    if (CHANGES_TALK.has(event.kind)) this.#state.talkChanged();
    // Whoever hears of it is in that pool, or in none; what else an event tells of the state it brings with it.
    if (event.kind === 'joined' || this.#state.isOther(this.#follows)) this.#tellState();
    this.#outbox.event(event);
  }

  /** The pool was another until now. */
  clear(): void {
    if (this.#follows) this.#outbox.clear();
  }

  hostEvent(event: HostEvent): void {
    this.#outbox.send({ kind: 'host', event });
  }

  frame(frame: Parameters<StreamWindow['frame']>[0]): void {
    this.#outbox.sendNow({ kind: 'control', frame });
  }

  datagram(peer: string, schema: number, bytes: Uint8Array): void {
    this.#outbox.sendNow({ kind: 'datagram', peer, schema, bytes });
  }

  /** Time went by. */
  tick(): void {
    this.#outbox.stateChanged();
  }

  // --- what the window asks ---

  #onMessage(message: Uint8Array): void {
    const frames = decodeFrames(message, REQUEST_BYTES_MAX);
    if (frames === undefined) return this.#setup.channel.close();
    for (const given of frames) {
      const frame = TO_HOST.safeParse(given);
      if (this.#closed) return;
      if (!frame.success || !this.#take(frame.data)) return this.#setup.channel.close();
    }
  }

  /** False if that is nothing a window of ours would say. */
  #take(frame: ToHost): boolean {
    const { name, args } = frame;
    if (frame.kind === 'call') {
      const call = isIn(this.#calls, name) ? prepared(this.#calls, name, args) : undefined;
      if (call === undefined) return false;
      void this.#answer(frame.id, call);
      return true;
    }
    const tell = isIn(this.#tells, name) ? prepared(this.#tells, name, args) : undefined;
    if (tell === undefined) return false;
    try {
      tell();
    } catch (error) {
      this.hostEvent({ kind: 'trouble', text: recordOf(error).message });
    }
    return true;
  }

  async #answer(id: number, call: () => Promise<unknown>): Promise<void> {
    try {
      if (this.#calling >= CALLS_MAX) throw new HostError('refused', 'Too much was asked for at once.');
      this.#calling++;
      const value = await call().finally(() => this.#calling--);
      this.#outbox.send({ kind: 'result', id, value });
    } catch (error) {
      this.#outbox.send({ kind: 'failed', id, error: recordOf(error) });
    }
  }

  #work(): WindowWork {
    const { client, memory, streams } = this.#setup;
    return {
      exports: this.#exports,
      join: async (pool) => {
        if (memory.pool === pool) return this.#catchUp();
        // Who asks while it is on its way has missed the beginning, and is told all of it at the end.
        if (!this.#setup.joining(pool)) this.#follows = true;
        return this.#setup.join(pool);
      },
      watchStats: (on) => {
        this.#stopStats?.();
        // The window hears them as events, once.
        this.#stopStats = on ? client.stats(() => undefined) : undefined;
      },
      openControl: (setup) => streams.open(this, setup),
      closeControl: (stream) => streams.close(this, stream),
      sampled: (stream, direction, bytes) => streams.sampled(this, stream, direction, bytes),
      listen: (on) => streams.listen(this, on),
      sendDatagram: (schema, bytes, deadlineMs, to) => void streams.send(schema, bytes, deadlineMs, to),
      roomsChanged: () => {
        this.#state.talkChanged();
        this.#tellState();
      },
    };
  }

  /** The window comes into the middle of a pool. */
  #catchUp(): void {
    const { client, memory } = this.#setup;
    this.#follows = true;
    this.#state.talkChanged();
    this.#outbox.clear();
    this.#tellState();
    for (const event of memory.events(client)) this.#outbox.event(event);
  }

  #tellState(): void {
    const frame = this.#stateFrame();
    if (frame !== undefined) this.#outbox.send(frame);
  }

  #stateFrame(): ToWindow | undefined {
    const state = this.#state.change(this.#follows);
    return state === undefined ? undefined : { kind: 'state', state };
  }

  #onClose(): void {
    this.#closed = true;
    this.#outbox.stop();
    this.#exports.closeAll();
    this.#stopStats?.();
    this.#setup.streams.leave(this);
    this.#setup.onClosed();
  }
}

const args = z.array(z.unknown());
const TO_HOST: z.ZodType<ToHost> = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('call'), id: z.int().min(0), name: z.string(), args }),
  z.strictObject({ kind: z.literal('tell'), name: z.string(), args }),
]);

/** Events after which rooms or members may not be as they were. */
const CHANGES_TALK: ReadonlySet<PoolEvent['kind']> = new Set([
  ...(['joined', 'left', 'account', 'member', 'room'] as const),
  ...(['peer-joined', 'peer-changed', 'peer-left'] as const),
]);
