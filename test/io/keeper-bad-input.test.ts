// What others bring and should not: each is named, changes nothing, and what comes with it is taken all the same.
import { randomFillSync } from 'node:crypto';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { CHAINS_PER_INTRODUCER_MAX, RANGES_MAX, UNPROVEN_ENTRIES_MAX } from '../../src/io/keeper-take.ts';
import { newEpochKey, seal, wrapKey } from '../../src/keys/epoch.ts';
import { generateDeviceKeys, type DeviceKeys } from '../../src/keys/identity.ts';
import { hashEntry, whisperChain } from '../../src/keys/entry.ts';
import { ENTRY_FIXED_BYTES, ENTRY_HEAD_BYTES, HLC_PER_MS, encodeEntry, encodeHeadStart } from '../../src/wire/entry.ts';
import { encodeClear, encodeContent, type Content } from '../../src/wire/talk.ts';
import { POOL, POOL_ROOM, type Person, START_MS, Scribe, decoded, people, smuggled } from './keeper-world.ts';

const BRINGER = 'f'.repeat(32);
const text = (said: string): Content => {
  return { kind: 'text', text: said, notify: [], important: false, announcement: false };
};

let ada: Person;
let ben: Person;

beforeEach(async () => {
  [ada, ben] = (await people('Ada', 'Ben')) as [Person, Person];
  await ada.meets(ben);
});

const codes = async (entries: readonly Uint8Array[], person = ben): Promise<string[]> =>
  (await person.take(entries, BRINGER)).problems.map(({ code }) => code);

