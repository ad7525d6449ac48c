// A bare websocket client that speaks the signaling protocol, for tests of the real server.
import { createHash, createPrivateKey, createPublicKey, sign, type KeyObject } from 'node:crypto';
import { WebSocket, type ClientOptions } from 'ws';
import { PROTOCOL_VERSION } from '../../src/wire/codes.ts';
import { decodeServer, encodeClient, type ClientMessage, type ServerMessage } from '../../src/wire/signaling.ts';

type Join = Extract<ClientMessage, { kind: 'join' }>;

/** What stands before the 32 bytes of an Ed25519 private key in PKCS #8 (RFC 8410, section 10.3). */
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');

/** The key of the device called `letter`: always the same one, and made without any code of ours. */
function keyOf(letter: string): { readonly privateKey: KeyObject; readonly signKey: Uint8Array } {
  const privateKey = createPrivateKey({ key: Buffer.from(privateKeyOf(letter)), format: 'der', type: 'pkcs8' });
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  return { privateKey, signKey: new Uint8Array(spki.subarray(-32)) };
}

/** PKCS #8. */
export const privateKeyOf = (letter: string): Uint8Array =>
  Uint8Array.from(Buffer.concat([PKCS8_HEAD, Buffer.alloc(32, letter)]));

export const idOf = (letter: string): string =>
  createHash('sha256').update(keyOf(letter).signKey).digest('hex').slice(0, 32);

/** The join of the device called `letter` through a socket that was challenged with `nonce`. */
export function joinOf(letter: string, pool: string, nonce: Uint8Array): Join {
  const { privateKey, signKey } = keyOf(letter);
  const signed = Buffer.concat([Buffer.from('rockpool join\0'), nonce, Buffer.from(`${pool}\0${letter}\0terminal`)]);
  const signature = new Uint8Array(sign(null, signed, privateKey));
  return { kind: 'join', version: PROTOCOL_VERSION, pool, name: letter, device: 'terminal', signKey, signature };
}

export class RawClient {
  readonly socket: WebSocket;
  /** Resolves with the close code. */
  readonly closed: Promise<number>;
  /** Of the close frame. */
  reason = '';
  /** What this socket was challenged with. */
  nonce: Uint8Array = new Uint8Array(32);
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
    this.closed = new Promise((resolve) => {
      socket.on('close', (code, reason) => {
        this.reason = reason.toString();
        resolve(code);
      });
    });
  }

  /** Rejects if the server refuses the upgrade. Takes the challenge, if one comes before a close. */
  static async open(url: string, options: ClientOptions = {}): Promise<RawClient> {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`, options);
    const client = new RawClient(socket);
    await new Promise((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    const challenged = client.next('challenge').then(({ nonce }) => (client.nonce = nonce));
    await Promise.race([challenged, client.closed]);
    return client;
  }

  /** Opens and joins, and takes the welcome. */
  static async join(url: string, letter: string, pool: string): Promise<RawClient> {
    const client = await RawClient.open(url);
    client.join(letter, pool);
    await client.next('welcome');
    return client;
  }

  join(letter: string, pool: string, ticket?: string): void {
    this.say({ ...joinOf(letter, pool, this.nonce), ...(ticket !== undefined && { ticket }) });
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
