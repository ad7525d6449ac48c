// One keeper and its neighbours: what is written reaches others as it was meant, and what happens to it afterwards.
import { describe, expect, test } from '@jest/globals';
import { EPOCH_MS } from '../../src/io/keeper-write.ts';
import { StoreError } from '../../src/io/store.ts';
import { POOL, POOL_ROOM, type Person, decoded, people } from './keeper-world.ts';

const kindsOf = (entries: readonly Uint8Array[]): string[] => entries.map((bytes) => decoded(bytes).kind);

describe('what is written', () => {
  test('opens the chain with who writes and a key, then goes on without either', async () => {
    const [ada] = await people('Ada');
    await ada?.say('one');
    await ada?.say('two');
    expect(kindsOf((await ada?.entries()) ?? [])).toEqual(['profile', 'epoch', 'content', 'content']);
  });

  test('is read by whom its writer has met, and by nobody else', async () => {
    const [ada, ben, eve] = (await people('Ada', 'Ben', 'Eve')) as [Person, Person, Person];
    await ada.meets(ben);
    await ada.say('the heron sleeps');
    const entries = await ada.entries();
    await ben.take(entries);
    await eve.take(entries);
    expect(await ben.texts()).toEqual(['the heron sleeps']);
    expect(await eve.texts()).toEqual(['sealed']);
    expect(Buffer.concat(entries).includes('heron')).toBe(false);
    expect(await ben.member(ada.id)).toMatchObject({ name: 'Ada', kind: 'browser', account: ada.id });
  });

  test('gets a new key once somebody else may read, somebody may not any more, or an hour has passed', async () => {
    const [ada, ben] = (await people('Ada', 'Ben')) as [Person, Person];
    const epochs = async (): Promise<number> => kindsOf(await ada.entries()).filter((kind) => kind === 'epoch').length;
    await ada.say('alone');
    await ada.meets(ben);
    await ada.say('for two');
    await ada.say('again');
    expect(await epochs()).toBe(2);
    await ada.perform({ op: 'mark', device: ben.id, out: true });
    const hidden = await ada.say('alone again');
    expect(await epochs()).toBe(3);
    ada.nowMs += EPOCH_MS;
    await ada.say('later');
    expect(await epochs()).toBe(4);
    ben.nowMs = ada.nowMs;
    await ben.take(await ada.entries());
    expect(await ben.texts()).toEqual(['sealed', 'for two', 'again', 'sealed', 'sealed']);
    expect(await ben.message(hidden)).toMatchObject({ state: 'sealed', text: '' });
  });

  test('has times that grow, whatever the clock does, and go on after a restart', async () => {
    const [ada] = (await people('Ada')) as [Person];
    const created: number[] = [];
    for (const nowMs of [5000, 5000, 3000]) {
      const draft = { kind: 'text', text: 'x', notify: [], important: false, announcement: false } as const;
      const { entries } = await ada.perform({ op: 'write', room: POOL_ROOM, draft, nowMs });
      created.push(...entries.map((entry) => entry.created));
      await ada.restart();
    }
    expect(created).toEqual([...new Set(created)].sort((a, b) => a - b));
    expect(kindsOf(await ada.entries())).toEqual(['profile', 'epoch', 'content', 'content', 'content']);
  });

  test('is on disk before it is returned, and where the disk fails nothing is', async () => {
    const [ada] = (await people('Ada')) as [Person];
    const commit = ada.store.commit.bind(ada.store);
    ada.store.commit = () => Promise.reject(new StoreError('no-space', 'full'));
    const draft = { kind: 'text', text: 'x', notify: [], important: false, announcement: false } as const;
    const op = { op: 'write', room: POOL_ROOM, draft, nowMs: ada.nowMs } as const;
    await expect(ada.keeper.perform(op)).resolves.toEqual({ ok: false, code: 'store-failed' });
    ada.store.commit = commit;
    expect(await ada.entries()).toEqual([]);
    await expect(ada.keeper.perform(op)).resolves.toMatchObject({ ok: true });
    expect(kindsOf(await ada.entries())).toEqual(['profile', 'epoch', 'content']);
  });

  test('is done in the order of the calls', async () => {
    const [ada] = (await people('Ada')) as [Person];
    await Promise.all(['a', 'b', 'c', 'd'].map((text) => ada.say(text)));
    expect(await ada.texts()).toEqual(['a', 'b', 'c', 'd']);
  });

  test('is refused where there is no such room or message, or it is not its writer’s to do', async () => {
    const [ada, ben] = (await people('Ada', 'Ben')) as [Person, Person];
    await ada.meets(ben);
    const id = await ben.say('mine');
    await ada.take(await ben.entries());
    const text = { kind: 'text', text: 'x', notify: [], important: false, announcement: false } as const;
    const absent = `${ada.id}/${POOL_ROOM}/99`;
    const drafts = [
      [{ ...text, text: '' }, POOL_ROOM],
      [text, '9'.repeat(32)],
      [{ kind: 'edit', target: id, text: 'yours' }, POOL_ROOM],
      [{ kind: 'retract', target: id }, POOL_ROOM],
      [{ kind: 'vote', target: absent }, POOL_ROOM],
      [{ kind: 'reaction', target: absent, emoji: '🐟', removed: false }, POOL_ROOM],
      [{ kind: 'reaction', target: id, emoji: 'fish', removed: false }, POOL_ROOM],
      [{ kind: 'zone', zone: '3'.repeat(32), name: 'Z', accounts: [] }, POOL_ROOM],
      [{ kind: 'revoke', device: ben.id }, POOL_ROOM],
    ] as const;
    const before = await ada.entries(ada.id);
    for (const [draft, room] of drafts) {
      const op = { op: 'write', room, draft, nowMs: ada.nowMs } as const;
      await expect(ada.keeper.perform(op)).resolves.toEqual({ ok: false, code: 'refused' });
    }
    expect(await ada.entries(ada.id)).toEqual(before);
  });

  test('of a listener is refused in the pool’s own room, but for taking back what it said before, and goes on in a whisper', async () => {
    const [ada, ben] = (await people('Ada', 'Ben')) as [Person, Person];
    await ada.meets(ben);
    const id = await ada.say('before');
    await ada.metAs(ada, 'listener');
    const text = { kind: 'text', text: 'x', notify: [], important: false, announcement: false } as const;
    const drafts = [
      text,
      { kind: 'edit', target: id, text: 'x' },
      { kind: 'reaction', target: id, emoji: '🐟', removed: false },
    ] as const;
    for (const draft of drafts) {
      const op = { op: 'write', room: POOL_ROOM, draft, nowMs: ada.nowMs } as const;
      await expect(ada.keeper.perform(op)).resolves.toEqual({ ok: false, code: 'refused' });
    }
    await ada.write({ kind: 'retract', target: id });
    await ada.say('between us', ada.keeper.whisper([ben.id]));
  });

  test('tells a new name, and ends with leaving', async () => {
    const [ada, ben] = (await people('Ada', 'Ben')) as [Person, Person];
    await ada.meets(ben);
    await ada.say('hello');
    ada.keeper.rename('Ada B.');
    await ada.write({ kind: 'profile' });
    await ada.write({ kind: 'leave' });
    await ben.take(await ada.entries());
    expect(await ben.member(ada.id)).toMatchObject({ name: 'Ada B.', out: true });
    expect((await ada.store.pools())[0]).toMatchObject({ pool: POOL, left: true });
    const draft = { kind: 'text', text: 'x', notify: [], important: false, announcement: false } as const;
    const op = { op: 'write', room: POOL_ROOM, draft, nowMs: ada.nowMs } as const;
    await expect(ada.keeper.perform(op)).resolves.toEqual({ ok: false, code: 'refused' });
  });
});

