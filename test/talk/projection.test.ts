// Entries applied to records: whatever the order, the same comes out.
import fc from 'fast-check';
import { describe, expect, test } from '@jest/globals';
import {
  definedZone,
  doubleOf,
  editedMessage,
  filesMessage,
  isFounder,
  isSamePerson,
  profiledMember,
  reactedMessage,
  retractedMessage,
  sealedMessage,
  textMessage,
  unknownMember,
  votedMessage,
  zoneRoom,
  type EntryPlace,
} from '../../src/talk/projection.ts';
import type { MemberRecord, MessageRecord, RoomRecord } from '../../src/talk/records.ts';
import { entryId } from '../../src/wire/entry.ts';

const idOf = (digit: string): string => digit.repeat(32);
const [ADA, BEN, CY] = [idOf('a'), idOf('b'), idOf('c')] as const;
const ROOM = idOf('1');

const place = (author: string, seq: number, created = seq): EntryPlace => {
  return { id: entryId(author, ROOM, seq), author, room: ROOM, seq, created };
};

const text = { kind: 'text', text: 'hello', notify: [], important: true, announcement: false } as const;
const message = (): MessageRecord => textMessage(place(ADA, 1), text, [ADA, BEN], false);

const FILES = {
  files: [
    { name: 'a.txt', bytes: 4 },
    { name: 'b', bytes: 5, entries: 2 },
  ],
  count: 3,
  bytes: 12,
};
const shared = (): MessageRecord => filesMessage(place(ADA, 1), { kind: 'files', ...FILES });

const someone = fc.constantFrom(ADA, BEN, CY);
/** Of one device no two have one number, or one time. */
const places = fc
  .record({ author: someone, seq: fc.integer({ min: 2, max: 40 }) })
  .map(({ author, seq }) => place(author, seq));

/** All of `steps`, in two orders, the second with some of them twice. */
function inAnyOrder<Step, State>(
  steps: fc.Arbitrary<Step>,
  distinct: (step: Step) => string,
  start: State,
  apply: (state: State, step: Step) => State,
): void {
  const orders = fc
    .uniqueArray(steps, { maxLength: 12, selector: distinct })
    .chain((all) =>
      fc.tuple(fc.constant(all), fc.shuffledSubarray(all), fc.shuffledSubarray(all, { minLength: all.length })),
    );
  fc.assert(
    fc.property(orders, ([all, some, shuffled]) => {
      expect([...some, ...shuffled].reduce(apply, start)).toEqual(all.reduce(apply, start));
    }),
    { numRuns: 500 },
  );
}

describe('a message', () => {
  const steps = fc.oneof(
    fc.record({ kind: fc.constant('edit' as const), by: places, text: fc.constantFrom('x', 'y', 'z') }),
    fc.record({
      kind: fc.constant('reaction' as const),
      by: places,
      emoji: fc.constantFrom('🐟', '👍'),
      removed: fc.boolean(),
    }),
    fc.record({ kind: fc.constant('vote' as const), by: places }),
    fc.record({ kind: fc.constant('retract' as const), by: places }),
  );
  type Step = typeof steps extends fc.Arbitrary<infer Each> ? Each : never;
  const apply = (record: MessageRecord, step: Step): MessageRecord => {
    switch (step.kind) {
      case 'edit':
        return editedMessage(record, step.by, step.text);
      case 'reaction':
        return reactedMessage(record, step.by, step);
      case 'vote':
        return votedMessage(record, step.by.author);
      case 'retract':
        return retractedMessage(record, step.by.seq);
    }
  };

  test.each([
    ['a text', message()],
    ['files that were shared', shared()],
    ['one whose key is for others', sealedMessage(place(ADA, 1))],
  ])('comes out the same in any order: %s', (_, start) => {
    const distinct = ({ by }: Step): string => by.id;
    inAnyOrder(steps, distinct, start, apply);
    inAnyOrder(
      steps.filter(({ kind }) => kind !== 'retract'),
      distinct,
      start,
      apply,
    );
  });

  test('shows the newest text, and of edits of one time that of the greater id', () => {
    const [older, newer] = [place(ADA, 2, 20), place(BEN, 2, 20)];
    const edited = editedMessage(editedMessage(message(), newer, 'by Ben'), older, 'by Ada');
    expect(edited).toMatchObject({ text: 'by Ben', edited: 20, trail: { edit: newer.id, edits: [2] } });
  });

  test('that tells of files keeps to them, and leaves no word of them when it is taken back', () => {
    expect(shared()).toMatchObject({ state: 'here', text: 'a.txt\nb', files: FILES });
    expect(editedMessage(shared(), place(ADA, 2), 'c.txt')).toEqual(shared());
    const blank = { ...sealedMessage(place(ADA, 1)), state: 'retracted', retractSeq: 3 };
    expect(retractedMessage(shared(), 3)).toEqual(blank);
  });

  test('shows reactions in the order they were given', () => {
    const first = { emoji: '👍', removed: false };
    const late = reactedMessage(message(), place(BEN, 9), { emoji: '🐟', removed: false });
    const both = reactedMessage(late, place(CY, 4), first);
    expect(both.reactions.map(({ emoji }) => emoji)).toEqual(['👍', '🐟']);
    expect(reactedMessage(both, place(BEN, 10), { emoji: '🐟', removed: true }).reactions).toHaveLength(1);
  });

  test('has an electorate only if it asks for votes', () => {
    expect(message().electorate).toEqual([ADA, BEN]);
    expect(textMessage(place(ADA, 1), { ...text, important: false }, [ADA, BEN], true).electorate).toEqual([]);
  });

  test('that was taken back keeps nothing but its place, the retract, and that it was saved', () => {
    const full = votedMessage(editedMessage({ ...message(), saved: true }, place(ADA, 2), 'x'), BEN);
    const blank = { ...sealedMessage(place(ADA, 1)), state: 'retracted', retractSeq: 3, saved: true };
    expect(retractedMessage(retractedMessage(full, 7), 3)).toEqual(blank);
  });
});

