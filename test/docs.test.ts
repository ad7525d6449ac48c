// The documents that repeat what the code says, held to it.
import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { TRANSITIONS } from '../src/link/states.ts';
import { END_CODES, LINK_CODES, SOCKET_CODES } from '../src/wire/codes.ts';

const read = (name: string): string => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8');

describe('the documents', () => {
  test('ARCHITECTURE.md draws exactly the transitions of the link', () => {
    const drawn = [...read('ARCHITECTURE.md').matchAll(/^ {2}(\w+) --> (\w+): (\w+)$/gm)].map(
      ([, from, to, event]) => `${from} ${event} ${to}`,
    );
    const table = Object.entries(TRANSITIONS).flatMap(([from, events]) =>
      Object.entries(events).map(([event, to]) => `${from} ${event} ${to}`),
    );
    expect(drawn.toSorted()).toEqual(table.toSorted());
  });

  test.each([
    ['link', 'Link', LINK_CODES],
    ['transfer', 'Transfer', END_CODES],
    ['websocket', 'Websocket', SOCKET_CODES],
  ])('PROTOCOL.md lists exactly the %s codes', (_, heading, table) => {
    const section = read('PROTOCOL.md').split(`### ${heading}: `)[1]?.split('\n### ')[0] ?? '';
    const listed = [...section.matchAll(/^\| (\d+)\s*\| ([\w-]+)\s*\|/gm)].map(([, number, name]) => [
      name,
      Number(number),
    ]);
    expect(Object.fromEntries(listed)).toEqual(table);
  });
});
