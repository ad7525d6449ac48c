// The control streams and datagrams of a host's windows, which the host carries and does not read: the windows sample and encode,
// decode and show. A client has a stream once, however many windows have it open.
import type { Datagrams, PoolClientFace } from '../io/client-face.ts';
import type { ControlStream, FrameInfo } from '../io/control-streams.ts';
import { DOWN_FRAME_BYTES_MAX, UP_FRAME_BYTES_MAX } from '../control/options.ts';
import type { ControlDirection, ControlFrame, ControlSetup, ControlStats } from '../pool/control.ts';
import type { PeerId } from '../pool/views.ts';
import type { SendResult } from '../link/outputs.ts';
import { CONTROL_BYTES_MAX } from '../wire/frames.ts';
import { SchemaRegistry, type DatagramSchema, type Decoded, type Encoded } from '../wire/registry.ts';

/** A window, as far as streams are concerned. */
export interface StreamWindow {
  frame(frame: ControlFrame): void;
  datagram(peer: PeerId, schema: number, bytes: Uint8Array): void;
}

interface Shared {
  readonly stream: ControlStream<Uint8Array>;
  readonly windows: Set<StreamWindow>;
  /** What a window sampled last, until the next poll takes it. */
  sampled: Uint8Array | undefined;
}

export class SharedStreams {
  readonly #client: PoolClientFace<string>;
  readonly #streams = new Map<number, Shared>();
  readonly #listening = new Set<StreamWindow>();
  #datagrams: Datagrams | undefined;

  constructor(client: PoolClientFace<string>) {
    this.#client = client;
  }

  /** As the first window opens it: others share it. Throws as `PoolClientFace.control` does. */
  open(window: StreamWindow, { stream: number, hz, deadlineMs, options: control }: ControlSetup): void {
    const known = this.#streams.get(number);
    if (known !== undefined) {
      known.windows.add(window);
      return;
    }
    const windows = new Set([window]);
    const surfaced =
      (direction: ControlDirection) =>
      (peer: string, bytes: Uint8Array, info: FrameInfo): void => {
        for (const each of windows) each.frame({ stream: number, direction, peer, bytes, ...info });
      };
    const stream = this.#client.control<Uint8Array, Uint8Array>({
      stream: number,
      hz,
      deadlineMs,
      up: rawSchema(RAW_ID, UP_FRAME_BYTES_MAX),
      down: rawSchema(RAW_ID, DOWN_FRAME_BYTES_MAX),
      source: () => {
        const { sampled } = shared;
        shared.sampled = undefined;
        return sampled;
      },
      onFrame: surfaced('up'),
      onUpdate: surfaced('down'),
      ...(control === undefined ? {} : { control }),
    });
    const shared: Shared = { stream, windows, sampled: undefined };
    this.#streams.set(number, shared);
  }

  close(window: StreamWindow, number: number): void {
    const shared = this.#streams.get(number);
    if (shared?.windows.delete(window) !== true || shared.windows.size > 0) return;
    this.#streams.delete(number);
    shared.stream.stop();
  }

  /** Throws a RangeError on more bytes than a frame of that direction has. */
  sampled(window: StreamWindow, number: number, direction: ControlDirection, bytes: Uint8Array): void {
    const shared = this.#streams.get(number);
    if (shared === undefined || !shared.windows.has(window)) return;
    if (direction === 'down') return shared.stream.update(bytes);
    if (bytes.length > UP_FRAME_BYTES_MAX) {
      throw new RangeError(`bytes: expected at most ${UP_FRAME_BYTES_MAX}, got ${bytes.length}`);
    }
    shared.sampled = bytes;
  }

  /** Of the streams that a window has open. */
  statsOf(window: StreamWindow): (readonly [number, ControlStats | undefined])[] {
    const open = [...this.#streams].filter(([, { windows }]) => windows.has(window));
    return open.map(([number, { stream }]) => [number, stream.stats] as const);
  }

  listen(window: StreamWindow, on: boolean): void {
    if (on) this.#listening.add(window);
    else this.#listening.delete(window);
    if (on) this.#raw();
  }

  send(schema: number, bytes: Uint8Array, deadlineMs: number, to: PeerId | undefined): SendResult {
    const options = { deadlineMs, ...(to === undefined ? {} : { to }) };
    return this.#raw().send(rawSchema(schema, CONTROL_BYTES_MAX), bytes, options);
  }

  /** The window is gone. */
  leave(window: StreamWindow): void {
    this.#listening.delete(window);
    for (const number of this.#streams.keys()) this.close(window, number);
  }

  #raw(): Datagrams {
    this.#datagrams ??= this.#client.datagrams(new RawRegistry(), (peer, { value }) => {
      for (const window of this.#listening) window.datagram(peer, value.schema, value.bytes);
    });
    return this.#datagrams;
  }
}

/** Of a stream's schemas only the owner's are on the wire; any id of the application's will do. */
const RAW_ID = 0xffff;

const rawSchema = (id: number, bytesMax: number): DatagramSchema<Uint8Array> => ({
  id,
  name: 'raw',
  bytesMax,
  write(to, bytes) {
    to.bytes.set(bytes, to.at);
    to.at += bytes.length;
  },
  read(from) {
    const bytes = from.bytes.subarray(from.at);
    from.at = from.bytes.length;
    return bytes;
  },
});

interface RawDatagram {
  readonly name: 'raw';
  readonly value: { readonly schema: number; readonly bytes: Uint8Array };
}

/** Takes the bytes of any schema for what they are: the windows have the schemas. */
class RawRegistry extends SchemaRegistry<RawDatagram> {
  override encode<T>(schema: DatagramSchema<T>, value: T): Encoded {
    return new SchemaRegistry().add(schema).encode(schema, value);
  }

  override decode(schema: number, bytes: Uint8Array): Decoded<RawDatagram> {
    return { kind: 'decoded', name: 'raw', value: { schema, bytes } };
  }
}
