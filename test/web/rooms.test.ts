import { describe, expect, test } from '@jest/globals';
import type { RoomView } from '../../src/talk/views.ts';
import { listedRooms, roomBeside, roomTitle } from '../../web/rooms.ts';
import { roomView } from '../support/views.ts';

const room = (id: string, more: Partial<RoomView> = {}): RoomView => roomView({ id, kind: 'zone', name: id, ...more });

const names: Readonly<Record<string, string>> = { aa: 'Mara', bb: 'Jo', cc: 'Ana' };
const title = (view: RoomView): string => roomTitle(view, 'aa', (account) => names[account] ?? '');

describe('the title of a room', () => {
  test('says who is in it', () => {
    expect(title(room('1', { kind: 'pool' }))).toBe('Everyone');
    expect(title(room('1', { name: 'Budget' }))).toBe('Budget');
    expect(title(room('1', { kind: 'whisper', name: '', accounts: ['aa', 'cc', 'bb'] }))).toBe('Ana and Jo');
  });

  test('of a whisper never is empty', () => {
    expect(title(room('1', { kind: 'whisper', name: '', accounts: ['aa', 'dd'] }))).toBe('Somebody');
    expect(title(room('1', { kind: 'whisper', name: '', accounts: ['aa'] }))).toBe('Only you');
  });
});

describe('the list of rooms', () => {
  const rooms = [room('1', { kind: 'pool' }), room('2', { open: false }), room('3')];

  test('leaves out rooms of others, but not the one that is open', () => {
    expect(listedRooms(rooms, '1').map(({ id }) => id)).toEqual(['1', '3']);
    expect(listedRooms(rooms, '2').map(({ id }) => id)).toEqual(['1', '2', '3']);
  });

  test('is walked through around its ends', () => {
    const listed = listedRooms(rooms, '1');
    expect(roomBeside(listed, '1', 1)).toBe('3');
    expect(roomBeside(listed, '3', 1)).toBe('1');
    expect(roomBeside(listed, '1', -1)).toBe('3');
    expect(roomBeside([room('1')], '1', 1)).toBeUndefined();
  });
});