describe('a message', () => {
  test('is edited, reacted to, voted on and taken back', async () => {
    const [ada, ben] = (await people('Ada', 'Ben')) as [Person, Person];
    await ada.meets(ben);
    const id = await ada.say('a hreon', undefined, { important: true });
    await ada.write({ kind: 'edit', target: id, text: 'a heron' });
    await ben.take(await ada.entries());
    await ben.write({ kind: 'reaction', target: id, emoji: '🐟', removed: false });
    await ben.write({ kind: 'reaction', target: id, emoji: '👍', removed: false });
    await ben.write({ kind: 'reaction', target: id, emoji: '🐟', removed: true });
    await ben.write({ kind: 'vote', target: id });
    await ben.perform({ op: 'save', message: id, on: true });
    expect(await ben.message(id)).toMatchObject({
      text: 'a heron',
      reactions: [{ emoji: '👍', device: ben.id }],
      votes: [ben.id],
      electorate: [ada.id, ben.id].sort(),
      saved: true,
    });

    const { entries } = await ada.write({ kind: 'retract', target: id });
    expect(entries.map(({ kind }) => kind)).toEqual(['retract', 'retract']);
    await ben.take(entries.map(({ bytes }) => bytes));
    for (const person of [ada, ben]) {
      const message = await person.message(id);
      expect(message).toMatchObject({ state: 'retracted', text: '', edited: undefined, reactions: [], votes: [] });
      expect(message?.retractSeq).toBe(entries.at(-1)?.seq);
      const bodies = (await person.entries(ada.id)).map((bytes) => decoded(bytes));
      expect(bodies.filter(({ kind, body }) => kind === 'content' && body !== undefined)).toEqual([]);
    }
    expect((await ben.message(id))?.saved).toBe(true);
  });

  test('that was taken back is given on without its body, and taken so only by whom the retract is known', async () => {
    const [ada, ben, cy] = (await people('Ada', 'Ben', 'Cy')) as [Person, Person, Person];
    await ada.meets(ben);
    const id = await ada.say('oops');
    const whole = await ada.entries();
    await ada.write({ kind: 'retract', target: id });
    const after = await ada.entries();
    const bare = after.filter((bytes) => decoded(bytes).body === undefined);
    expect(bare).toHaveLength(1);
    const early = await cy.take(bare);
    expect(early).toMatchObject({ entries: [], problems: [] });
    await cy.take(after.filter((bytes) => !bare.includes(bytes)));
    const late = await cy.take(bare);
    expect(late.entries).toHaveLength(1);
    expect(late.chains[0]?.ranges).toEqual([{ first: 1, last: 4 }]);
    await ben.take(bare);
    await ben.take(whole);
    expect(await ben.texts()).toEqual(['oops']);
  });

  test('counts as unread until it is read, its own writer’s and what was taken back never', async () => {
    const [ada, ben] = (await people('Ada', 'Ben')) as [Person, Person];
    await ada.meets(ben);
    const first = await ada.say('one');
    const second = await ada.say('two');
    await ada.say('three');
    await ben.take(await ada.entries());
    await ben.say('mine');
    expect(await ben.room()).toMatchObject({ unread: 3 });
    expect((await ada.room())?.unread).toBe(0);
    await ada.write({ kind: 'retract', target: second });
    await ben.take(await ada.entries());
    expect(await ben.room()).toMatchObject({ unread: 2 });
    expect((await ben.store.pools())[0]?.unread).toBe(2);
    const created = (await ben.message(first))?.created ?? 0;
    await ben.perform({ op: 'read', room: POOL_ROOM, created });
    expect(await ben.room()).toMatchObject({ unread: 1, readTo: created });
    await ben.perform({ op: 'read', room: POOL_ROOM, created: created - 5 });
    expect(await ben.room()).toMatchObject({ unread: 1, readTo: created });
  });
});