/** With one bit of byte `at` turned. */
function turned(bytes: Uint8Array | undefined, at: number): Uint8Array {
  const copy = Uint8Array.from(bytes ?? []);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

describe('entries', () => {
  test('that are forged are not taken, and the others of their batch are', async () => {
    await ada.say('one');
    await ada.say('two');
    const [profile, epoch, one, two] = await ada.entries();
    const forged = [turned(one, ENTRY_HEAD_BYTES), turned(one, ENTRY_FIXED_BYTES + 20), turned(one, 95)];
    for (const bytes of forged) expect(await codes([bytes])).toEqual(['forged']);
    const batch = [profile, epoch, turned(one, ENTRY_HEAD_BYTES), two].flatMap((each) => each ?? []);
    expect(await codes(batch)).toEqual(['forged']);
    expect(await ben.texts()).toEqual(['two']);
    expect(await codes(one === undefined ? [] : [one])).toEqual([]);
    expect(await ben.texts()).toEqual(['one', 'two']);
  });

  test('that are truncated, lengthened, empty, or noise make no sense', async () => {
    await ada.say('one');
    const bytes = (await ada.entries())[2] ?? new Uint8Array(0);
    const noise = randomFillSync(new Uint8Array(400));
    const broken = [bytes.slice(0, -1), bytes.slice(0, 100), Buffer.concat([bytes, bytes]), new Uint8Array(0), noise];
    expect(await codes(broken)).toEqual(broken.map(() => 'malformed'));
    expect(await codes([new Uint8Array(1024 * 1024)])).toEqual(['malformed']);
  });

  test('that come again are passed over', async () => {
    await ada.say('one');
    const entries = await ada.entries();
    await ben.take([...entries, ...entries]);
    const { entries: fresh, chains, problems, messages } = await ben.take(entries);
    expect({ fresh, chains, problems, messages }).toEqual({ fresh: [], chains: [], problems: [], messages: [] });
    expect(await ben.texts()).toEqual(['one']);
  });

  test('of a year ahead are not taken, and time here stays what it was', async () => {
    await ada.say('now');
    const scribe = new Scribe(ada.keys, POOL_ROOM, decoded((await ada.entries()).at(-1)));
    const year = 365 * 24 * 3600 * 1000;
    const later = await scribe.bytes('leave', new Uint8Array(0), { created: (START_MS + year) * HLC_PER_MS });
    await ben.take(await ada.entries());
    expect(await codes([later])).toEqual(['future']);
    await ben.say('still now');
    expect(decoded((await ben.entries(ben.id)).at(-1)).created).toBeLessThan((START_MS + 60_000) * HLC_PER_MS);
  });

  test('that go back in time are not taken', async () => {
    await ada.say('one');
    const last = decoded((await ada.entries()).at(-1));
    await ben.take(await ada.entries());
    const back = new Scribe(ada.keys, POOL_ROOM, last);
    expect(await codes([await back.bytes('leave', new Uint8Array(0), { created: last.created })])).toEqual(['broken']);
    expect(await ben.member(ada.id)).toMatchObject({ out: false });
  });

  test('two of one number freeze their chain, and both are kept', async () => {
    await ada.say('one');
    const entries = await ada.entries();
    const before = decoded(entries.at(-2));
    const other = await new Scribe(ada.keys, POOL_ROOM, before).bytes('leave', new Uint8Array(0));
    await ben.take(entries);
    const forked = await ben.take([other], BRINGER);
    expect(forked.problems).toEqual([{ code: 'fork', author: ada.id, chain: POOL_ROOM, seq: 3 }]);
    expect(forked.chains[0]).toMatchObject({ forked: true, ranges: [{ first: 1, last: 3 }] });
    const proof = { author: ada.id, chain: POOL_ROOM, seq: 3, one: entries[2], other };
    expect(await ben.keeper.proofs()).toEqual([proof]);
    await ada.say('two');
    await ben.restart();
    expect((await ben.take(await ada.entries())).entries).toEqual([]);
    expect(await ben.texts()).toEqual(['one']);
  });

  test('one that follows another than the one that is held is a fork as well, from either side', async () => {
    await ada.say('one');
    const entries = await ada.entries();
    const scribe = new Scribe(ada.keys, POOL_ROOM, decoded(entries.at(-2)));
    const hidden = await scribe.bytes('leave', new Uint8Array(0));
    const after = await scribe.bytes('leave', new Uint8Array(0));
    const [cy] = (await people('Cy')) as [Person];
    await ben.take(entries);
    expect(await codes([after])).toEqual(['fork']);
    await cy.take([...entries.slice(0, 2), after]);
    expect(await codes(entries.slice(2), cy)).toEqual(['fork']);
    expect(await cy.keeper.proofs()).toHaveLength(1);
    const [dee] = (await people('Dee')) as [Person];
    expect(await codes([...entries, hidden], dee)).toEqual(['fork']);
  });

  test('in more pieces than a chain may lie in wait until some are joined', async () => {
    const scribe = new Scribe(ada.keys);
    const all = [await scribe.bytes('profile', Scribe.profile(ada.keys))];
    for (let i = 0; i < 2 * RANGES_MAX + 2; i++) all.push(await scribe.bytes('leave', new Uint8Array(0)));
    for (let i = 0; i < 2 * RANGES_MAX; i += 2) expect(await codes(all.slice(i, i + 1))).toEqual([]);
    expect(await codes(all.slice(2 * RANGES_MAX + 1, 2 * RANGES_MAX + 2))).toEqual(['crowded']);
    const whole = await ben.take(all);
    expect(whole.chains[0]?.ranges).toEqual([{ first: 1, last: all.length }]);
  });

  test('of 10,000 chains that one device brings are taken up to a bound, those of others still', async () => {
    const chains = Array.from({ length: 10_000 }, (_, i) => i.toString(16).padStart(32, '0'));
    const profile = Scribe.profile(ada.keys);
    const made = await Promise.all(chains.map((chain) => new Scribe(ada.keys, chain).bytes('profile', profile)));
    const found: string[] = [];
    for (let at = 0; at < made.length; at += 500) found.push(...(await codes(made.slice(at, at + 500))));
    expect(found).toHaveLength(10_000 - CHAINS_PER_INTRODUCER_MAX);
    expect(new Set(found)).toEqual(new Set(['crowded']));
    await ben.restart();
    expect(await codes(made.slice(-1))).toEqual(['crowded']);
    await ada.say('from me');
    await ben.take(await ada.entries(ada.id), ada.id);
    expect(await ben.texts()).toEqual(['from me']);
  }, 60_000);
});

describe('keys', () => {
  let eve: DeviceKeys;
  let scribe: Scribe;

  beforeEach(async () => {
    eve = await generateDeviceKeys(false);
    scribe = new Scribe(eve);
  });

  /** An epoch of Eve's and a text under it. `wrapFor`: whom the wrap in Ben's name is really for. */
  async function epochAndText(wrapFor: DeviceKeys, room = POOL_ROOM, context = room): Promise<Uint8Array[]> {
    const key = newEpochKey((into) => randomFillSync(into));
    const wrapped = { author: eve.signKey, chain: POOL_ROOM, room: context, number: 1, device: ben.id };
    const sealed = await wrapKey(wrapFor.agreeKey, wrapped, key);
    const wraps = [{ device: ben.id, account: ben.id, sealed }];
    const first = await scribe.write('profile', Scribe.profile(eve));
    const epoch = await scribe.write('epoch', encodeClear({ kind: 'epoch', number: 1, wraps }), { room });
    const last = await scribe.write('leave', new Uint8Array(0));
    const next = new Scribe(eve, POOL_ROOM, last);
    const head = { kind: 'content', author: eve.signKey, chain: POOL_ROOM, room, seq: last.seq + 1 } as const;
    const start = { ...head, prev: hashEntry(last), created: last.created + 1 };
    const body = await seal(key, encodeHeadStart(start), 1, encodeContent(text('hi')), randomFillSync);
    return [...[first, epoch, last].map(encodeEntry), await next.bytes('content', body, { room })];
  }

  test('of small order neither sign nor are agreed with', async () => {
    const small = new Uint8Array(32);
    small[0] = 1;
    const [bytes] = await epochAndText(ben.keys);
    const forged = Uint8Array.from(bytes ?? []);
    forged.set(small, 2);
    expect(await codes([forged])).toEqual(['forged']);
    const agree = await new Scribe(eve).bytes('profile', Scribe.profile(eve, 'Eve', new Uint8Array(32)));
    expect(await codes([agree])).toEqual(['malformed']);
    expect(await ben.member(eve.id)).toBeUndefined();
  });

  test('wrapped for somebody else, or for another room, open nothing', async () => {
    await ben.take(await epochAndText(ada.keys));
    expect(await ben.texts()).toEqual(['sealed']);
    const [cy] = (await people('Cy')) as [Person];
    [ben, scribe] = [cy, new Scribe(eve)];
    await cy.take(await epochAndText(cy.keys, POOL_ROOM, '7'.repeat(32)));
    expect(await cy.texts()).toEqual(['sealed']);
  });

  test('that fit open what they are for', async () => {
    await ben.take(await epochAndText(ben.keys));
    expect(await ben.texts()).toEqual(['hi']);
  });

  test('of somebody whom a zone does not name put nothing into it', async () => {
    const zone = ada.keeper.newZone();
    await ada.write({ kind: 'zone', zone, name: 'Kitchen', accounts: [ben.id] });
    await ada.say('soup', zone);
    await ben.take(await ada.entries());
    await ben.take(await epochAndText(ben.keys, zone));
    expect(await ben.texts(zone)).toEqual(['soup']);
  });

  test('of certificates that do not hold make a profile forged', async () => {
    const account = {
      root: ada.keys.signKey,
      certificates: [{ device: eve.signKey, createdMs: 1, signature: new Uint8Array(64) }],
    };
    const body = { kind: 'profile', name: 'Ada', device: 'browser', agreeKey: eve.agreeKey, account } as const;
    expect(await codes([await scribe.bytes('profile', encodeClear(body))])).toEqual(['forged']);
  });
});

describe('words that are not one’s own', () => {
  test('a retract of somebody else’s message is of an entry of one’s own chain, and changes nothing of theirs', async () => {
    const id = await ada.say('mine');
    await ben.take(await ada.entries());
    await ben.say('first');
    const last = decoded((await ben.entries(ben.id)).at(-1));
    const scribe = new Scribe(ben.keys, POOL_ROOM, last);
    await ada.take([
      ...(await ben.entries(ben.id)),
      await scribe.bytes('retract', encodeClear({ kind: 'retract', seq: 99 })),
    ]);
    expect(await ada.message(id)).toMatchObject({ state: 'here', text: 'mine' });
    expect(await ada.texts()).toEqual(['mine', 'first']);
  });

  test('an edit by a stranger, and a reaction from another room, change nothing', async () => {
    const id = await ada.say('mine');
    await ben.take(await ada.entries());
    await ben.say('first');
    await smuggled(ben, { kind: 'edit', target: id, text: 'yours' });
    const zone = ben.keeper.newZone();
    await ben.write({ kind: 'zone', zone, name: 'Z', accounts: [ada.id] });
    await ben.say('there', zone);
    await smuggled(ben, { kind: 'reaction', target: id, emoji: '👎', removed: false }, zone);
    await ada.take(ben.wrote);
    expect(await ada.message(id)).toMatchObject({ text: 'mine', edited: undefined, reactions: [] });
    expect(await ada.texts(zone)).toEqual(['there']);
  });

  test('an announcement by somebody who is no owner is a message', async () => {
    const id = await ben.say('obey', undefined, { announcement: true });
    await ada.take(ben.wrote);
    expect(await ada.message(id)).toMatchObject({ text: 'obey', announcement: false });
  });

  test('a zone of somebody else’s cannot be founded anew with an older date', async () => {
    const zone = ada.keeper.newZone();
    await ben.say('hello');
    const taken = await smuggled(ben, { kind: 'zone', zone, name: 'Mine', accounts: [ben.id] });
    await ada.write({ kind: 'zone', zone, name: 'Kitchen', accounts: [] });
    await ada.take([...ben.wrote, taken]);
    expect(await ada.room(zone)).toMatchObject({ name: 'Kitchen', founder: ada.id, accounts: [ada.id] });
  });

  test('markup, marks that turn text around and characters without width stay text, and leave names', async () => {
    const said = '<script>alert(1)</script>\u202e\u200b\u0000<img src=x onerror=alert(1)>';
    const id = await ada.say(said);
    const eve = await generateDeviceKeys(false);
    const profile = Scribe.profile(eve, '<b>E\u202ev\u200be</b>\n\u0007');
    await ben.take([...ada.wrote, await new Scribe(eve).bytes('profile', profile)]);
    expect((await ben.message(id))?.text).toBe(said);
    expect((await ben.member(eve.id))?.name).toBe('<b>Eve</b>');
    const blank = Scribe.profile(await generateDeviceKeys(false), '\u200b\u202e');
    expect(await codes([await new Scribe(ada.keys, '4'.repeat(32)).bytes('profile', blank)])).toEqual(['malformed']);
  });

  test('a text of a megabyte is refused here, and makes no sense elsewhere', async () => {
    const long = 'x'.repeat(1024 * 1024);
    const op = { op: 'write', room: POOL_ROOM, draft: text(long), nowMs: ada.nowMs } as const;
    await expect(ada.keeper.perform(op)).resolves.toEqual({ ok: false, code: 'refused' });
    await ada.say('short');
    await smuggled(ada, text('x'.repeat(9000)));
    await ben.take(ada.wrote);
    expect(await ben.texts()).toEqual(['short']);
  });
});

describe('a whisper that has not shown whose it is', () => {
  test('is kept from everybody, shows nothing, and is bounded', async () => {
    const eve = await generateDeviceKeys(false);
    const chain = whisperChain(POOL, [eve.id, ben.id]);
    const scribe = new Scribe(eve, chain);
    const entries = [await scribe.bytes('profile', Scribe.profile(eve))];
    for (let i = 0; i < UNPROVEN_ENTRIES_MAX; i++) entries.push(await scribe.bytes('leave', new Uint8Array(0)));
    const { chains, members } = await ben.take(entries.slice(0, UNPROVEN_ENTRIES_MAX));
    expect(chains).toMatchObject([{ audience: [] }]);
    expect(members).toEqual([]);
    expect(await codes(entries.slice(-1))).toEqual(['astray']);
  });
});
