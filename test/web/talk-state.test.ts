// The conversations of a pool as the page sees them: reduced from events and pages, one run of messages without holes.
import { beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { HLC_PER_MS } from '../../src/wire/entry.ts';
import type { Before } from '../../src/io/talk-store.ts';
import type { MessageView } from '../../src/talk/views.ts';
import { PAGE, TalkPages } from '../../web/talk-pages.ts';
import { TalkStore, TYPING_SHOWN_MS } from '../../web/talk-state.ts';
import { compare, WINDOW_MAX } from '../../web/talk-window.ts';
import { message, poolRoom } from './support.ts';

const whisper = { ...poolRoom, id: 'dd', kind: 'whisper', name: 'Mara', accounts: ['aa', 'me'] } as const;

const at = (ms: number, more: Partial<MessageView> = {}): MessageView => ({
  ...message,
  id: `aa/cc/${ms}`,
  text: String(ms),
  created: ms * HLC_PER_MS,
  sentMs: ms,
  ...more,
});

let store: TalkStore;
/** What is on the disk of this device. */
let disk: MessageView[];
let asked: number;
let pages: TalkPages;

const texts = (): string[] => store.window.value.messages.map(({ text }) => text);
const says = (view: MessageView): void => store.apply({ kind: 'message', message: view, fresh: true }, 0);

async function page(room: string, limit: number, before?: Before): Promise<MessageView[]> {
  asked += 1;
  const older = disk.filter((each) => {
    if (each.room !== room) return false;
    if (before === undefined) return true;
    return before.id === undefined
      ? each.created < before.created
      : compare(each, { ...before, id: before.id, from: before.id.split('/')[0] ?? '' }) < 0;
  });
  return older.sort(compare).slice(-limit).toReversed();
}

beforeEach(() => {
  store = new TalkStore();
  disk = [];
  asked = 0;
  pages = new TalkPages(store, () => ({ page, message: async (id) => disk.find((each) => each.id === id) }));
  store.enter({ device: 'me', account: 'me' }, [whisper, poolRoom], []);
});

describe('rooms', () => {
  test('begin with the pool’s own, which is open at first', () => {
    expect(store.rooms.value.map(({ kind }) => kind)).toEqual(['pool', 'whisper']);
    expect(store.room.value).toBe(poolRoom.id);
    store.apply({ kind: 'room', room: { ...whisper, id: 'ee', lastCreated: 5, unread: 2 } }, 0);
    expect(store.rooms.value.map(({ id }) => id)).toEqual(['cc', 'ee', 'dd']);
    expect(store.unread.value).toBe(2);
  });

  test('that nobody knows are not opened', () => {
    store.open('ff');
    expect(store.room.value).toBe(poolRoom.id);
  });

  test('keep to themselves what is said in them', () => {
    says(at(1));
    says(at(2, { room: whisper.id }));
    expect(texts()).toEqual(['1']);
    store.open(whisper.id);
    expect(texts()).toEqual([]);
  });

  test('draw a line at what was unread when they were opened', () => {
    store.apply({ kind: 'room', room: { ...whisper, unread: 3, readTo: 7 } }, 0);
    store.open(whisper.id);
    expect(store.unreadAfter.value).toBe(7);
    store.open(poolRoom.id);
    expect(store.unreadAfter.value).toBeUndefined();
  });
});

describe('messages', () => {
  test('stand in the order of their time, then author, then number, however they arrive', () => {
    const all = [at(1), at(2), at(2, { id: 'aa/cc/10' }), at(2, { id: 'bb/cc/1', from: 'bb' }), at(3)];
    fc.assert(
      fc.property(fc.shuffledSubarray(all, { minLength: all.length }), (shuffled) => {
        expect(shuffled.toSorted(compare).map(({ id }) => id)).toEqual(all.map(({ id }) => id));
      }),
    );
  });

  test('that change stay where they are', () => {
    says(at(1));
    says(at(2));
    says(at(1, { state: 'retracted', text: '' }));
    expect(texts()).toEqual(['', '2']);
  });

  test('that are quoted follow their changes', () => {
    const far = at(1, { room: whisper.id });
    store.takeQuoted(far.id, far);
    says({ ...far, text: 'changed' });
    expect(store.message(far.id)?.text).toBe('changed');
    store.takeQuoted('aa/cc/99', undefined);
    expect([store.knows('aa/cc/99'), store.message('aa/cc/99')]).toEqual([true, undefined]);
  });

  test('that announce something stay known after they scrolled away, until they are taken back', () => {
    says(at(1, { announcement: true }));
    store.restart();
    expect(store.announcements.value.map(({ text }) => text)).toEqual(['1']);
    says(at(1, { announcement: true, state: 'retracted' }));
    expect(store.announcements.value).toEqual([]);
  });

  test('that announced something before all that is in memory are known, and whether they were noted', () => {
    store.takeAnnouncements([at(5, { announcement: true }), at(2, { announcement: true })]);
    expect(store.announcements.value.map(({ text, noted }) => [text, noted])).toEqual([
      ['5', false],
      ['2', false],
    ]);
    says(at(5, { announcement: true, noted: true }));
    expect(store.announcements.value.map(({ noted }) => noted)).toEqual([true, false]);
    expect(texts()).not.toContain('2');
  });

  test('stay in memory up to a bound: at the end the oldest go, further up the newest', () => {
    for (let ms = 1; ms <= WINDOW_MAX + 2; ms += 1) says(at(ms));
    expect([texts()[0], store.window.value.atStart]).toEqual(['3', false]);
    store.follow(false);
    says(at(WINDOW_MAX + 3));
    expect([texts()[0], texts().at(-1), store.window.value.atEnd]).toEqual(['3', String(WINDOW_MAX + 2), false]);
    // What is beyond the end comes with pages only: else there would be a hole.
    says(at(WINDOW_MAX + 9));
    expect(texts().at(-1)).toBe(String(WINDOW_MAX + 2));
  });
});

describe('who writes', () => {
  test('is shown for a while, and no longer once it is there', () => {
    store.apply({ kind: 'typing', room: poolRoom.id, device: 'aa', name: 'Mara' }, 100);
    store.apply({ kind: 'typing', room: whisper.id, device: 'bb', name: 'Jo' }, 100);
    expect(store.typing.value.map(({ name }) => name)).toEqual(['Mara']);
    expect(store.expireTyping(100)).toBe(100 + TYPING_SHOWN_MS);
    says(at(1));
    expect(store.typing.value).toEqual([]);
    expect(store.expireTyping(100 + TYPING_SHOWN_MS)).toBeUndefined();
  });
});

test('while the page is out of sight, what arrives stands below an unread line', () => {
  says(at(1));
  store.away(true);
  store.away(false);
  expect(store.unreadAfter.value).toBeUndefined();
  store.away(true);
  says(at(2));
  store.away(false);
  expect(store.unreadAfter.value).toBe(HLC_PER_MS);
});

describe('pages', () => {
  /** `count` messages, `everyMs` apart. */
  const fill = (count: number, everyMs: number): void => {
    disk = Array.from({ length: count }, (_, index) => at((index + 1) * everyMs));
    store.apply({ kind: 'room', room: { ...poolRoom, lastCreated: disk.at(-1)?.created ?? 0 } }, 0);
  };

  test('begin at the end and go on to the start', async () => {
    fill(250, 1000);
    await pages.toEnd();
    expect([texts().length, texts()[0], store.window.value.atEnd]).toEqual([PAGE, '151000', true]);
    await pages.older();
    await pages.older();
    expect([texts().length, store.window.value.atStart]).toEqual([250, true]);
  });

  test('begin with all that is unread', async () => {
    fill(500, 1000);
    store.apply({ kind: 'room', room: { ...poolRoom, unread: 200, readTo: 300_000 * HLC_PER_MS } }, 0);
    await pages.toEnd();
    expect(texts()).toHaveLength(PAGE + 200);
  });

  test('of a room that is not open any more are dropped', async () => {
    fill(10, 1000);
    const loading = pages.toEnd();
    store.open(whisper.id);
    await loading;
    expect(texts()).toEqual([]);
  });

  test('leave no hole after what arrived while they were on their way', async () => {
    fill(250, 1000);
    const loading = pages.toEnd();
    says(at(5000));
    says(at(251_000));
    await loading;
    expect([texts()[0], texts().at(-1)]).toEqual(['151000', '251000']);
  });

  test('do not undo what events have told meanwhile', async () => {
    fill(10, 1000);
    const loading = pages.toEnd();
    says(at(10_000, { text: 'changed' }));
    await loading;
    expect(texts().at(-1)).toBe('changed');
  });

  test.each([
    ['a second apart', 1000],
    ['a day apart', 86_400_000],
    ['a millisecond apart', 1],
  ])('around a message that was looked up reach the end without a hole: messages %s', async (_, everyMs) => {
    fill(1000, everyMs);
    const [looked] = disk.slice(100);
    expect(await pages.show(looked?.id ?? '')).toBe(true);
    expect(store.target.value).toBe(looked?.id);
    expect(store.window.value.atEnd).toBe(false);
    asked = 0;
    for (let turn = 0; turn < 60 && !store.window.value.atEnd; turn += 1) await pages.newer();
    expect(store.window.value.atEnd).toBe(true);
    expect(texts()).toEqual(disk.map(({ text }) => text));
    // About one question for each page, and some to find out how long a page takes to write.
    expect(asked).toBeLessThan(80);
  });

  test('never stop short of a pause in the conversation', async () => {
    const early = Array.from({ length: 150 }, (_, index) => at(index + 1));
    disk = [...early, ...Array.from({ length: 150 }, (_, index) => at(1e10 + index))];
    store.apply({ kind: 'room', room: { ...poolRoom, lastCreated: disk.at(-1)?.created ?? 0 } }, 0);
    await pages.show('aa/cc/10');
    for (let turn = 0; turn < 60 && !store.window.value.atEnd; turn += 1) await pages.newer();
    expect(texts()).toEqual(disk.map(({ text }) => text));
  });

  test('are asked for one at a time', async () => {
    fill(500, 1000);
    await Promise.all([pages.toEnd(), pages.older(), pages.older()]);
    expect(texts()).toHaveLength(PAGE);
  });
});
