// Evidence as a device makes it of what it keeps: of what stands there, of others alone, and good before anybody who has the
// public keys.
import { beforeEach, describe, expect, test } from '@jest/globals';
import { checkEvidence, decodeEvidence, type Proven } from '../../src/keys/evidence.ts';
import { invitationProof } from '../../src/keys/account.ts';
import type { TalkResult } from '../../src/talk/ports.ts';
import { HLC_PER_MS } from '../../src/wire/entry.ts';
import { POOL, POOL_ROOM, type Person, filesOf, people, smuggledClear } from './keeper-world.ts';

let ada: Person;
let ben: Person;
beforeEach(async () => {
  [ada, ben] = (await people('Ada', 'Ben')) as [Person, Person];
  await ada.meets(ben);
});

const ask = (person: Person, entry: string): Promise<TalkResult> => person.keeper.perform({ op: 'evidence', entry });

/** What a server makes of it that knows nothing but this: of what is shown, and of what was said first. */
async function provenAll(person: Person, entry: string): Promise<(Proven | undefined)[]> {
  const { evidence, circle } = await person.perform({ op: 'evidence', entry });
  const read = evidence.map(decodeEvidence);
  return Promise.all(read.map((each) => each && checkEvidence(each, POOL, circle)));
}

const proven = async (person: Person, entry: string): Promise<Proven | undefined> =>
  (await provenAll(person, entry))[0];

const REFUSED = { ok: false, code: 'refused' };

describe('evidence', () => {
  test('proves what somebody said, also after a restart, and what they offered', async () => {
    const id = await ada.say('vile');
    const files = await ada.share('vile.pdf');
    await ben.take(ada.wrote);
    await ben.restart();
    const { created = 0 } = (await ben.message(id)) ?? {};
    expect(await proven(ben, id)).toMatchObject({
      device: ada.id,
      entry: id,
      createdMs: Math.floor(created / HLC_PER_MS),
      said: { kind: 'content', content: { kind: 'text', text: 'vile' } },
    });
    expect(await proven(ben, files)).toMatchObject({ said: { content: { kind: 'files', ...filesOf('vile.pdf') } } });
  });

  test('of an edited message proves what it says now, whichever device of theirs edited it, and what it said first', async () => {
    const [laptop] = (await people('Ada')) as [Person];
    await laptop.meets(ada, ben);
    ada.keeper.invite('one two', Infinity);
    const proof = invitationProof('one two', ada.id, laptop.id);
    const account = await ada.perform({ op: 'vouch', device: laptop.id, proof });
    if (account === undefined) throw new Error('not vouched for');
    await laptop.perform({ op: 'adopt', account });
    await laptop.write({ kind: 'profile' });
    const id = await ada.say('kind');
    await ada.write({ kind: 'edit', target: id, text: 'rude' });
    await ben.take([...laptop.wrote, ...ada.wrote]);
    expect(await provenAll(ben, id)).toMatchObject([
      { device: ada.id, said: { content: { kind: 'edit', text: 'rude' } } },
      { device: ada.id, entry: id, said: { content: { kind: 'text', text: 'kind' } } },
    ]);
    await laptop.take(ada.wrote);
    laptop.nowMs = ada.nowMs;
    await laptop.write({ kind: 'edit', target: id, text: 'vile' });
    await ben.take(laptop.wrote);
    expect(await ben.message(id)).toMatchObject({ text: 'vile' });
    expect(await proven(ben, id)).toMatchObject({ device: laptop.id, said: { content: { text: 'vile' } } });
    // Both are hers.
    expect(await ask(laptop, id)).toEqual(REFUSED);
  });

  test('of a whisper holds for its circle, of a zone for the pool', async () => {
    const whisper = ada.keeper.whisper([ben.id]);
    const psst = await ada.say('psst', whisper);
    const zone = ada.keeper.newZone();
    await ada.write({ kind: 'zone', zone, name: 'Kitchen', accounts: [ben.id] });
    const soup = await ada.say('soup', zone);
    await ben.take(ada.wrote);
    const { circle } = await ben.perform({ op: 'evidence', entry: psst });
    expect(circle).toEqual([ada.id, ben.id].sort());
    expect(await proven(ben, psst)).toMatchObject({ chain: whisper, said: { content: { text: 'psst' } } });
    expect(await ben.perform({ op: 'evidence', entry: soup })).toMatchObject({ circle: [] });
    expect(await proven(ben, soup)).toMatchObject({ chain: POOL_ROOM, said: { content: { text: 'soup' } } });
  });

  test('of a profile proves a name', async () => {
    await ada.say('hello');
    await ben.take(ada.wrote);
    const { entry } = (await ben.member(ada.id))?.profile ?? { entry: '' };
    expect(await proven(ben, entry)).toMatchObject({ device: ada.id, said: { kind: 'profile', name: 'Ada' } });
    expect(await ask(ada, entry)).toEqual(REFUSED);
  });

  test('is not made of one’s own, of what was taken back, and of what cannot be read or is not here', async () => {
    const [eve] = (await people('Eve')) as [Person];
    const id = await ada.say('vile');
    const edited = await ada.say('kind');
    const edit = await ada.write({ kind: 'edit', target: edited, text: 'vile' });
    const { entries } = await ada.write({ kind: 'reaction', target: id, emoji: '🐟', removed: false });
    const reaction = `${ada.id}/${POOL_ROOM}/${entries.at(-1)?.seq}`;
    const zone = ada.keeper.newZone();
    const founded = await ada.write({ kind: 'zone', zone, name: 'Kitchen', accounts: [] });
    await ben.take(ada.wrote);
    await eve.take(ada.wrote);
    expect(await ask(ben, id)).toMatchObject({ ok: true });
    expect(await ask(ada, id)).toEqual(REFUSED);
    expect(await ask(eve, id)).toEqual(REFUSED);
    const other = `${ada.id}/${POOL_ROOM}/99`;
    for (const each of [reaction, `${ada.id}/${POOL_ROOM}/${founded.entries.at(-1)?.seq}`, other, '', 'x/y/1']) {
      expect([each, await ask(ben, each)]).toEqual([each, REFUSED]);
    }
    // The edit alone is taken back, as no keeper does it: what was said first is left.
    const seq = edit.entries.at(-1)?.seq ?? 0;
    await ben.take([await smuggledClear(ada, { kind: 'retract', seq })]);
    expect(await provenAll(ben, edited)).toMatchObject([{ said: { content: { kind: 'text', text: 'kind' } } }]);
    const taken = await ada.write({ kind: 'retract', target: id });
    await ben.take(taken.entries.map(({ bytes }) => bytes));
    expect(await ask(ben, id)).toEqual(REFUSED);
  });
});
