// What stands in the composer: one draft for each room, and what goes out of it.
import { describe, expect, test } from '@jest/globals';
import { MESSAGE_TEXT_MAX } from '../../src/wire/talk.ts';
import {
  BLANK,
  Drafts,
  afterSending,
  outgoing,
  putBack,
  withText,
  withoutLayer,
  type Draft,
} from '../../web/drafts.ts';

const edit = { id: 'aa/cc/1', text: 'new', before: 'old' };
const full: Draft = { text: ' hello ', replyTo: 'aa/cc/2', notify: 'everyone', important: true, announcement: true };

function remembered(): { readonly kept: Map<string, string>; readonly drafts: Drafts } {
  const kept = new Map<string, string>();
  const drafts = new Drafts({
    load: (pool, room) => kept.get(`${pool}/${room}`) ?? '',
    save: (pool, room, text) => void kept.set(`${pool}/${room}`, text),
  });
  return { kept, drafts };
}

describe('what goes out', () => {
  test('is the text without the space around it, to the room that was named, as it is meant', () => {
    expect(outgoing(full, 'cc')).toEqual({
      kind: 'say',
      text: 'hello',
      options: { room: 'cc', replyTo: 'aa/cc/2', notify: 'everyone', important: true, announcement: true },
    });
    expect(outgoing({ ...BLANK, text: 'a' }, 'dd')).toEqual({ kind: 'say', text: 'a', options: { room: 'dd' } });
  });

  test('is nothing without a text, and not cut off where it is too long', () => {
    expect(outgoing({ ...full, text: ' \n ' }, 'cc')).toEqual({ kind: 'nothing' });
    const longest = 'a'.repeat(MESSAGE_TEXT_MAX);
    expect(outgoing({ ...BLANK, text: longest }, 'cc').kind).toBe('say');
    expect(outgoing({ ...BLANK, text: `${longest}b` }, 'cc')).toEqual({ kind: 'too-long', length: 8193 });
  });

  test('is a change while one is under way, and nothing if nothing changed', () => {
    expect(outgoing({ ...full, edit }, 'cc')).toEqual({ kind: 'edit', id: 'aa/cc/1', text: 'new' });
    expect(outgoing({ ...full, edit: { ...edit, text: 'old' } }, 'cc')).toEqual({ kind: 'nothing' });
  });
});

describe('a change', () => {
  test('leaves what was begun before as it was', () => {
    const changed = withText({ ...full, edit }, 'newer');
    expect([changed.text, changed.edit?.text]).toEqual([' hello ', 'newer']);
    expect(afterSending(changed)).toEqual({ ...full, edit: undefined });
    expect(afterSending(full)).toBe(BLANK);
  });
});

describe('what did not go out comes back', () => {
  test('as it was, or before what was begun since', () => {
    expect(putBack(BLANK, full)).toEqual({ ...full, edit: undefined });
    expect(putBack({ ...BLANK, text: 'next' }, full).text).toBe(' hello \nnext');
    expect(putBack({ ...full, edit: undefined }, { ...full, edit }).edit).toBe(edit);
  });
});

test('Esc takes back one layer at a time, and never the text', () => {
  const layers: (Draft | undefined)[] = [];
  for (let draft: Draft | undefined = { ...full, edit }; draft !== undefined; draft = withoutLayer(draft))
    layers.push(draft);
  expect(layers).toEqual([
    { ...full, edit },
    { ...full, edit: undefined },
    { ...full, edit: undefined, replyTo: undefined },
    { ...BLANK, text: ' hello ', edit: undefined, replyTo: undefined },
  ]);
});

describe('drafts', () => {
  test('belong to one room of one pool', () => {
    const { drafts } = remembered();
    drafts.put('quiet', 'cc', full);
    expect(drafts.of('quiet', 'cc').value).toEqual(full);
    expect(drafts.of('quiet', 'dd').value).toBe(BLANK);
    expect(drafts.of('other', 'cc').value).toBe(BLANK);
  });

  test('outlive the page, until they are sent', () => {
    const { kept, drafts } = remembered();
    drafts.put('quiet', 'cc', full);
    const again = new Drafts({ load: (pool, room) => kept.get(`${pool}/${room}`) ?? '', save: () => undefined });
    expect(again.of('quiet', 'cc').value).toEqual(full);
    drafts.put('quiet', 'cc', BLANK);
    expect(kept.get('quiet/cc')).toBe('');
  });

  test.each([
    '',
    'hello',
    '{',
    '[]',
    'null',
    '{"text":1}',
    '{"text":"a","notify":[],"important":1,"announcement":false}',
  ])('are blank where %j is stored', (stored) => {
    expect(new Drafts({ load: () => stored, save: () => undefined }).of('quiet', 'cc').value).toBe(BLANK);
  });
});
