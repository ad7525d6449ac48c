import { describe, expect, test } from '@jest/globals';
import type { MessageView, RoomView } from '../../src/talk/views.ts';
import { calls, wordsOf } from '../../web/notify-rules.ts';
import { NOTIFY_LEVELS } from '../../web/settings.ts';
import { messageView } from '../support/views.ts';

const message = messageView({
  id: 'bb/cc/1',
  from: 'bb',
  account: 'bb',
  name: 'Jo',
  text: 'Meet at noon',
  created: 10,
});
const pool: Pick<RoomView, 'kind' | 'readTo' | 'name'> = { kind: 'pool', readTo: 0, name: '' };
const whisper = { ...pool, kind: 'whisper' } as const;

/** At which levels this notifies. */
const levels = (one: MessageView, room: typeof pool = pool, muted: readonly string[] = []): readonly string[] =>
  NOTIFY_LEVELS.filter((notify) => calls({ notify, muted }, 'tide', one, room));

describe('what notifies', () => {
  test('is a call, a whisper, or everything, as far as that is wanted', () => {
    expect(levels({ ...message, callsMe: true })).toEqual(['calls', 'whispers', 'all']);
    expect(levels(message, whisper)).toEqual(['whispers', 'all']);
    expect(levels(message)).toEqual(['all']);
  });

  test('is never what one wrote, what cannot be read, what was read, or what came in a muted pool', () => {
    const called = { ...message, callsMe: true };
    expect(levels({ ...called, own: true })).toEqual([]);
    expect(levels({ ...called, state: 'sealed' })).toEqual([]);
    expect(levels({ ...called, state: 'retracted' })).toEqual([]);
    expect(levels(called, { ...pool, readTo: 10 })).toEqual([]);
    expect(levels(called, pool, ['tide'])).toEqual([]);
  });
});

describe('a notification', () => {
  test('says who and where, and what was said only if that is wanted', () => {
    expect(wordsOf(message, pool, 'tide', false)).toEqual({ title: 'Jo in tide', body: 'New message' });
    expect(wordsOf({ ...message, callsMe: true }, pool, 'tide', false).body).toBe('Calls for you');
    expect(wordsOf(message, { ...pool, kind: 'zone', name: 'Budget' }, 'tide', true)).toEqual({
      title: 'Jo in Budget',
      body: 'Meet at noon',
    });
    expect(wordsOf(message, whisper, 'tide', false).title).toBe('Jo whispers');
  });
});