describe('whispers and zones', () => {
  test('a whisper is taken by those in it, and astray everywhere else', async () => {
    const [ada, ben, eve] = (await people('Ada', 'Ben', 'Eve')) as [Person, Person, Person];
    await ada.meets(ben, eve);
    const room = ada.keeper.whisper([ben.id]);
    expect(ben.keeper.whisper([ada.id])).toBe(room);
    await ada.say('psst', room);
    await ben.take(await ada.entries());
    expect(await ben.texts(room)).toEqual(['psst']);
    expect(await ben.room(room)).toMatchObject({ kind: 'whisper', accounts: [ada.id, ben.id].sort(), unread: 1 });
    await ben.say('psst yourself', room);
    await ada.take(await ben.entries());
    expect(await ada.texts(room)).toEqual(['psst', 'psst yourself']);
    const { entries, problems } = await eve.take(await ada.entries());
    expect(entries).toEqual([]);
    expect(new Set(problems.map(({ code }) => code))).toEqual(new Set(['astray']));
    expect((await ada.store.load(POOL, ada.id)).chains.map(({ audience }) => audience)).toEqual([
      [ada.id, ben.id].sort(),
      [ada.id, ben.id].sort(),
    ]);
  });

  test('a whisper with somebody of whom no device is known is refused', async () => {
    const [ada] = (await people('Ada')) as [Person];
    const room = ada.keeper.whisper(['5'.repeat(32)]);
    const draft = { kind: 'text', text: 'x', notify: [], important: false, announcement: false } as const;
    const op = { op: 'write', room, draft, nowMs: ada.nowMs } as const;
    await expect(ada.keeper.perform(op)).resolves.toEqual({ ok: false, code: 'refused' });
  });

  test('a zone is read by whom it names, and only its founder changes it', async () => {
    const [ada, ben, eve] = (await people('Ada', 'Ben', 'Eve')) as [Person, Person, Person];
    await ada.meets(ben, eve);
    await ben.meets(eve);
    const zone = ada.keeper.newZone();
    await ada.write({ kind: 'zone', zone, name: 'Kitchen', accounts: [ben.id] });
    await ada.say('soup', zone);
    for (const person of [ben, eve]) await person.take(await ada.entries());
    expect(await ben.texts(zone)).toEqual(['soup']);
    expect(await eve.texts(zone)).toEqual(['sealed']);
    expect(await eve.room(zone)).toMatchObject({ name: 'Kitchen', founder: ada.id, accounts: [ada.id, ben.id].sort() });

    const draft = { kind: 'zone', zone, name: 'Mine', accounts: [eve.id] } as const;
    const op = { op: 'write', room: POOL_ROOM, draft, nowMs: eve.nowMs } as const;
    await expect(eve.keeper.perform(op)).resolves.toEqual({ ok: false, code: 'refused' });

    await ada.write({ kind: 'zone', zone, name: 'Cellar', accounts: [eve.id] });
    const wine = await ada.say('wine', zone);
    for (const person of [ben, eve]) await person.take(await ada.entries());
    expect(await eve.message(wine)).toMatchObject({ state: 'here', text: 'wine' });
    expect(await ben.message(wine)).toMatchObject({ state: 'sealed' });
    expect(await ben.room(zone)).toMatchObject({ name: 'Cellar', accounts: [ada.id, eve.id].sort() });
  });
});

describe('members', () => {
  test('an announcement counts once its author is known as an owner', async () => {
    const [ada, ben] = (await people('Ada', 'Ben')) as [Person, Person];
    await ada.meets(ben);
    const id = await ada.say('pool closes at six', undefined, { announcement: true });
    await ben.take(await ada.entries());
    expect(await ben.message(id)).toMatchObject({ text: 'pool closes at six', announcement: false });
    await ben.metAs(ada, 'owner');
    expect(await ben.message(id)).toMatchObject({ announcement: true });
  });

  test.each(['Ada', 'ada', 'A\u200dda', 'Ａda'])(
    'who bears the name of somebody who was met before is marked: %j',
    async (name) => {
      const [ada, ben, twin] = (await people('Ada', 'Ben', name)) as [Person, Person, Person];
      await ben.meets(ada);
      ben.nowMs += 1000;
      await twin.say('it is me');
      await ben.take(await twin.entries());
      expect(await ben.member(twin.id)).toMatchObject({ name, doubleOf: ada.id });
      expect((await ben.member(ada.id))?.doubleOf).toBeUndefined();
      await ben.meets(twin);
      expect(await ben.member(twin.id)).toMatchObject({ doubleOf: ada.id });
    },
  );
});