describe('a zone', () => {
  const zone = zoneRoom(ADA, new Uint8Array(8).fill(9));

  test('is its founder’s by its id', () => {
    expect(isFounder(zone, ADA)).toBe(true);
    expect(isFounder(zone, BEN)).toBe(false);
    expect(isFounder(idOf('0'), ADA)).toBe(false);
    expect(() => zoneRoom(ADA, new Uint8Array(7))).toThrow('salt: expected 8 bytes, got 7');
  });

  test('is what its newest definition says, in any order', () => {
    const steps = fc.record({ by: places, name: fc.constantFrom('A', 'B'), accounts: fc.uniqueArray(someone) });
    const apply = (
      room: RoomRecord | undefined,
      { by, name, accounts }: { by: EntryPlace; name: string; accounts: string[] },
    ): RoomRecord => definedZone(room, by, { kind: 'zone', zone, name, accounts }, ADA);
    inAnyOrder<Parameters<typeof apply>[1], RoomRecord | undefined>(steps, ({ by }) => by.id, undefined, apply);
    const first = apply(undefined, { by: place(ADA, 5), name: 'A', accounts: [BEN, ADA] });
    const second = apply(first, { by: place(ADA, 7), name: 'B', accounts: [CY] });
    expect(second).toMatchObject({ kind: 'zone', name: 'B', accounts: [CY], founder: ADA });
    expect(second.definition?.named).toEqual([ADA, BEN, CY]);
  });
});

describe('a member', () => {
  const profile = (name: string) =>
    ({
      kind: 'profile',
      name,
      device: 'browser',
      agreeKey: new Uint8Array(32),
      account: { root: new Uint8Array(32), certificates: [] },
    }) as const;
  const member = (device: string, over: Partial<MemberRecord> = {}): MemberRecord => ({
    ...unknownMember(device, new Uint8Array(32)),
    name: 'Ada',
    kind: 'browser',
    ...over,
  });

  test('is what its newest profile says, in any order', () => {
    const steps = fc.record({ by: places, name: fc.constantFrom('A', 'B'), account: someone });
    const start = unknownMember(ADA, new Uint8Array(32));
    inAnyOrder(
      steps,
      ({ by }) => `${by.created}`,
      start,
      (record, { by, name, account }) => profiledMember(record, by, profile(name), account, 5),
    );
  });

  test('doubles whoever was met before under its name, unless they are one person', () => {
    const met = member(ADA, { metMs: 10, namedMs: 10 });
    const later = member(BEN, { namedMs: 20 });
    expect(doubleOf(later, [met, later])).toBe(ADA);
    expect(doubleOf(met, [met, later])).toBeUndefined();
    expect(doubleOf({ ...later, account: ADA }, [met, later])).toBeUndefined();
    expect(doubleOf(later, [{ ...met, metMs: 0 }, later])).toBeUndefined();
    expect(doubleOf({ ...later, metMs: 30 }, [met, later])).toBe(ADA);
    expect(doubleOf(met, [met, { ...later, metMs: 30 }])).toBeUndefined();
  });

  test('is one person with the root of its account, whatever is known of that', () => {
    expect(isSamePerson(member(BEN, { account: ADA }), member(ADA, { account: CY }))).toBe(true);
    expect(isSamePerson(member(BEN), member(ADA))).toBe(false);
  });
});
