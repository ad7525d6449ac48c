import { describe, expect, test } from '@jest/globals';
import { audienceOf, devicesOf, isSameAudience, namesOf } from '../../web/audience.ts';
import type { Person, PersonDevice } from '../../web/people.ts';

const device = (id: string, more: Partial<PersonDevice> = {}): PersonDevice => ({
  id,
  account: id,
  name: id,
  kind: 'browser',
  self: false,
  here: true,
  peer: undefined,
  verified: false,
  out: false,
  doubleOf: undefined,
  metMs: 0,
  ...more,
});

const person = (name: string, devices: readonly PersonDevice[], own = false): Person => ({
  account: name.toLowerCase(),
  name,
  own,
  here: true,
  devices,
});

const people = [
  person('Mara', [device('mara-1', { self: true }), device('mara-2')], true),
  person('Jo', [device('jo-1'), device('jo-2'), device('jo-lost', { out: true })]),
  person('Tom', [device('tom-1')]),
];
const [mara, jo] = people as [Person, Person, Person];

const pool = { kind: 'pool', accounts: [] } as const;
const whisper = (...accounts: readonly string[]) => ({ kind: 'whisper', accounts }) as const;

describe('a file', () => {
  test('for a person is for all of their devices but those that are kept out', () => {
    expect(devicesOf(jo)).toEqual(['jo-1', 'jo-2']);
    expect(devicesOf(mara)).toEqual(['mara-2']);
  });

  test('is for everyone in the pool’s own room and in zones, in a whisper for those one whispers with', () => {
    expect(audienceOf(undefined, people)).toBeUndefined();
    expect(audienceOf(pool, people)).toBeUndefined();
    expect(audienceOf({ kind: 'zone', accounts: ['jo'] }, people)).toBeUndefined();
    expect(audienceOf(whisper('mara', 'jo'), people)).toEqual(['jo-1', 'jo-2']);
    expect(audienceOf(whisper('jo', 'mara', 'tom'), people)).toEqual(['jo-1', 'jo-2', 'tom-1']);
    expect(audienceOf(whisper('mara'), people)).toEqual(['mara-2']);
  });

  test('is for nobody, and never for everyone, in a whisper with people who are not known', () => {
    expect(audienceOf(whisper('somebody'), people)).toEqual([]);
  });
});

test('everyone is another audience than nobody, and the order of devices counts for nothing', () => {
  expect(isSameAudience(undefined, undefined)).toBe(true);
  expect(isSameAudience(undefined, [])).toBe(false);
  expect(isSameAudience([], undefined)).toBe(false);
  expect(isSameAudience(['a', 'b'], ['b', 'a'])).toBe(true);
  expect(isSameAudience(['a', 'b'], ['a'])).toBe(false);
  expect(isSameAudience(['a'], ['b'])).toBe(false);
});

test('people are named once, however many devices they have', () => {
  expect(namesOf(['jo-2', 'jo-1', 'tom-1'], people)).toBe('Jo and Tom');
  expect(namesOf(['mara-2'], people)).toBe('you');
  expect(namesOf(['gone'], people)).toBe('');
});
