// The real hub machine as a simulated world's rendezvous: does what the websocket shell does, encoding included.
import { createHash } from 'node:crypto';
import { Hub, type HubRequest } from '../../signaling/hub.ts';
import type { Grant } from '../../signaling/hub-ports.ts';
import { deviceIdOf } from '../../src/keys/identity.ts';
import type { Rendezvous } from '../../src/sim/world.ts';
import {
  decodeClient,
  decodeServer,
  encodeClient,
  encodeServer,
  type ClientMessage,
  type ServerMessage,
} from '../../src/wire/signaling.ts';

export function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(bytes).digest());
}

/** Simulated signatures are no Ed25519, so they are taken for granted here; test/signaling has real ones checked. */
function requestOf(message: ClientMessage, grantOf: (device: string) => Grant): HubRequest {
  if (message.kind !== 'join') return message;
  const { signKey, signature: _signature, ...join } = message;
  const id = deviceIdOf(signKey);
  return { ...join, id, grant: grantOf(id) };
}

/** The server's wall clock minus the world's: not what members believe, so that pools are seen to follow the server. */
export const SERVER_WALL_OFFSET_MS = 1_700_000_123_456;

export class HubRendezvous implements Rendezvous {
  readonly hub: Hub = new Hub();
  readonly #told: { readonly client: number; readonly message: ServerMessage }[] = [];
  readonly #grantOf: (device: string) => Grant;
  #now = 0;

  /** `grantOf`: what a session manager says of a device. By default it is as open as without one. */
  constructor(grantOf: (device: string) => Grant = () => ({ zones: [] })) {
    this.#grantOf = grantOf;
  }

  opened(nowMs: number, client: number): void {
    this.#now = nowMs;
    this.hub.handle(nowMs, { kind: 'opened', socket: client });
    this.#tell([client], { kind: 'challenge', nonce: sha256(Uint8Array.of(client)) });
  }

  said(nowMs: number, client: number, message: ClientMessage): void {
    this.#now = nowMs;
    const bytes = encodeClient(message);
    const decoded = decodeClient(bytes);
    if (decoded === undefined) throw new Error(`a pool said what the server cannot read: ${JSON.stringify(message)}`);
    const wallMs = SERVER_WALL_OFFSET_MS + nowMs;
    const request = requestOf(decoded, this.#grantOf);
    this.hub.handle(nowMs, { kind: 'frame', socket: client, bytes: bytes.length, wallMs, request });
  }

  dropped(nowMs: number, client: number): void {
    this.#now = nowMs;
    this.hub.handle(nowMs, { kind: 'dropped', socket: client });
  }

  timeout(nowMs: number): void {
    this.#now = nowMs;
    this.hub.handle(nowMs, { kind: 'tick' });
  }

  nextTimeout(): number | undefined {
    return this.hub.nextTimeout() ?? undefined;
  }

  poll(): ReturnType<Rendezvous['poll']> {
    for (;;) {
      const next = this.#told.shift();
      if (next !== undefined) return { kind: 'tell', ...next };
      const output = this.hub.poll();
      if (output === undefined) return undefined;
      if (output.kind === 'close') return { kind: 'close', client: output.socket };
      // Every websocket answers a ping by itself.
      if (output.kind === 'probe') this.hub.handle(this.#now, { kind: 'alive', socket: output.socket, bytes: 0 });
      if (output.kind === 'send') this.#tell(output.sockets, output.message);
    }
  }

  #tell(sockets: readonly number[], message: ServerMessage): void {
    const decoded = decodeServer(encodeServer(message));
    if (decoded === undefined) throw new Error(`the server said what no pool can read: ${JSON.stringify(message)}`);
    for (const client of sockets) this.#told.push({ client, message: decoded });
  }
}
