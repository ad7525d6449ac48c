// Names that people type: whom they mean, and when that is not clear enough to send anything.
import { describe, expect, test } from '@jest/globals';
import { Numbers } from '../../cli/numbers.ts';
import { peopleAt, peopleOf, type Known } from '../../cli/people.ts';
import { EVERYONE, member, SELF } from './fake-talk.ts';
import { JO, MARA } from './support.ts';

const id = (letter: string): string => letter.repeat(32);
const others = [
  member(JO.id, 'Jo', { metMs: 5 }),
  member(MARA.id, 'Mara'),
  member(id('c'), 'Mara Lee'),
  member(id('d'), "Lee's phone", { account: id('c') }),
  member(id('e'), 'Kim, of course'),
];
const known = (members = others): Known => ({
  self: { device: SELF, account: SELF },
  rooms: [EVERYONE],
  members: [member(SELF, 'me'), ...members],
});

/** Names of those meant and the rest; or why it is unclear. */
function meant(text: string, members = others): readonly string[] | string {
  const people = peopleOf(known(members), [MARA]);
  const numbers = new Numbers();
  for (const { account } of people) numbers.numberOf(account);
  const found = peopleAt(text, people, numbers);
  return found.kind === 'unclear' ? found.message : [...found.people.map(({ name }) => name), `| ${found.rest}`];
}

test('people are put together from their devices: oneself, who is here, who is away', () => {
  const people = peopleOf(known(), [MARA]);
  expect(people.map(({ name, here, own }) => [name, here, own])).toEqual([
    ['me', true, true],
    ['Mara', true, false],
    ['Jo', false, false],
    ['Mara Lee', false, false],
    ['Kim, of course', false, false],
  ]);
  expect(people[3]?.devices.map(({ name }) => name)).toEqual(['Mara Lee', "Lee's phone"]);
});

describe('a name', () => {
  test.each([
    ['Jo hello', ['Jo', '| hello']],
    ['  jo   two  words', ['Jo', '| two  words']],
    ['Jo', ['Jo', '| ']],
    ['Kim, of course, Jo hello', ['Kim, of course', 'Jo', '| hello']],
    ['Jo,"Mara" Lee is here', ['Jo', 'Mara', '| Lee is here']],
    ['"Mara Lee" hello', ['Mara Lee', '| hello']],
    ["Lee's phone hello", ['Mara Lee', '| hello']],
    ['#2 hello', ['Mara', '| hello']],
    ['Jo, jo,#3 hello', ['Jo', '| hello']],
  ])('%s', (text, expected) => expect(meant(text)).toEqual(expected));

  test('that nobody has is said', () => {
    expect(meant('Joe hello')).toBe('Nobody is called “Joe”. /people lists everyone.');
    expect(meant('"Jo\u001b[2J" x')).toBe('Nobody is called “Jo[2J”. /people lists everyone.');
    expect(meant('#9 hello')).toBe('There is nobody with the number #9. /people lists everyone.');
  });

  test('that may end in two places is refused, so that nothing reaches the wrong one', () => {
    expect(meant('Mara Lee is late')).toBe(
      'That may be “Mara” or “Mara Lee”. Put the name in quotation marks: "Mara".',
    );
  });

  test('that looks like another one is not unique, and the numbers are given instead', () => {
    const twin = member(id('9'), 'Ｊo\u200b');
    expect(meant('jo hello', [...others, twin])).toMatch(/^2 people are called “jo”: #3 \(away\), #6 \(away\)\./u);
  });

  test('of a device that left for good means nobody', () => {
    expect(meant('Jo hello', [member(JO.id, 'Jo', { out: true })])).toContain('Nobody is called “Jo”');
  });
});
