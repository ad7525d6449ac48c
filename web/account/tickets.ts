// Tickets for pools, as far as the server wants any: what this person brings to the door, and what the door asks of them.
import type { DeviceKeys } from '../../src/client.ts';
import { proveDevice } from '../../src/keys/device-proof.ts';
import { askAbout, openAccount, type DoorCode } from '../account-door.ts';
import { deviceNameText, stopAtDoor } from '../app.ts';
import { ApiProblem, call } from './call.ts';
import { brought } from './brought.ts';

const DOORS: readonly string[] = [
  'passphrase-needed',
  'passphrase-wrong',
  'signed-out',
  'not-invited',
] satisfies DoorCode[];

/** '' where none is needed. Rejects when there is none; then the person is told, and asked for what is missing. */
export async function ticketFor(pool: string, keys: DeviceKeys): Promise<string> {
  if (!(await askAbout())) return '';
  try {
    return await ask(pool, keys).catch(async (error: unknown) => {
      if (!(error instanceof ApiProblem) || error.code !== 'device-unknown') throw error;
      await bindDevice(keys);
      return ask(pool, keys);
    });
  } catch (error) {
    if (error instanceof ApiProblem && !error.passes) stop(pool, error);
    throw error;
  }
}

async function ask(pool: string, { id: device }: DeviceKeys): Promise<string> {
  const { ticket } = await call<{ ticket: string | null }>('POST', 'ticket', { pool, device, ...brought.get(pool) });
  return ticket ?? '';
}

function stop(pool: string, { code, message }: ApiProblem): void {
  if (!stopAtDoor(pool, message)) return;
  if (isDoor(code)) void openAccount({ kind: 'door', pool, why: code });
}

const isDoor = (code: string): code is DoorCode => DOORS.includes(code);

/** Makes this tab's device one of the account that is signed in. Rejects with an ApiProblem. */
export async function bindDevice(keys: DeviceKeys): Promise<void> {
  const { id: account } = await call<{ id: string }>('GET', 'me');
  const { nonce } = await call<{ nonce: string }>('POST', 'devices/nonce', {});
  const signature = await proveDevice(keys, fromBase64url(nonce), account);
  const name = deviceNameText.peek().trim();
  const proof = { nonce, signKey: toBase64url(keys.signKey), signature: toBase64url(signature) };
  await call('POST', 'devices', { ...proof, name, type: 'browser' });
}

const toBase64url = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');

const fromBase64url = (text: string): Uint8Array =>
  Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (letter) => letter.charCodeAt(0));
