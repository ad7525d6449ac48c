// What a client does for whoever shows it, whether its pool is in this process or behind a host: one suite for both.
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { PoolClient, PoolClientFace, PoolEvent, PoolStats, TransferView } from '../../src/client.ts';
import { StoreError } from '../../src/io/store.ts';
import { TalkError } from '../../src/io/talk-face.ts';
import { SchemaRegistry, templateSchema } from '../../src/wire/registry.ts';
import { until } from './stage.ts';
import { World } from './world.ts';

const PING = templateSchema(300, 'ping', { count: 'u32' });

/** What breaks the rule that whoever hears an event finds it in the accessors. */
function contradictions(client: PoolClientFace<string>, event: PoolEvent): boolean {
  const { peers, offers, transfers, talk } = client;
  switch (event.kind) {
    case 'joined':
      return talk.self.device !== event.self || talk.rooms.length === 0 || talk.members.length === 0;
    case 'left':
      return peers.length > 0 || isIn(client);
    case 'peer-joined':
    case 'peer-changed':
      return !peers.some(({ id }) => id === event.peer.id);
    case 'peer-left':
      return peers.some(({ id }) => id === event.peer.id);
    case 'offer':
      return offers.find(({ id }) => id === event.offer.id)?.state !== event.offer.state;
    case 'transfer':
      return transfers.find(({ id }) => id === event.transfer.id)?.state !== event.transfer.state;
    case 'room':
      return !talk.rooms.some(({ id, lastCreated }) => id === event.room.id && lastCreated >= event.room.lastCreated);
    case 'member':
      return !talk.members.some(({ device, name }) => device === event.member.device && name === event.member.name);
    default:
      return false;
  }
}

function isIn(client: PoolClientFace<string>): boolean {
  try {
    return client.talk.self.device !== '';
  } catch {
    return false;
  }
}

