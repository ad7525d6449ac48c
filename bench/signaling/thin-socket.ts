// A websocket of a client that does as little as RFC 6455 allows, so that thousands of clients in one process leave the
// processor to the server that is measured. It asks for the upgrade with the headers of a browser, and has as much of the
// browser's WebSocket as src/io/backhaul.ts uses. What it gets is believed: it talks to servers of our own.
import { connect, type Socket } from 'node:net';

const OPCODE = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;
const MASK = Buffer.from([0x37, 0xfa, 0x21, 0x3d]);
const HEADER_END = Buffer.from('\r\n\r\n');
const NOTHING = Buffer.alloc(0);
/** No close frame came at all (RFC 6455, 7.1.5). */
const BROKEN = 1006;

/** What `addEventListener` can be given, by the event's name. */
interface Listeners {
  open: () => void;
  message: (event: { readonly data: ArrayBuffer | string }) => void;
  error: () => void;
  close: (event: { readonly code: number; readonly reason: string }) => void;
}

export class ThinSocket {
  readonly OPEN = 1;
  /** Always so. */
  binaryType = 'arraybuffer';
  /** 0, 1 or 3, as a browser's. */
  readyState = 0;
  readonly #socket: Socket;
  readonly #listeners: { [K in keyof Listeners]: Listeners[K][] } = { open: [], message: [], error: [], close: [] };
  #unread: Buffer = NOTHING;
  #closed = { code: BROKEN, reason: '' };

  /** `url`: `ws://` with an IPv4 address and a port. `localAddress`: of 127.0.0.0/8, whose socket it is to the server. */
  constructor(url: string, localAddress: string) {
    const { hostname, port, host, pathname, search } = new URL(url);
    this.#socket = connect({ host: hostname, port: Number(port), localAddress, noDelay: true });
    this.#socket.once('connect', () => this.#socket.write(upgradeRequest(host, pathname + search)));
    this.#socket.on('data', (bytes: Buffer) => this.#read(bytes));
    this.#socket.on('error', () => {});
    this.#socket.on('close', () => {
      this.readyState = 3;
      for (const listener of this.#listeners.close) listener(this.#closed);
    });
  }

  get bufferedAmount(): number {
    return this.#socket.writableLength;
  }

  addEventListener<K extends keyof Listeners>(name: K, listener: Listeners[K]): void {
    this.#listeners[name].push(listener);
  }

  /** Called with every further message as it lies in the socket's buffer, instead of the listeners; for those that only count. */
  onPayload: ((payload: Buffer) => void) | undefined;

  send(data: Uint8Array | string): void {
    this.write(frameOf(data));
  }

  /** Sends what `frameOf` has made. */
  write(frame: Buffer): void {
    this.#socket.write(frame);
  }

  close(code?: number): void {
    if (this.readyState !== this.OPEN) {
      this.#socket.destroy();
      return;
    }
    const payload = Buffer.alloc(code === undefined ? 0 : 2);
    if (code !== undefined) payload.writeUInt16BE(code);
    this.write(masked(OPCODE.close, payload));
    this.#socket.end();
  }

  #read(bytes: Buffer): void {
    this.#unread = this.#unread.length === 0 ? bytes : Buffer.concat([this.#unread, bytes]);
    if (this.readyState === 0 && !this.#readAnswer()) return;
    while (this.#readFrame());
  }

  /** The server's answer to the upgrade. False: there is more to come, or it was none. */
  #readAnswer(): boolean {
    const end = this.#unread.indexOf(HEADER_END);
    if (end < 0) return false;
    if (!this.#unread.subarray(0, end).toString('latin1').startsWith('HTTP/1.1 101 ')) {
      this.#socket.destroy();
      return false;
    }
    this.#unread = this.#unread.subarray(end + HEADER_END.length);
    this.readyState = 1;
    for (const listener of this.#listeners.open) listener();
    return true;
  }

  /** True if there was a whole one. */
  #readFrame(): boolean {
    const unread = this.#unread;
    if (unread.length < 2) return false;
    const short = (unread[1] ?? 0) & 0x7f;
    if (short === 127) throw new RangeError('frame: expected at most 65,535 bytes, got more');
    const start = short === 126 ? 4 : 2;
    if (unread.length < start) return false;
    const end = start + (short === 126 ? unread.readUInt16BE(2) : short);
    if (unread.length < end) return false;
    this.#unread = unread.subarray(end);
    this.#take((unread[0] ?? 0) & 0x0f, unread.subarray(start, end));
    return true;
  }

  #take(opcode: number, payload: Buffer): void {
    if (opcode < OPCODE.close && this.onPayload !== undefined) return this.onPayload(payload);
    switch (opcode) {
      case OPCODE.binary: {
        const data = new Uint8Array(payload).buffer;
        for (const listener of this.#listeners.message) listener({ data });
        return;
      }
      case OPCODE.text: {
        const data = payload.toString();
        for (const listener of this.#listeners.message) listener({ data });
        return;
      }
      case OPCODE.ping:
        return this.write(masked(OPCODE.pong, payload));
      case OPCODE.close:
        if (payload.length >= 2) this.#closed = { code: payload.readUInt16BE(), reason: payload.toString('utf8', 2) };
        this.write(masked(OPCODE.close, payload.subarray(0, 2)));
        this.#socket.end();
    }
  }
}

/** A message as a client's frame. Which mask, is no matter to who takes it off: so one frame may be sent again and again. */
export function frameOf(data: Uint8Array | string): Buffer {
  return typeof data === 'string' ? masked(OPCODE.text, Buffer.from(data)) : masked(OPCODE.binary, data);
}

function masked(opcode: number, payload: Uint8Array): Buffer {
  const { length } = payload;
  if (length > 0xffff) throw new RangeError(`payload: expected at most 65,535 bytes, got ${length}`);
  const start = length < 126 ? 6 : 8;
  const frame = Buffer.allocUnsafe(start + length);
  frame[0] = 0x80 | opcode;
  frame[1] = 0x80 | (length < 126 ? length : 126);
  if (length >= 126) frame.writeUInt16BE(length, 2);
  MASK.copy(frame, start - 4);
  for (let index = 0; index < length; index += 1) frame[start + index] = (payload[index] ?? 0) ^ (MASK[index & 3] ?? 0);
  return frame;
}

/** As Chromium writes it. */
function upgradeRequest(host: string, path: string): string {
  return [
    `GET ${path} HTTP/1.1`,
    `Host: ${host}`,
    'Connection: Upgrade',
    'Pragma: no-cache',
    'Cache-Control: no-cache',
    'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
    'Upgrade: websocket',
    `Origin: http://${host}`,
    'Sec-WebSocket-Version: 13',
    'Accept-Encoding: gzip, deflate, br, zstd',
    'Accept-Language: en-GB,en;q=0.9',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits',
    '\r\n',
  ].join('\r\n');
}
