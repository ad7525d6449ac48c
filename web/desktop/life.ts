// A window's life: it stays at its host as long as it is open, goes where the host is, and passes on what the host tells.
import type { HostEvent } from '../../src/remote/host-face.ts';
import { assertNever } from '../assert.ts';
import {
  codeText,
  deviceNameText,
  join,
  leave,
  loseSession,
  openedSession,
  readCode,
  screen,
  stopAtDoor,
  store,
} from '../app.ts';
import { hostShelf } from '../hosted.ts';
import { trouble } from '../trouble.ts';
import { learn } from './servers.ts';
import type { HostedSession } from './session.ts';
import { asked, door, hostSettings, linked, lost } from './state.ts';

/** How long a window waits before it tries to reach its host again, ms. */
const RETRY_MS = 2_000;

/** Never ends while the window is open. */
export async function stayAtHost(): Promise<void> {
  /** Whether the host says where this window is to be: at first, and after it was gone. */
  let follow = true;
  for (;;) {
    const session = await reached();
    const { host } = session;
    host.subscribe(onEvent);
    // What cannot be kept is another choice at the next start, and hinders nothing now.
    hostShelf?.passTo((key, text) => void host.keep(key, text).catch(() => undefined));
    try {
      const [said, settings] = await Promise.all([session.host.about(), session.host.settings()]);
      if (follow && said.name !== '') deviceNameText.value = said.name;
      learn(said);
      hostSettings.value = settings;
      lost.value = false;
      enter(said.pool, follow);
    } catch {
      // Gone again before it could answer: that it ended is told below.
    }
    follow = (await session.ended) === 'lost';
    hostShelf?.passTo(undefined);
    if (follow) loseSession(session);
  }
}

async function reached(): Promise<HostedSession> {
  for (;;) {
    const session = await openedSession().catch(() => undefined);
    if (session?.host !== undefined) return session;
    lost.value = true;
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

/** `pool`: where the host is. What this window has just left is left by the host too, if not at this moment. */
function enter(pool: string | undefined, follow: boolean): void {
  const { kind } = screen.value;
  if (kind === 'joining') return;
  if (pool === undefined) {
    if (kind === 'pool') leave();
    return;
  }
  if (!follow && pool === asked.value) return;
  const opened = readCode(location.hash);
  if (kind === 'start' && opened !== undefined && opened !== pool) linked.value = opened;
  void join(pool);
}

function onEvent(event: HostEvent): void {
  switch (event.kind) {
    case 'settings':
      hostSettings.value = event.settings;
      return;
    case 'lapsed': {
      const why = event.why === 'gone' ? 'it is not there any more' : 'it has changed since';
      store.note(`“${event.name}” is no longer offered: ${why}.`);
      return;
    }
    case 'door':
      if (!stopAtDoor(event.pool, event.message)) return;
      if (event.code === 'passphrase-needed' || event.code === 'passphrase-wrong') {
        door.value = { pool: event.pool, wrong: event.code === 'passphrase-wrong' };
      }
      return;
    case 'trouble':
      if (screen.value.kind === 'start') screen.value = { kind: 'start', notice: { text: event.text } };
      else trouble.value = event.text;
      return;
    case 'link':
      follow(event.link);
      return;
    default:
      assertNever(event);
  }
}

/** As a link that was opened in a browser: into the field, or from this pool to that one, which is asked first. */
function follow(link: string): void {
  const pool = readCode(link);
  if (pool === undefined) return;
  if (screen.value.kind === 'start') codeText.value = pool;
  else if (pool !== store.pool.value) linked.value = pool;
}
