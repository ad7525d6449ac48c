// A window's side of control streams and datagrams: it samples, encodes, decodes and shows, as in a page that has the client
// itself; in place of the pool stands the host, which carries the bytes.
import { pollAt } from '../control/stamp.ts';
import type { Datagrams } from '../io/client-face.ts';
import { NO_POOL } from '../io/client-face.ts';
import { ControlStreams, type ControlHost, type ControlPool } from '../io/control-streams.ts';
import { attempt } from '../io/attempt.ts';
import type { SendResult } from '../link/outputs.ts';
import { toTimeUs } from '../link/time-sampler.ts';
import type { ControlDirection, ControlSetup } from '../pool/control.ts';
import type { PeerId } from '../pool/views.ts';
import type { SchemaRegistry } from '../wire/registry.ts';
import type { Mirror } from './mirror.ts';
import type { Wire } from './wire.ts';

/** A window samples so much before the host's poll, ms, lest what it sampled wait for the next one. */
const LEAD_MS = 2;
/** Above this what is small and of the moment is not sent: it would come late. */
const BLOCKED_BYTES = 64 * 1024;

interface OpenStream {
  readonly hz: number;
  readonly polls: Record<ControlDirection, number>;
}

/** Stands in for the pool's control streams. */
class RemotePool implements ControlPool {
  readonly control: ControlPool['control'];
  readonly #mirror: Mirror;
  readonly #open = new Map<number, OpenStream>();

  constructor(wire: Wire, mirror: Mirror) {
    this.#mirror = mirror;
    this.control = {
      open: (setup: ControlSetup) => {
        this.#open.set(setup.stream, { hz: setup.hz, polls: { up: -1, down: -1 } });
        wire.tell('control.open', setup);
      },
      close: (stream) => {
        if (this.#open.delete(stream)) wire.tell('control.close', stream);
      },
      due: (now, stream, direction) => this.#due(now, stream, direction),
      poll: (now, stream, direction, frame) => {
        const open = this.#open.get(stream);
        if (open !== undefined) open.polls[direction] = this.#poll(now, open.hz);
        if (frame !== undefined) wire.tell('control.poll', stream, direction, frame);
      },
      stats: (stream) => mirror.control(stream),
      // Counted where the frame was received; the host cannot know what this window's schema makes of it.
      unreadable: () => undefined,
    };
  }

  poolTimeMs(): number {
    return this.#mirror.poolTimeMs + LEAD_MS;
  }

  #due(now: number, stream: number, direction: ControlDirection): boolean {
    const open = this.#open.get(stream);
    return open !== undefined && this.#mirror.inPool && this.#poll(now, open.hz) !== open.polls[direction];
  }

  #poll(_now: number, hz: number): number {
    return pollAt(toTimeUs(this.poolTimeMs()), hz);
  }
}

/** The streams of a window. */
export function remoteStreams(wire: Wire, mirror: Mirror): ControlStreams {
  const pool = new RemotePool(wire, mirror);
  const host: ControlHost = { pool, driver: { run: (call) => call(pool, performance.now()) } };
  return new ControlStreams(() => host);
}

type Take = (peer: PeerId, schema: number, bytes: Uint8Array) => void;

export class RemoteDatagrams {
  readonly #wire: Wire;
  readonly #mirror: Mirror;
  readonly #listeners = new Set<Take>();

  constructor(wire: Wire, mirror: Mirror) {
    this.#wire = wire;
    this.#mirror = mirror;
  }

  /** See `PoolClientFace.datagrams`. */
  open<D extends { readonly name: string; readonly value: unknown }>(
    registry: SchemaRegistry<D>,
    listener: (peer: PeerId, datagram: D) => void,
  ): Datagrams {
    const take: Take = (peer, schema, bytes) => {
      const decoded = registry.decode(schema, bytes);
      if (decoded.kind === 'decoded') listener(peer, decoded);
    };
    this.#listeners.add(take);
    if (this.#listeners.size === 1) this.#wire.tell('datagrams.listen', true);
    return {
      send: (schema, value, { deadlineMs, to }) => {
        const encoded = registry.encode(schema, value);
        if (encoded.kind === 'failed') throw encoded.error ?? new RangeError(`${schema.name}: ${encoded.code}`);
        return this.#send(schema.id, encoded.bytes, deadlineMs, to);
      },
      stop: () => {
        if (this.#listeners.delete(take) && this.#listeners.size === 0) this.#wire.tell('datagrams.listen', false);
      },
    };
  }

  take(peer: PeerId, schema: number, bytes: Uint8Array): void {
    for (const each of this.#listeners) attempt(() => each(peer, schema, bytes));
  }

  #send(schema: number, bytes: Uint8Array, deadlineMs: number, to: PeerId | undefined): SendResult {
    if (!this.#mirror.inPool) throw new Error(NO_POOL);
    const there = this.#mirror.peers.some(({ id, path }) => path !== 'connecting' && (to === undefined || id === to));
    if (!there) return 'dropped';
    if (this.#wire.bufferedBytes > BLOCKED_BYTES) return 'blocked';
    this.#wire.tell('datagrams.send', schema, bytes, deadlineMs, to);
    return 'ok';
  }
}
