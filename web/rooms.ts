// Rooms as people read them: what they are called, who is in them, and which one is next to another. Pure.
import type { AccountId, RoomId } from '../src/wire/entry.ts';
import type { RoomView } from '../src/talk/views.ts';
import { listNames } from './format.ts';

/** Names of a whisper that are shown; the rest is counted. */
const NAMES_MAX = 3;

/** `Everyone`, a zone's name, or the names of those one whispers with. */
export function roomTitle(room: RoomView, own: AccountId, nameOf: (account: AccountId) => string): string {
  if (room.kind === 'pool') return 'Everyone';
  if (room.kind === 'zone') return room.name;
  const others = room.accounts.filter((account) => account !== own);
  const names = others.map((account) => nameOf(account) || 'Somebody');
  return listNames(names, NAMES_MAX) || room.name || 'Only you';
}

/** Those that are listed: where one can write, and the one that is open. */
export const listedRooms = (rooms: readonly RoomView[], open: RoomId): readonly RoomView[] =>
  rooms.filter((room) => room.open || room.id === open);

/** The room `by` places after `room` in the list, around its ends; undefined if there is no other. */
export function roomBeside(rooms: readonly RoomView[], room: RoomId, by: 1 | -1): RoomId | undefined {
  const at = rooms.findIndex(({ id }) => id === room);
  if (at < 0) return rooms[0]?.id;
  const next = rooms[(at + by + rooms.length) % rooms.length]?.id;
  return next === room ? undefined : next;
}
