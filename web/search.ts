// What a search brings up beside messages, and how a found text is shown: the part around its first match. Pure.
import type { FoundView } from '../src/io/talk-face.ts';
import type { RoomView } from '../src/talk/views.ts';
import { parsePoolCode } from '../src/wire/pool-code.ts';
import type { Person } from './people.ts';

export type Found =
  | { readonly kind: 'room'; readonly key: string; readonly room: RoomView; readonly title: string }
  | { readonly kind: 'person'; readonly key: string; readonly person: Person }
  /** One that is known, or one that was typed. */
  | { readonly kind: 'pool'; readonly key: string; readonly pool: string; readonly known: boolean }
  | { readonly kind: 'message'; readonly key: string; readonly found: FoundView };

/** Rooms, people and pools that are shown of each kind. */
const EACH_MAX = 5;
/** Characters of a found message before its first match. */
const LEAD_MAX = 40;
const SNIPPET_MAX = 160;

export interface Surroundings {
  readonly rooms: readonly { readonly room: RoomView; readonly title: string }[];
  readonly people: readonly Person[];
  readonly pools: readonly string[];
}

/** As searches compare words: case, width and the way accents are put together do not count. */
export const plain = (text: string): string => text.normalize('NFKC').toLowerCase();

export const wordsIn = (query: string): readonly string[] =>
  plain(query)
    .split(/\s+/u)
    .filter((word) => word !== '');

/** True if all of the words stand in `text`, anywhere. */
export const holds = (text: string, words: readonly string[]): boolean => {
  const compared = plain(text);
  return words.every((word) => compared.includes(word));
};

/** A code of which nobody would think it is a word they look for. */
const CODE_LIKE = /-.*\d/u;

/** Rooms, people and pools whose names hold all words of the query; without words, all, as far as there is room. */
export function nearby({ rooms, people, pools }: Surroundings, words: readonly string[]): readonly Found[] {
  const named = rooms.filter(({ title }) => holds(title, words));
  const persons = people.filter(({ own, name, devices }) => {
    const names = [name, ...devices.map((device) => device.name)];
    return !own && names.some((each) => holds(each, words));
  });
  const known = pools.filter((pool) => holds(pool, words));
  return [
    ...named.slice(0, EACH_MAX).map((each): Found => ({ kind: 'room', key: `room-${each.room.id}`, ...each })),
    ...persons.slice(0, EACH_MAX).map((person): Found => ({ kind: 'person', key: `person-${person.account}`, person })),
    ...known.slice(0, EACH_MAX).map((pool): Found => ({ kind: 'pool', key: `pool-${pool}`, pool, known: true })),
  ];
}

/** A pool nobody here knows, if what was typed is the code or the link of one. */
export function typedPool(query: string, known: readonly string[]): readonly Found[] {
  const pool = parsePoolCode(query);
  if (pool === undefined || known.includes(pool) || !(query.includes('#') || CODE_LIKE.test(pool))) return [];
  return [{ kind: 'pool', key: `pool-${pool}`, pool, known: false }];
}

export interface Piece {
  readonly text: string;
  readonly match: boolean;
}

/** One line of a text around the first of the words in it, all of their places marked. */
export function snippetOf(text: string, words: readonly string[]): readonly Piece[] {
  const line = text.replaceAll(/\s+/gu, ' ').trim();
  const lower = line.toLowerCase();
  const first = Math.min(...words.map((word) => lower.indexOf(word)).filter((at) => at >= 0), line.length);
  const start = first === line.length || first <= LEAD_MAX ? 0 : line.indexOf(' ', first - LEAD_MAX) + 1;
  const shown = line.slice(start, start + SNIPPET_MAX);
  const pieces = marked(shown, words);
  const lead: readonly Piece[] = start > 0 ? [{ text: '… ', match: false }] : [];
  const rest: readonly Piece[] = start + SNIPPET_MAX < line.length ? [{ text: ' …', match: false }] : [];
  return [...lead, ...pieces, ...rest];
}

function marked(text: string, words: readonly string[]): readonly Piece[] {
  const lower = text.toLowerCase();
  const pieces: Piece[] = [];
  let at = 0;
  // Where lower case has another length, places would not fit: then nothing is marked.
  while (at < text.length && lower.length === text.length) {
    const from = at;
    const next = words
      .map((word) => ({ place: lower.indexOf(word, from), length: word.length }))
      .filter(({ place }) => place >= 0)
      .sort((one, other) => one.place - other.place || other.length - one.length)[0];
    if (next === undefined) break;
    if (next.place > at) pieces.push({ text: text.slice(at, next.place), match: false });
    pieces.push({ text: text.slice(next.place, next.place + next.length), match: true });
    at = next.place + next.length;
  }
  if (at < text.length) pieces.push({ text: text.slice(at), match: false });
  return pieces;
}
