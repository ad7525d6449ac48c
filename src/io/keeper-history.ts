// What is kept of all pools, to be read outside of any: the list of them, searches, saved messages, and a pool's conversation
// as a text.
import { poolChain } from '../keys/entry.ts';
import { unknownMember } from '../talk/projection.ts';
import { messageView, roomView } from '../talk/view.ts';
import type { MessageView, Viewer } from '../talk/views.ts';
import type { MessageRecord, RoomRecord } from '../talk/records.ts';
import type { DeviceId, Hlc } from '../wire/entry.ts';
import type { FoundView, TalkHistory } from './talk-face.ts';
import type { Before, FoundMessage, PoolRecord, TalkStore } from './talk-store.ts';

/** Messages of an export that are in memory at a time. */
const EXPORT_PAGE = 256;

/** This device (`self`) as it reads what is kept of a pool, and the rooms there are. */
export async function viewerOf(
  store: TalkStore,
  pool: string,
  self: DeviceId,
): Promise<{ readonly viewer: Viewer; readonly rooms: readonly RoomRecord[] }> {
  const { members, rooms } = await store.load(pool, self);
  const byId = new Map(members.map((member) => [member.device, member]));
  const { account } = byId.get(self) ?? unknownMember(self, new Uint8Array(0));
  return { viewer: { self, account, members: byId, holders: () => [] }, rooms };
}

export class KeptHistory implements TalkHistory {
  readonly #store: TalkStore;
  readonly #self: DeviceId;

  /** `self`: this device. */
  constructor(store: TalkStore, self: DeviceId) {
    this.#store = store;
    this.#self = self;
  }

  pools(): Promise<PoolRecord[]> {
    return this.#store.pools();
  }

  async search(query: string, limit: number, pool?: string, before?: Hlc): Promise<FoundView[]> {
    return this.#views(await this.#store.search(query, limit, pool, before));
  }

  async saved(limit: number, before?: Hlc): Promise<FoundView[]> {
    return this.#views(await this.#store.saved(limit, before));
  }

  forget(pool: string): Promise<void> {
    return this.#store.forget(pool);
  }

  /** Room by room, the pool's own first; in each the oldest first. */
  async *export(pool: string, format: 'json' | 'markdown'): AsyncIterable<string> {
    const { viewer, rooms } = await viewerOf(this.#store, pool, this.#self);
    const main = poolChain(pool);
    const inOrder = [...rooms].sort((a, b) => Number(b.id === main) - Number(a.id === main) || (a.id < b.id ? -1 : 1));
    yield format === 'json' ? '[' : `# ${escaped(pool)}\n`;
    let first = true;
    for (const room of inOrder) {
      if (room.lastCreated === 0) continue;
      const { name } = roomView(viewer, room);
      if (format === 'markdown' && room.id !== main) yield `\n# ${escaped(name)}\n`;
      let day = '';
      for await (const record of this.#ascending(pool, room)) {
        const view = messageView(viewer, record);
        if (format === 'json') {
          yield `${first ? '' : ','}\n${jsonOf(view, name)}`;
        } else {
          const date = dayOf(view.sentMs);
          yield `${date === day ? '' : `\n## ${date}\n`}\n${markdownOf(view)}`;
          day = date;
        }
        first = false;
      }
    }
    if (format === 'json') yield '\n]\n';
  }

  /** Pages come newest first, so their beginnings are found in one pass and their messages told in a second, back to front. */
  async *#ascending(pool: string, { id: room }: RoomRecord): AsyncIterable<MessageRecord> {
    const starts: (Before | undefined)[] = [undefined];
    for (let last = await this.#lastOfPage(pool, room); last !== undefined;) {
      starts.push(last);
      last = await this.#lastOfPage(pool, room, last);
    }
    for (const start of starts.reverse()) yield* (await this.#store.page(pool, room, EXPORT_PAGE, start)).reverse();
  }

  /** Undefined if the page is not full: nothing comes after it. */
  async #lastOfPage(pool: string, room: string, before?: Before): Promise<Before | undefined> {
    const page = await this.#store.page(pool, room, EXPORT_PAGE, before);
    const last = page.length < EXPORT_PAGE ? undefined : page.at(-1);
    return last && { created: last.created, id: last.id };
  }

  async #views(found: readonly FoundMessage[]): Promise<FoundView[]> {
    const viewers = new Map<string, Viewer>();
    for (const { pool } of found) {
      if (!viewers.has(pool)) viewers.set(pool, (await viewerOf(this.#store, pool, this.#self)).viewer);
    }
    return found.flatMap(({ pool, message }) => {
      const viewer = viewers.get(pool);
      return viewer === undefined ? [] : [{ pool, message: messageView(viewer, message) }];
    });
  }
}

function jsonOf(view: MessageView, roomName: string): string {
  const { id, room, from, account, name, state, text, sentMs, editedMs, replyTo, reactions, announcement } = view;
  const sent = new Date(sentMs).toISOString();
  const edited = editedMs === undefined ? undefined : new Date(editedMs).toISOString();
  const who = { from, account, name };
  return JSON.stringify({ id, room, roomName, ...who, sent, state, text, edited, replyTo, reactions, announcement });
}

/** What was said is quoted: nothing in it can pass for a message of somebody else. */
function markdownOf({ name, from, sentMs, state, text, editedMs, announcement }: MessageView): string {
  const marks = [announcement ? 'announcement' : '', editedMs === undefined ? '' : 'edited'].filter(Boolean);
  const marked = marks.length === 0 ? '' : ` (${marks.join(', ')})`;
  const head = `**${escaped(name === '' ? from.slice(0, 8) : name)}** ${timeOf(sentMs)}${marked}\n`;
  switch (state) {
    case 'here':
      return `${head}\n${text.replace(/^/gmu, '> ')}\n`;
    case 'retracted':
      return `${head}\n*This message was taken back.*\n`;
    case 'sealed':
      return `${head}\n*This message cannot be read on this device.*\n`;
  }
}

const escaped = (name: string): string => name.replace(/[\\`*_{}[\]<>()#+!|~]/gu, '\\$&');

const two = (value: number): string => String(value).padStart(2, '0');

/** Of the place where it is exported: 2026-03-01. */
function dayOf(ms: number): string {
  const date = new Date(ms);
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

function timeOf(ms: number): string {
  const date = new Date(ms);
  return `${two(date.getHours())}:${two(date.getMinutes())}`;
}
