// The heart of it: the same entries, in any order and in any batches, give the same records.
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { invitationProof } from '../../src/keys/account.ts';
import { MemoryTalkStore } from '../../src/io/talk-memory.ts';
import { encodeEntry, entryId, parseEntryId } from '../../src/wire/entry.ts';
import { deviceIdOf } from '../../src/keys/identity.ts';
import { decodeClear } from '../../src/wire/talk.ts';
import { POOL, Person, people, decoded, filesOf, smuggled, smuggledClear, type Kept } from './keeper-world.ts';

let reader: Person;
let owner: Person;
let entries: readonly Uint8Array[] = [];
let inOrder: Kept;
let gone: ReadonlySet<string> = new Set();

/** The reader's device, as it was before it heard anything: it has met the owner of the pool. */
async function fresh(wokenMax?: number): Promise<Person> {
  const again = new Person(reader.keys, reader.name, new MemoryTalkStore());
  again.wokenMax = wokenMax;
  await again.restart();
  await again.metAs(owner, 'owner');
  again.nowMs += 10_000_000;
  return again;
}

/** The ids of what their author took back and said what it was. */
function takenBack(): ReadonlySet<string> {
  const retracts = entries.map(decoded).flatMap((entry) => {
    const said = entry.kind === 'retract' && entry.body !== undefined ? decodeClear('retract', entry.body) : undefined;
    return said?.kind === 'retract' ? [{ entry, said }] : [];
  });
  const last = retracts.flatMap(({ entry, said }, i) => {
    if (said.message !== true) return [];
    // Those of its edits come right before.
    const edits = retracts[i - 1]?.said.message === true ? [] : retracts.slice(Math.max(0, i - 1), i);
    return [{ entry, said }, ...edits].map((each) =>
      entryId(deviceIdOf(each.entry.author), each.entry.chain, each.said.seq),
    );
  });
  return new Set(last);
}

/** As it is passed on by whoever has removed its body. */
function withoutBody(bytes: Uint8Array): Uint8Array {
  const entry = decoded(bytes);
  const id = entryId(deviceIdOf(entry.author), entry.chain, entry.seq);
  return gone.has(id) ? encodeEntry({ ...entry, body: undefined }) : bytes;
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
  const nets = await ada.share('nets.pdf');
  const wrong = await ben.share('wrong.pdf');
  await share();
  await ben.write({ kind: 'reaction', target: nets, emoji: '👍', removed: false });
  await smuggled(ada, { kind: 'edit', target: nets, text: 'hooks.pdf' });
  await eve.write({ kind: 'vote', target: wrong });
  await ben.write({ kind: 'retract', target: wrong });
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

  // Whoever has no key cannot know which of these was an edit: their author says so when they are taken back.
  const secret = await ben.say('Cy would like this', zone);
  const edit = await ben.write({ kind: 'edit', target: secret, text: 'Cy would love this' }, zone);
  const seqOf = (id: string): number => parseEntryId(id)?.seq ?? 0;
  await smuggledClear(ben, { kind: 'retract', seq: edit.entries.at(-1)?.seq ?? 0 });
  await smuggledClear(ben, { kind: 'retract', seq: seqOf(secret), message: true });
  const mistaken = await ada.say('Tuesday');
  const better = await ada.write({ kind: 'edit', target: mistaken, text: 'Wednesday' });
  await smuggledClear(ada, { kind: 'retract', seq: better.entries.at(-1)?.seq ?? 0 });
  await smuggledClear(ada, { kind: 'retract', seq: seqOf(mistaken), message: true });
  await share();

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
  gone = takenBack();
  expect(gone.size).toBeGreaterThanOrEqual(4);
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
        'nets.pdf',
        'retracted',
        'before I was Ada’s',
        'in the kitchen',
        'retracted',
        'sealed',
        'retracted',
        'retracted',
        'retracted',
        'what?',
      ].sort(),
    );
    const voted = inOrder.messages.find(({ important }) => important);
    expect(voted?.votes).toHaveLength(1);
    expect(voted?.reactions).toEqual([{ emoji: '🐟', device: voted?.votes[0] }]);
    const shared = inOrder.messages.filter(({ files }) => files !== undefined);
    expect(shared).toMatchObject([{ files: filesOf('nets.pdf'), reactions: [{ emoji: '👍' }], edited: undefined }]);
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
    // As those have them who were told of the retract before.
    const bare = fc.boolean();
    const cuts = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 8 });
    const woken = fc.integer({ min: 1, max: 6 });
    const property = fc.asyncProperty(order, cuts, woken, bare, async (order, cuts, wokenMax, bare) => {
      const person = await fresh(wokenMax);
      let i = 0;
      const takeAll = async (shuffled: readonly Uint8Array[]): Promise<void> => {
        for (let at = 0; at < shuffled.length; i++) {
          const length = cuts[i % cuts.length] ?? 1;
          await person.take(shuffled.slice(at, at + length));
          at += length;
        }
      };
      const shuffled = order.flatMap((at) => entries[at] ?? []).map((bytes) => (bare ? withoutBody(bytes) : bytes));
      await takeAll(shuffled);
      await person.wakeAll();
      // One without its body is passed over until its retract is here: it is asked for again then.
      if (bare) await takeAll(shuffled);
      await person.wakeAll();
      expect(await person.kept()).toEqual(inOrder);
    });
    await fc.assert(property, { numRuns: 80 });
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
    expect(bodies).toEqual([undefined, undefined, undefined, undefined, undefined]);
    expect(await person.store.search('taken back', 9)).toEqual([]);
    expect(await person.store.search('as will this', 9)).toEqual([]);
  });
});
