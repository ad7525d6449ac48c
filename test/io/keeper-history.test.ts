// What is read outside of a pool, and the keeper's smaller duties: accounts, invitations, what is found after a restart.
import { describe, expect, test } from '@jest/globals';
import { invitationProof } from '../../src/keys/account.ts';
import { KeptHistory } from '../../src/io/keeper-history.ts';
import { POOL, POOL_ROOM, type Person, START_MS, people } from './keeper-world.ts';

async function all(pieces: AsyncIterable<string>): Promise<string> {
  let text = '';
  for await (const piece of pieces) text += piece;
  return text;
}

/** Ada's messages as Ben has them: one edited, one taken back, one for others. */
async function conversation(): Promise<Person> {
  const [ada, ben] = (await people('A*da', 'Ben')) as [Person, Person];
  await ada.say('before you came');
  await ada.meets(ben);
  await ada.say('a heron\n**Ben** 10:00\n\nI agree');
  const second = await ada.say('an oter');
  await ada.write({ kind: 'edit', target: second, text: 'an otter' });
  const third = await ada.say('oops');
  await ada.write({ kind: 'retract', target: third });
  ada.nowMs += 24 * 3600 * 1000;
  ben.nowMs = ada.nowMs;
  await ada.say('a day later');
  await ben.take(ada.wrote);
  await ben.say('mine');
  await ben.say('psst', ben.keeper.whisper([ada.id]));
  return ben;
}

const day = (ms: number): string => new Date(ms - new Date(ms).getTimezoneOffset() * 60_000).toISOString().slice(0, 10);

describe('an export', () => {
  test('in Markdown has days, names and times, and quotes what was said', async () => {
    const ben = await conversation();
    const text = await all(new KeptHistory(ben.store, ben.id).export(POOL, 'markdown'));
    const plain = text.replace(/\d\d:\d\d/g, 'TIME');
    expect(plain.startsWith(`# ${POOL.replaceAll('-', '-')}\n\n## ${day(START_MS)}\n\n**A\\*da** TIME\n\n`)).toBe(true);
    expect(plain).toContain('*This message cannot be read on this device.*');
    expect(plain).toContain('> a heron\n> **Ben** TIME\n> \n> I agree\n');
    expect(plain).toContain('**A\\*da** TIME (edited)\n\n> an otter\n');
    expect(plain).toContain('*This message was taken back.*');
    expect(plain).not.toContain('oops');
    expect(plain.indexOf('otter')).toBeLessThan(plain.indexOf('a day later'));
    expect(plain.match(/^## /gm)).toHaveLength(3);
    expect(plain).toContain('\n# A\\*da\n');
    const time = new Date(START_MS + 1000);
    expect(text).toContain(
      `** ${String(time.getHours()).padStart(2, '0')}:${String(time.getMinutes()).padStart(2, '0')}`,
    );
  });

  test('in JSON has every message in order, with names', async () => {
    const ben = await conversation();
    const parsed: unknown = JSON.parse(await all(new KeptHistory(ben.store, ben.id).export(POOL, 'json')));
    const states = ['sealed', 'here', 'here', 'retracted', 'here', 'here', 'here'];
    expect(parsed).toMatchObject(states.map((state) => ({ state })));
    expect(parsed).toMatchObject([
      { name: 'A*da' },
      { name: 'A*da' },
      { name: 'A*da', text: 'an otter' },
      { text: '' },
      { text: 'a day later' },
      { name: 'Ben', text: 'mine', from: ben.id },
      { text: 'psst' },
    ]);
    expect(await all(new KeptHistory(ben.store, ben.id).export('nowhere', 'json'))).toBe('[\n]\n');
  });

  test('of more messages than a page has every one, once', async () => {
    const [ada] = (await people('Ada')) as [Person];
    const texts = Array.from({ length: 600 }, (_, i) => `message ${i}`);
    for (const text of texts) await ada.say(text);
    const parsed: unknown = JSON.parse(await all(new KeptHistory(ada.store, ada.id).export(POOL, 'json')));
    expect(parsed).toMatchObject(texts.map((text) => ({ text })));
    expect(parsed).toHaveLength(600);
  });
});

describe('history', () => {
  test('finds messages with the names of those who wrote them', async () => {
    const ben = await conversation();
    const history = new KeptHistory(ben.store, ben.id);
    expect(await history.search('OTTER', 9)).toMatchObject([
      { pool: POOL, message: { name: 'A*da', text: 'an otter' } },
    ]);
    const [found] = await history.search('mine', 9);
    expect(found?.message).toMatchObject({ name: 'Ben', own: true });
    await ben.perform({ op: 'save', message: found?.message.id ?? '', on: true });
    expect(await history.saved(9)).toMatchObject([{ message: { text: 'mine', saved: true } }]);
    expect(await history.pools()).toMatchObject([{ pool: POOL, left: false }]);
    await history.forget(POOL);
    expect(await history.pools()).toEqual([]);
  });
});

describe('an invitation', () => {
  test('makes one more device this person’s, once and in time', async () => {
    const [ada, laptop, eve] = (await people('Ada', 'Laptop', 'Eve')) as [Person, Person, Person];
    await ada.meets(laptop, eve);
    const proofOf = (person: Person, code = 'eight words'): Uint8Array => invitationProof(code, ada.id, person.id);
    const vouch = (person: Person, proof: Uint8Array) => ada.perform({ op: 'vouch', device: person.id, proof });
    expect(await vouch(laptop, proofOf(laptop))).toBeUndefined();
    ada.keeper.invite('eight words', ada.nowMs + 1000);
    expect(await vouch(laptop, proofOf(laptop, 'other words'))).toBeUndefined();
    expect(await vouch(eve, proofOf(laptop))).toBeUndefined();
    const account = await vouch(laptop, proofOf(laptop));
    expect(await vouch(eve, proofOf(eve))).toBeUndefined();
    if (account === undefined) throw new Error('expected an account');

    await expect(eve.keeper.perform({ op: 'adopt', account })).resolves.toEqual({ ok: false, code: 'refused' });
    await ada.say('hello');
    await laptop.take(ada.wrote);
    expect(await laptop.room()).toMatchObject({ unread: 1 });
    expect(await laptop.perform({ op: 'adopt', account })).toMatchObject({ account: ada.id });
    expect(await laptop.room()).toMatchObject({ unread: 0 });
    await laptop.write({ kind: 'profile' });
    await laptop.restart();
    expect(laptop.keeper.account).toEqual(account);
    await eve.take([...ada.wrote, ...laptop.wrote]);
    expect(await eve.member(laptop.id)).toMatchObject({ account: ada.id });

    ada.keeper.invite('eight words', ada.nowMs - 1);
    expect(await vouch(eve, proofOf(eve))).toBeUndefined();
  });
});

test('whoever is not met for long gets no key any more, unless it is heard of', async () => {
  const [ada, ben, cy] = (await people('Ada', 'Ben', 'Cy')) as [Person, Person, Person];
  await ada.meets(ben, cy);
  const readers = async (): Promise<number> => {
    const { epochs } = await ada.store.load(POOL, ada.id);
    return epochs.find(({ room }) => room === POOL_ROOM)?.devices.length ?? 0;
  };
  await ada.say('all of us');
  expect(await readers()).toBe(3);
  for (const person of [ada, cy]) person.nowMs += 31 * 24 * 3600 * 1000;
  await cy.say('still here');
  await ada.take(cy.wrote);
  await ada.say('two of us');
  expect(await readers()).toBe(2);
});
