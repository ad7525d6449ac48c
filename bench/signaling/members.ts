// Thousands of devices of one process: each has a key, an address of 127.0.0.0/8 that it shares with a few others, a place in a
// small pool, and the client's own backhaul, which joins, asks for the time, and comes back as it does in the app.
import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { Backhaul, type BackhaulEvent } from '../../src/io/backhaul.ts';
import { KEY_BYTES } from '../../src/wire/entry.ts';
import { LABELS, labeled } from '../../src/keys/identity.ts';
import { PROTOCOL_VERSION } from '../../src/wire/codes.ts';
import { joinBytes, type ClientMessage, type ServerMessage } from '../../src/wire/signaling.ts';
import { ThinSocket } from './thin-socket.ts';

/** Devices of one pool: a few friends. */
export const POOL_MEMBERS = 8;
/** Devices behind one address: a household. */
const ADDRESS_DEVICES = 4;

export class Member {
  readonly #backhaul: Backhaul;
  readonly #signing: KeyObject;
  readonly #signKey: Uint8Array;
  readonly #pool: string;
  readonly #onMessage: (message: ServerMessage) => void;
  /** The last one it has asked for. */
  socket: ThinSocket | undefined;
  /** When it was last welcomed, ms since 1970; 0: it is not in its pool. */
  welcomedAtMs = 0;
  /** Sockets it has asked for. */
  tries = 0;
  /** Why it had to wait -> how often. */
  readonly waits: Map<string, number> = new Map();

  constructor(port: number, index: number, pool: string, onMessage: (message: ServerMessage) => void = () => {}) {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    this.#signing = privateKey;
    this.#signKey = new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }).subarray(-KEY_BYTES));
    this.#pool = pool;
    this.#onMessage = onMessage;
    const address = addressOf(index);
    this.#backhaul = new Backhaul({
      url: `ws://127.0.0.1:${port}/ws`,
      webSocket: (url) => {
        this.tries += 1;
        this.socket = new ThinSocket(url, address);
        // All that the backhaul uses.
        return this.socket as unknown as WebSocket;
      },
      onEvent: (event) => this.#handle(event),
    });
  }

  start(): void {
    this.#backhaul.start();
  }

  stop(): void {
    this.#backhaul.stop();
  }

  send(message: ClientMessage): boolean {
    return this.#backhaul.send(message);
  }

  #handle(event: BackhaulEvent): void {
    if (event.kind === 'waiting' || event.kind === 'refused') {
      this.welcomedAtMs = 0;
      this.waits.set(event.reason, (this.waits.get(event.reason) ?? 0) + 1);
    } else if (event.kind === 'message') {
      const { message } = event;
      if (message.kind === 'challenge') this.#join(message.nonce);
      else if (message.kind === 'welcome') this.welcomedAtMs = Date.now();
      this.#onMessage(message);
    }
  }

  #join(nonce: Uint8Array): void {
    const asked = { pool: this.#pool, name: 'Somebody', device: 'browser' };
    const signature = sign(null, labeled(LABELS.join, joinBytes(nonce, asked)), this.#signing);
    this.#backhaul.send({
      kind: 'join',
      version: PROTOCOL_VERSION,
      ...asked,
      signKey: this.#signKey,
      signature: new Uint8Array(signature),
    });
  }
}

/** Never 127.0.0.1, at which the servers listen. */
export function addressOf(index: number): string {
  const home = Math.floor(index / ADDRESS_DEVICES);
  return `127.${1 + (home >> 14)}.${(home >> 7) & 0x7f}.${1 + (home & 0x7f)}`;
}
