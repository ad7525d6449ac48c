// The heart of it: the same entries, in any order and in any batches, give the same records.
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { invitationProof } from '../../src/keys/account.ts';
import { MemoryTalkStore } from '../../src/io/talk-memory.ts';
import { POOL, Person, people, decoded, smuggled, type Kept } from './keeper-world.ts';

let reader: Person;
let owner: Person;
let entries: readonly Uint8Array[] = [];
let inOrder: Kept;

/** The reader's device, as it was before it heard anything: it has met the owner of the pool. */
async function fresh(): Promise<Person> {
  const again = new Person(reader.keys, reader.name, new MemoryTalkStore());
  await again.perform({ op: 'open' });
  await again.metAs(owner, 'owner');
  again.nowMs += 10_000_000;
  return again;
}

/** A conversation with everything in it, each entry as it was when it was written. */
beforeAll(async () => {
  const [ada, laptop, ben, eve, cy] = (await people('Ada', 'Ada', 'Ben', 'Eve', 'Cy')) as [
    Person,
    ...[Person, Person, Person, Person],
  ];
  [reader, owner] = [cy, ada];
  const everyone = [ada, laptop, ben, eve];
  for (const person of [...everyone, cy]) await person.meets(...everyone.filter((other) => other !== person));
  const share = async (): Promise<void> => {
    entries = everyone.flatMap(({ wrote }) => wrote);
    for (const person of everyone) {
      person.nowMs += 60_000;
      await person.take(entries);
    }
  };

  const important = await ada.say('we fish at six', undefined, { important: true });
  const lost = await ben.say('this will be taken back');
  await share();
  const reply = await ben.say('agreed', undefined, { replyTo: important });
  await ben.write({ kind: 'vote', target: important });
  await eve.write({ kind: 'reaction', target: important, emoji: '🐟', removed: false });
  await eve.write({ kind: 'reaction', target: important, emoji: '🐟', removed: true });
  await ben.write({ kind: 'reaction', target: important, emoji: '🐟', removed: false });
  await eve.write({ kind: 'reaction', target: lost, emoji: '👍', removed: false });
  await share();
  await ben.write({ kind: 'edit', target: lost, text: 'as will this' });
  await ben.write({ kind: 'edit', target: reply, text: 'agreed!' });
  await ben.write({ kind: 'edit', target: reply, text: 'agreed!!' });
  await share();
  await ben.write({ kind: 'retract', target: lost });
  await ada.say('closing at nine', undefined, { announcement: true });
  await eve.say('free fish', undefined, { announcement: true });
  await smuggled(eve, { kind: 'edit', target: important, text: 'we fish at five' });

  ada.keeper.invite('one two', Infinity);
  const proof = invitationProof('one two', ada.id, laptop.id);
  const account = await ada.perform({ op: 'vouch', device: laptop.id, proof });
  await laptop.say('before I was Ada’s');
  if (account === undefined) throw new Error('not vouched for');
  await laptop.perform({ op: 'adopt', account });
  await laptop.write({ kind: 'profile' });
  await share();
  await laptop.write({ kind: 'edit', target: important, text: 'we fish at seven' });
  await share();

  const zone = ada.keeper.newZone();
  await ada.write({ kind: 'zone', zone, name: 'Kitchen', accounts: [ben.id, cy.id] });
  await share();
  await ben.say('in the kitchen', zone);
  const burnt = await ben.say('the soup burns', zone);
  await ben.write({ kind: 'retract', target: burnt }, zone);
  await smuggled(eve, { kind: 'zone', zone, name: 'Eve’s', accounts: [eve.id] });
  await laptop.write({ kind: 'zone', zone, name: 'The kitchen', accounts: [ben.id] });
  await share();
  await ben.say('Cy is gone', zone);

  const circle = ada.keeper.whisper([cy.id, ben.id]);
  ben.keeper.whisper([cy.id, ada.id]);
  const whispered = await ada.say('psst', circle);
  await share();
  await ben.say('what?', circle);
  await ben.write({ kind: 'reaction', target: whispered, emoji: '👂', removed: false }, circle);
  await ada.write({ kind: 'retract', target: whispered }, circle);

  eve.keeper.rename('Eve the second');
  await eve.write({ kind: 'profile' });
  await ada.write({ kind: 'revoke', device: laptop.id });
  await eve.write({ kind: 'leave' });
  await share();
  const first = await fresh();
  await first.take(entries);
  inOrder = await first.kept();
}, 60_000);

describe('a conversation', () => {
  test('taken in the order it was written, is what was meant', async () => {
    const texts = inOrder.messages.map(({ text, state }) => (state === 'here' ? text : state)).sort();
    expect(texts).toEqual(
      [
        'we fish at seven',
        'agreed!!',
        'retracted',
        'closing at nine',
        'free fish',
        'before I was Ada’s',
        'in the kitchen',
        'retracted',
        'sealed',
        'retracted',
        'what?',
      ].sort(),
    );
    const voted = inOrder.messages.find(({ important }) => important);
    expect(voted?.votes).toHaveLength(1);
    expect(voted?.reactions).toEqual([{ emoji: '🐟', device: voted?.votes[0] }]);
    const announced = inOrder.messages.filter(({ announcement }) => announcement).map(({ text }) => text);
    expect(announced).toEqual(['closing at nine']);
    expect(inOrder.rooms.map(({ kind, name }) => `${kind} ${name}`).sort()).toEqual([
      'pool ',
      'whisper ',
      'zone The kitchen',
    ]);
    const out = inOrder.members.filter((member) => member.out).map(({ name }) => name);
    expect(out.sort()).toEqual(['Ada', 'Eve the second']);
    expect(entries.length).toBeGreaterThan(40);
  });

  test('gives the same records in any order and any batches', async () => {
    const order = fc.shuffledSubarray(
      entries.map((_, i) => i),
      { minLength: entries.length, maxLength: entries.length },
    );
    const cuts = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 8 });
    const property = fc.asyncProperty(order, cuts, async (order, cuts) => {
      const person = await fresh();
      const shuffled = order.flatMap((i) => entries[i] ?? []);
      for (let at = 0, i = 0; at < shuffled.length; i++) {
        const length = cuts[i % cuts.length] ?? 1;
        await person.take(shuffled.slice(at, at + length));
        at += length;
      }
      expect(await person.kept()).toEqual(inOrder);
    });
    await fc.assert(property, { numRuns: 60 });
  }, 120_000);

  test('gives the same records backwards, twice, and after a restart with every entry', async () => {
    const person = await fresh();
    for (const bytes of [...entries].reverse()) {
      const copy = bytes.slice();
      expect((await person.take([bytes])).entries).toHaveLength(1);
      expect((await person.take([copy])).entries).toHaveLength(0);
      await person.restart();
    }
    expect(await person.kept()).toEqual(inOrder);
  });

  test('leaves no body and no word of what was taken back on disk', async () => {
    const person = await fresh();
    for (const bytes of [...entries].reverse()) await person.take([bytes]);
    const retracted = inOrder.messages.filter(({ state }) => state === 'retracted').map(({ id }) => id);
    const bodies = await Promise.all(
      retracted.map(async (id) => {
        const [author = '', chain = '', seq = '0'] = id.split('/');
        const range = { first: Number(seq), last: Number(seq) };
        const [entry] = await person.store.entries(POOL, author, chain, range, 1);
        return decoded(entry?.bytes).body;
      }),
    );
    expect(bodies).toEqual([undefined, undefined, undefined]);
    expect(await person.store.search('taken back', 9)).toEqual([]);
    expect(await person.store.search('as will this', 9)).toEqual([]);
  });
});
