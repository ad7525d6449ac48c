// How a device gets into pools of a server with accounts (PROTOCOL.md, section 6): by a ticket for each join, and once before the
// first by proving that it is the device of who signed in. How requests are made is the caller's.
import { proveDevice } from '../keys/device-proof.ts';
import type { DeviceKeys } from '../keys/identity.ts';
import type { DeviceKind } from '../pool/views.ts';
import { fromBase64url, toBase64url } from '../wire/base64url.ts';
import { tidyName } from '../wire/signaling.ts';

/** `path`: below `/api/`. Rejects with an AccountProblem where it is refused. */
export type AskAccounts = <Answer>(method: 'GET' | 'POST', path: string, body?: object) => Promise<Answer>;

/** A server with accounts, as this device knows it. */
export interface AccountsServer {
  readonly ask: AskAccounts;
  /** Of its pages, such as `https://pool.example`. */
  readonly origin: string;
}

/** What the server refused, or could not be asked. */
export class AccountProblem extends Error {
  /** As PROTOCOL.md lists them, or `unreachable`. */
  readonly code: string;
  /** Whether the same may well succeed a little later. */
  readonly passes: boolean;

  constructor(code: string, message: string, passes: boolean) {
    super(message);
    this.name = 'AccountProblem';
    this.code = code;
    this.passes = passes;
  }
}

/** What somebody shows at the door of a pool, beside who they are. */
export interface Shown {
  readonly passphrase?: string;
  readonly invitation?: string;
}

/** A device as its account lists it. */
export interface BoundDevice {
  readonly keys: DeviceKeys;
  readonly name: string;
  readonly type: DeviceKind;
}

/** A ticket for `pool`, '' where none is needed. Rejects as `ask` does. */
export async function ticketFor(
  server: AccountsServer,
  pool: string,
  device: BoundDevice,
  shown: Shown,
): Promise<string> {
  const asked = { pool, device: device.keys.id, ...shown };
  const once = async (): Promise<string> =>
    (await server.ask<{ ticket: string | null }>('POST', 'ticket', asked)).ticket ?? '';
  return once().catch(async (error: unknown) => {
    if (!(error instanceof AccountProblem) || error.code !== 'device-unknown') throw error;
    await bindDevice(server, device);
    return once();
  });
}

/** Makes it a device of who is signed in. Rejects as `ask` does. */
async function bindDevice({ ask, origin }: AccountsServer, { keys, name, type }: BoundDevice): Promise<void> {
  const { id: account } = await ask<{ id: string }>('GET', 'me');
  const { nonce } = await ask<{ nonce: string }>('POST', 'devices/nonce', {});
  const signature = toBase64url(await proveDevice(keys, { nonce: fromBase64url(nonce), account, origin }));
  await ask('POST', 'devices', { nonce, signKey: toBase64url(keys.signKey), signature, name: tidyName(name), type });
}
