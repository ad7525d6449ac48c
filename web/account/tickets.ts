// Tickets for pools, as far as the server wants any: what this person brings to the door, and what the door asks of them.
import type { DeviceKeys } from '../../src/client.ts';
import { AccountProblem, ticketFor } from '../../src/io/account-ticket.ts';
import { askAbout, openAccount, type DoorCode } from '../account-door.ts';
import { deviceNameText, stopAtDoor } from '../app.ts';
import { brought } from './brought.ts';
import { call } from './call.ts';

const DOORS: readonly string[] = [
  'passphrase-needed',
  'passphrase-wrong',
  'signed-out',
  'not-invited',
] satisfies DoorCode[];

/** '' where none is needed. Rejects when there is none; then the person is told, and asked for what is missing. */
export async function bringTicket(pool: string, keys: DeviceKeys): Promise<string> {
  if (!(await askAbout())) return '';
  try {
    const tab = { keys, name: deviceNameText.peek().trim(), type: 'browser' } as const;
    return await ticketFor({ ask: call, origin: location.origin }, pool, tab, brought.get(pool) ?? {});
  } catch (error) {
    if (error instanceof AccountProblem && !error.passes) stop(pool, error);
    throw error;
  }
}

function stop(pool: string, { code, message }: AccountProblem): void {
  if (!stopAtDoor(pool, message)) return;
  if (isDoor(code)) void openAccount({ kind: 'door', pool, why: code });
}

const isDoor = (code: string): code is DoorCode => DOORS.includes(code);
