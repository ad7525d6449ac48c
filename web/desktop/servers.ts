// By way of which server pools are reached: the host's own until a link or a person names another one.
import { signal, type Signal } from '@preact/signals';
import type { HostFace } from '../../src/remote/host-face.ts';
import { openedSession, screen } from '../app.ts';
import { elsewhere } from '../address.ts';
import { reason } from '../trouble.ts';
import { readServer, serverOfLink } from './server-address.ts';
import { about } from './state.ts';

/** What stands in the field "Server"; undefined while it is not shown, because the host has one. */
export const serverText: Signal<string | undefined> = signal<string | undefined>(undefined);
/** What is wrong with it. */
export const serverHint: Signal<string> = signal('');

/** Pools whose links were typed, pasted or opened, and the servers those named; until they are joined. */
const linked = new Map<string, string>();

/** A whole link: its pool is at that server. On the start screen its server stands in the field. */
export function brings(text: string, pool: string): void {
  const server = serverOfLink(text);
  if (server === undefined) return;
  linked.set(pool, server);
  if (screen.value.kind === 'start' && server !== about.value?.server) serverText.value = server;
}

/** The server that a link named for `pool`. */
export const linkedServer = (pool: string): string | undefined => linked.get(pool);

/** Whether `pool` can be joined. If not, the field says why. */
export async function serverReady(pool: string): Promise<boolean> {
  const text = serverText.value;
  serverHint.value = '';
  if (text === undefined || linked.has(pool)) return true;
  const server = readServer(text);
  if (server === undefined) {
    serverHint.value =
      text.trim() === ''
        ? 'Type the address of the server, or paste a whole link of the pool.'
        : 'That is not an address: it looks like pool.example, or like https://pool.example/#quiet-heron-cove-4821.';
    document.getElementById('server')?.focus();
    return false;
  }
  try {
    const { host } = await openedSession();
    if (host !== undefined) await tell(host, server);
    return true;
  } catch (error) {
    serverHint.value = reason(error);
    return false;
  }
}

/** What has to be settled before `pool` is joined. Rejects with a HostError. */
export async function settleServerOf(pool: string, host: HostFace): Promise<void> {
  const server = linked.get(pool);
  if (server !== undefined) await tell(host, server);
  linked.delete(pool);
}

async function tell(host: HostFace, server: string): Promise<void> {
  await host.useServer(server);
  learn(await host.about());
}

/** What the host says of itself now. */
export function learn(said: Awaited<ReturnType<HostFace['about']>>): void {
  about.value = said;
  elsewhere.value = said.server;
  if (said.server !== '') serverText.value = undefined;
  else serverText.value ??= '';
}