export function clientSuite(what: string, open: (world: World, name: string) => Promise<PoolClientFace<string>>): void {
  describe(`a client ${what}`, () => {
    let world: World;
    let ada: PoolClientFace<string>;
    let ben: PoolClient<string>;
    const heard: PoolEvent[] = [];
    const wrong: PoolEvent[] = [];
    const pool = 'quiet-heron-cove';

    const file = async (name: string, bytes: number): Promise<string> => {
      const path = join(world.folder, name);
      await writeFile(path, randomBytes(bytes));
      return path;
    };
    const poolRoom = (client: PoolClientFace<string>): string =>
      client.talk.rooms.find(({ kind }) => kind === 'pool')?.id ?? '';
    const linked = (client: PoolClientFace<string>): boolean => client.peers.some(({ path }) => path === 'direct');
    const offered = (client: PoolClientFace<string>, name: string): Promise<string> =>
      until(() => client.offers.find(({ files }) => files[0]?.name === name)?.id);
    const moved = (
      client: PoolClientFace<string>,
      offer: string,
      state: TransferView['state'],
    ): Promise<TransferView> =>
      until(() => client.transfers.find((each) => each.offer === offer && each.state === state));

    beforeAll(async () => {
      world = await World.open();
      [ada, ben] = await Promise.all([open(world, 'Ada'), world.device('Ben')]);
    });
    afterAll(async () => {
      await ada.close();
      await world.close();
    });

    test('shows nothing, and throws on what takes a pool, outside of one', async () => {
      expect([ada.peers, ada.offers, ada.transfers]).toEqual([[], [], []]);
      expect(Math.abs(ada.poolTimeMs - Date.now())).toBeLessThan(1000);
      for (const call of [
        () => ada.talk.self,
        () => ada.talk.rooms,
        () => ada.talk.words('a'),
        () => ada.accept('o'),
      ]) {
        expect(call).toThrow('This device is in no pool: join one first.');
      }
      expect(() => ada.limit({ upBytesPerSecond: 0 })).toThrow(RangeError);
      await expect(ada.say('hello')).rejects.toThrow('This device is in no pool');
      await ada.leave();
    });

    test('joins, and shows who is there before it says so', async () => {
      ada.subscribe((event) => {
        heard.push(event);
        if (contradictions(ada, event)) wrong.push(event);
      });
      await ada.join(pool);
      expect(heard.filter(({ kind }) => kind === 'joined')).toMatchObject([{ pool, peers: [] }]);
      await ben.join(pool);
      await until(() => linked(ada) && linked(ben));
      expect(ada.peers).toEqual([
        expect.objectContaining({ name: 'Ben', device: 'desktop', id: ben.talk.self.device }),
      ]);
      expect(ada.talk.self).toEqual({ device: ben.peers[0]?.id, account: ben.peers[0]?.id });
      await until(() => ada.talk.members.length === 2 && ben.talk.members.length === 2);
      expect(ada.talk.words(ben.talk.self.device)).toEqual(ben.talk.words(ada.talk.self.device));
      expect(ada.talk.words(ben.talk.self.device)).toHaveLength(4);
      expect(Math.abs(ada.poolTimeMs - ben.poolTimeMs)).toBeLessThan(1000);
    });

    test('says, reads, edits, reacts and takes back', async () => {
      const id = await ada.say('the tide is *out*', { important: true });
      await until(() => ben.talk.message(id).then((message) => message?.text === 'the tide is *out*'));
      await ben.talk.react(id, '👍', true);
      await until(() => ada.talk.message(id).then((message) => message?.reactions.length === 1));
      await ada.talk.edit(id, 'the tide is in');
      const [page] = await ada.talk.page(poolRoom(ada), 10);
      expect(page).toMatchObject({ id, text: 'the tide is in', own: true, name: 'Ada', vote: { of: 2 } });
      expect(page?.editedMs).toBeGreaterThan(1e12);
      const second = await ada.say('a second one');
      const older = await ada.talk.page(poolRoom(ada), 10, {
        created: (await ada.talk.message(second))?.created ?? 0,
        id: second,
      });
      expect(older.map((message) => message.id)).toEqual([id]);
      await ada.talk.retract(second);
      await until(() => ben.talk.message(second).then((message) => message?.state === 'retracted'));
      expect(await ada.talk.message('nothing')).toBeUndefined();
      expect((await ben.talk.evidence(id)).evidence.every((each) => each.length > 100)).toBe(true);
      const theirs = await ben.say('mine');
      await until(() => ada.talk.message(theirs).then((message) => message !== undefined));
      const { evidence } = await ada.talk.evidence(theirs);
      expect(evidence).toEqual([expect.any(Uint8Array)]);
      const signed = await ada.signReport({
        nonce: new Uint8Array(32),
        offence: 'spam',
        evidence: evidence[0] ?? new Uint8Array(),
      });
      expect([signed.pool, signed.signKey.length, signed.signature.length]).toEqual([pool, 32, 64]);
    });

    test('whispers in a room that it shows from then on', async () => {
      const room = await ada.talk.whisper([ben.talk.self.account]);
      expect(ada.talk.rooms.find(({ id }) => id === room)).toMatchObject({ kind: 'whisper', unread: 0 });
      await ada.say('psst', { room });
      await until(() => ben.talk.rooms.find(({ id, unread }) => id === room && unread === 1));
      const invitation = await ada.talk.inviteDevice();
      expect(invitation.code).toBe(`link=${pool}/${invitation.words}`);
    });

    test('is told of what others offer, receives it and shows how far it is', async () => {
      const path = await file('from-ben.bin', 400_000);
      await ben.offer([path]);
      const offer = await offered(ada, 'from-ben.bin');
      const from = heard.length;
      ada.accept(offer);
      const { location, end, bytes } = await moved(ada, offer, 'ended');
      expect([end, bytes]).toEqual(['verified', 400_000]);
      expect(await readFile(location ?? '')).toEqual(await readFile(path));
      await moved(ben, ben.offers[0]?.id ?? '', 'ended');
      const told = heard.slice(from).flatMap((event) => (event.kind === 'transfer' ? [event.transfer.state] : []));
      expect(told.at(-1)).toBe('ended');
      expect(told.filter((state) => state === 'ended')).toHaveLength(1);
    });

    test('offers files by their paths, and takes them back', async () => {
      const id = await ada.offer([await file('from-ada.bin', 100_000), await file('second.bin', 10)]);
      expect(ada.offers.find((offer) => offer.id === id)).toMatchObject({ own: true, state: 'open', name: 'Ada' });
      const theirs = await offered(ben, 'from-ada.bin');
      ben.accept(theirs, [ben.offers.find((offer) => offer.id === theirs)?.files[0]?.number ?? -1]);
      expect(await moved(ada, id, 'ended')).toMatchObject({ direction: 'out', peerName: 'Ben', doneBytes: 100_000 });
      const other = await ada.offer([await file('never-taken.bin', 10)]);
      const seen = await offered(ben, 'never-taken.bin');
      await ada.withdraw(other);
      await until(() => ben.offers.find((offer) => offer.id === seen)?.state === 'withdrawn');
      expect(ada.offers.find((offer) => offer.id === other)?.state).toBe('withdrawn');
    });

    test('pauses, goes on, limits and ends what it receives', async () => {
      await ben.offer([await file('slow.bin', 4_000_000)]);
      const offer = await offered(ada, 'slow.bin');
      ada.limit({ downBytesPerSecond: 200_000 });
      ada.accept(offer);
      const { id } = await until(() => ada.transfers.find((each) => each.offer === offer && each.doneBytes > 0));
      ada.pause(id);
      await moved(ada, offer, 'paused');
      ada.resume(id);
      await moved(ada, offer, 'running');
      ada.move(id, 0);
      ada.cancel(id);
      expect(await moved(ada, offer, 'ended')).toMatchObject({ end: 'cancelled' });
      ada.limit({});
      expect(() => ada.limit({ downBytesPerSecond: 0 })).toThrow(RangeError);
    });

    test('is renamed for everyone', async () => {
      await ada.rename('Ada L.');
      await until(() => ben.peers.find(({ name }) => name === 'Ada L.'));
      await until(() => ada.talk.members.find(({ own, name }) => own && name === 'Ada L.'));
    });

    test('tells its statistics only while somebody listens', async () => {
      const told: PoolStats[] = [];
      const stop = ada.stats((stats) => told.push(stats));
      const [first] = await until(() => (told.length >= 2 ? told : undefined));
      expect(first?.links).toMatchObject([{ peer: ben.talk.self.device, path: 'direct' }]);
      expect(first?.links[0]?.total.rttHistogram).toHaveLength(
        first?.boundsMs.length === undefined ? -1 : first.boundsMs.length + 1,
      );
      stop();
      await ada.rename('Ada'); // whatever was under way has come when this has
      const { length } = told;
      expect(told).toHaveLength(length);
    });

    test('reads what is kept, and out, piece by piece', async () => {
      expect(await ada.talkHistory.pools()).toMatchObject([{ pool, left: false }]);
      expect(await ada.talkHistory.search('tide', 10)).toMatchObject([{ pool, message: { text: 'the tide is in' } }]);
      expect(await ada.talkHistory.search('tide', 10, undefined, 1)).toEqual([]);
      const pieces: string[] = [];
      for await (const piece of ada.talkHistory.export(pool, 'json')) pieces.push(piece);
      expect(JSON.parse(pieces.join(''))).toContainEqual(expect.objectContaining({ text: 'the tide is in' }));
      for await (const piece of ada.talkHistory.export(pool, 'markdown')) {
        expect(piece).toContain(pool);
        break;
      }
    });

    test('samples and surfaces control streams, and updates', async () => {
      const atAda: number[] = [];
      const atBen: number[] = [];
      const updates: number[] = [];
      let count = 0;
      const options = { stream: 7, up: PING, down: PING, hz: 50, deadlineMs: 2000 } as const;
      const sampled = (): { count: number } => ({ count: count++ });
      const ours = ada.control({ ...options, source: sampled, onFrame: (_peer, frame) => atAda.push(frame.count) });
      const theirs = ben.control({
        ...options,
        source: () => ({ count: 9 }),
        onFrame: (_peer, frame) => atBen.push(frame.count),
        onUpdate: (_peer, frame) => updates.push(frame.count),
      });
      expect(() => ada.control(options)).toThrow('stream: expected one that is not open, got 7');
      expect(() => ada.control({ ...options, stream: 8, hz: 0 })).toThrow(RangeError);
      ours.update({ count: 42 });
      await until(() => atBen.length > 5 && atAda.length > 5 && updates.includes(42));
      expect(atAda.every((each) => each === 9)).toBe(true);
      expect(new Set(atBen).size).toBeGreaterThan(5);
      await until(() => (ours.stats?.received.surfaced ?? 0) > 5);
      ours.stop();
      theirs.stop();
    });

    test('sends datagrams of its own and takes those of others', async () => {
      const told: [string, number][] = [];
      const make = (client: PoolClientFace<string>): ReturnType<typeof client.datagrams> =>
        client.datagrams(new SchemaRegistry().add(PING), (peer, { value }) => told.push([peer, value.count]));
      const ours = make(ada);
      const theirs = make(ben);
      await until(() => {
        // One may be lost, and who listens may only just do so.
        expect(ours.send(PING, { count: 1 }, { deadlineMs: 1000 })).toBe('ok');
        theirs.send(PING, { count: 2 }, { deadlineMs: 1000 });
        return told.some(([, count]) => count === 1) && told.some(([, count]) => count === 2);
      });
      expect(told).toContainEqual([ada.talk.self.device, 1]);
      expect(told).toContainEqual([ben.talk.self.device, 2]);
      expect(ours.send(PING, { count: 3 }, { deadlineMs: 1000, to: 'f'.repeat(32) })).toBe('dropped');
      expect(() => ours.send(PING, { count: -1 }, { deadlineMs: 1000 })).toThrow();
      ours.stop();
      theirs.stop();
    });

    test('says why something cannot be done, with the code that programs go by', async () => {
      await expect(ada.rename(' ')).rejects.toThrow(RangeError);
      await expect(ada.say('')).rejects.toThrow(new RangeError('text: expected 1 to 8192 characters, got 0'));
      await expect(ada.offer([])).rejects.toThrow(RangeError);
      const unreadable = await ada.offer([join(world.folder, 'not-there')]).catch((error: unknown) => error);
      expect(unreadable).toBeInstanceOf(StoreError);
      expect(unreadable).toMatchObject({ code: 'unreadable', name: 'StoreError' });
      const refused = await ada.talk.edit('nothing', 'x').catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(TalkError);
      expect(refused).toMatchObject({ code: 'refused', message: 'There is no such message here.' });
    });

    test('leaves, and keeps what it has shown', async () => {
      const { length } = ada.transfers;
      await ben.leave();
      await until(() => heard.some(({ kind }) => kind === 'peer-left') && ada.peers.length === 0);
      await ada.leave();
      expect(heard.findLast(({ kind }) => kind === 'left')).toMatchObject({ pool, reason: 'left' });
      expect([ada.peers, isIn(ada), ada.transfers.length]).toEqual([[], false, length]);
      expect(wrong).toEqual([]);
    });

    test('begins with nothing in the next pool, and is gone from there once it is closed', async () => {
      await Promise.all([ada.join('other-heron-cove'), ben.join('other-heron-cove')]);
      expect([ada.offers, ada.transfers]).toEqual([[], []]);
      await until(() => linked(ada) && linked(ben));
      const said = ada.say('last words');
      await said;
      await ada.close();
      await until(() => ben.peers.length === 0);
      const [last] = await ben.talk.page(poolRoom(ben), 1);
      expect(last?.text).toBe('last words');
    });
  });
}
