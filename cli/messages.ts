// `rockpool messages`: what was said in pools, as far as it is kept here, without joining any: the list of pools, a pool's newest
// messages, a search, and a pool's whole conversation as a text.
import { KeptHistory, viewerOf } from '../src/io/keeper-history.ts';
import type { PoolRecord } from '../src/client.ts';
import type { MessageView } from '../src/client.ts';
import { memberView, messageView, roomView } from '../src/talk/view.ts';
import type { Viewer } from '../src/talk/views.ts';
import { reasonOf } from './errors.ts';
import { localTime } from './format.ts';
import { dataFolder, EXIT, type Cli } from './io.ts';
import { withKeptTalk, type KeptTalk } from './kept-talk.ts';
import { messageFields, messageLine } from './message-words.ts';
import type { Command } from './options.ts';
import type { Known } from './people.ts';
import { safeJsonText, safeLine, safeLines } from './safe-text.ts';
import { Screen } from './screen.ts';
import { tellFailure } from './session.ts';

type MessagesCommand = Command & { readonly kind: 'messages' };

/** A message with what it takes to show it. */
interface Found {
  readonly pool: string;
  readonly message: MessageView;
  readonly known: Known;
}

/** Resolves to the exit code. */
export async function messages(cli: Cli, command: MessagesCommand): Promise<number> {
  const screen = new Screen(cli, command.json);
  try {
    return await withKeptTalk(dataFolder(cli, command.data), async (kept) => {
      const { pool, search, format } = command;
      if (pool !== undefined && format !== undefined) return exportPool(cli, screen, kept, pool, format);
      if (pool === undefined && search === undefined) return listPools(screen, kept);
      return listMessages(screen, kept, command);
    });
  } catch (error) {
    tellFailure(screen, `What is kept cannot be read: ${reasonOf(error)}.`);
    return EXIT.failed;
  }
}

async function listPools(screen: Screen, kept: readonly KeptTalk[]): Promise<number> {
  const pools = new Map<string, PoolRecord>();
  for (const record of (await Promise.all(kept.map(({ store }) => store.pools()))).flat()) {
    const known = pools.get(record.pool);
    if (known === undefined || known.visitedMs < record.visitedMs) pools.set(record.pool, record);
  }
  for (const { pool, visitedMs, left } of [...pools.values()].toSorted((a, b) => a.visitedMs - b.visitedMs)) {
    screen.event('pool', { pool, visitedMs, left });
    screen.line(`${localTime(visitedMs)}  ${safeLine(pool)}${left ? ', left for good' : ''}`);
  }
  if (pools.size === 0) screen.note('No conversation is kept here yet.');
  return EXIT.ok;
}

async function listMessages(
  screen: Screen,
  kept: readonly KeptTalk[],
  { pool, search, limit }: MessagesCommand,
): Promise<number> {
  const perDevice = await Promise.all(
    kept.map((one) => (search === undefined ? newestOf(one, pool ?? '', limit) : searchIn(one, search, limit, pool))),
  );
  const found = merged(perDevice.flat()).slice(-limit);
  for (const { pool: where, message, known } of found) {
    screen.event('message', { pool: where, ...messageFields(message, known) });
    const place = pool === undefined ? `${screen.paint(safeLine(where), 'quiet')}  ` : '';
    screen.line(`${place}${messageLine(message, known, screen, { timed: true })}`);
  }
  if (found.length === 0)
    screen.note(search === undefined ? 'No message of this pool is kept here.' : 'Nothing found.');
  return EXIT.ok;
}

/** Oldest first, each once: of several devices' copies the one that says most. What one was told to remove, none shows. */
function merged(found: readonly Found[]): Found[] {
  const ranks = { sealed: 0, here: 1, retracted: 2 } as const;
  const best = new Map<string, Found>();
  for (const one of found) {
    const key = `${one.pool} ${one.message.id}`;
    const other = best.get(key);
    if (other === undefined || ranks[one.message.state] > ranks[other.message.state]) best.set(key, one);
  }
  return [...best.values()].toSorted((a, b) => a.message.created - b.message.created);
}

async function searchIn(one: KeptTalk, query: string, limit: number, pool: string | undefined): Promise<Found[]> {
  const found = await one.store.search(query, limit, pool);
  const viewed = new Map<string, Viewed>();
  for (const each of found) if (!viewed.has(each.pool)) viewed.set(each.pool, await viewOf(one, each.pool));
  return found.flatMap(({ pool: where, message }) => {
    const view = viewed.get(where);
    return view === undefined ? [] : [{ pool: where, message: messageView(view.viewer, message), known: view.known }];
  });
}

async function newestOf(one: KeptTalk, pool: string, limit: number): Promise<Found[]> {
  const { viewer, known } = await viewOf(one, pool);
  const pages = await Promise.all(known.rooms.map(({ id }) => one.store.page(pool, id, limit)));
  return pages.flat().map((record) => ({ pool, message: messageView(viewer, record), known }));
}

interface Viewed {
  readonly viewer: Viewer;
  readonly known: Known;
}

async function viewOf({ store, device }: KeptTalk, pool: string): Promise<Viewed> {
  const { viewer, rooms } = await viewerOf(store, pool, device);
  const known = {
    self: { device, account: viewer.account },
    rooms: rooms.map((room) => roomView(viewer, room)),
    members: [...viewer.members.values()].map((member) => memberView(viewer, member)),
  };
  return { viewer, known };
}

/** Of the device that has most of it: each has what it was given while it was there. */
async function exportPool(
  cli: Cli,
  screen: Screen,
  kept: readonly KeptTalk[],
  pool: string,
  format: 'json' | 'markdown',
): Promise<number> {
  const entries = await Promise.all(kept.map(async (one) => ({ one, count: await entriesOf(one, pool) })));
  const [most, ...others] = entries.filter(({ count }) => count > 0).toSorted((a, b) => b.count - a.count);
  if (most === undefined) {
    screen.note('No message of this pool is kept here.', 'bad');
    return EXIT.failed;
  }
  if (others.length > 0) {
    const devices = others.length === 1 ? 'Another device' : `${others.length} other devices`;
    screen.note(`${devices} of this data directory kept some of it too: this is the one with most.`);
  }
  const { store, device } = most.one;
  const safe = format === 'json' ? safeJsonText : safeLines;
  for await (const piece of new KeptHistory(store, device).export(pool, format)) cli.stdout.write(safe(piece));
  return EXIT.ok;
}

async function entriesOf({ store, device }: KeptTalk, pool: string): Promise<number> {
  const { chains } = await store.load(pool, device);
  return chains.flatMap(({ ranges }) => ranges).reduce((sum, { first, last }) => sum + last - first + 1, 0);
}
