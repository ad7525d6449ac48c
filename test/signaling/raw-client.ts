// A bare websocket client that speaks the signaling protocol, for tests of the real server.
import { createHash } from 'node:crypto';
import { WebSocket, type ClientOptions } from 'ws';
import { decodeServer, encodeClient, type ClientMessage, type ServerMessage } from '../../src/wire/signaling.ts';

export const secretOf = (letter: string): Uint8Array => new Uint8Array(32).fill(letter.charCodeAt(0));
export const idOf = (letter: string): string =>
  createHash('sha256').update(secretOf(letter)).digest('hex').slice(0, 32);

export const joinOf = (letter: string, pool: string): Extract<ClientMessage, { kind: 'join' }> => ({
  kind: 'join',
  version: 2,
  pool,
  secret: secretOf(letter),
  name: letter,
  device: 'terminal',
});

export class RawClient {
  readonly socket: WebSocket;
  /** Resolves with the close code. */
  readonly closed: Promise<number>;
  readonly #messages: ServerMessage[] = [];
  #wake: () => void = () => {};

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data: Buffer) => {
      const message = decodeServer(data);
      if (message === undefined) throw new Error('the server sent what does not decode');
      this.#messages.push(message);
      this.#wake();
    });
    socket.on('error', () => {});
    this.closed = new Promise((resolve) => socket.on('close', resolve));
  }

  /** Rejects if the server refuses the upgrade. */
  static async open(url: string, options: ClientOptions = {}): Promise<RawClient> {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`, options);
    const client = new RawClient(socket);
    await new Promise((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    return client;
  }

  /** Opens and joins, and takes the welcome. */
  static async join(url: string, letter: string, pool: string): Promise<RawClient> {
    const client = await RawClient.open(url);
    client.say(joinOf(letter, pool));
    await client.next('welcome');
    return client;
  }

  say(message: ClientMessage): void {
    this.socket.send(encodeClient(message));
  }

  /** The next message, which must be of `kind`. */
  async next<K extends ServerMessage['kind']>(kind: K): Promise<Extract<ServerMessage, { kind: K }>> {
    while (this.#messages.length === 0) await new Promise<void>((resolve) => (this.#wake = resolve));
    const message = this.#messages.shift();
    if (message?.kind !== kind) throw new Error(`expected ${kind}, got ${JSON.stringify(message)}`);
    return message as Extract<ServerMessage, { kind: K }>;
  }

  /** Messages that came and nobody asked for, once a question for the time has gone to the server and back. */
  async settle(): Promise<ServerMessage[]> {
    this.say({ kind: 'time', t0Ms: 77 });
    while (this.#messages.at(-1)?.kind !== 'timed') await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.#messages.splice(0).filter(({ kind }) => kind !== 'timed');
  }
}
