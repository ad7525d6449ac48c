// What a link must do, whatever carries it: the real Link machine at both ends, over any pair of transports. A test file
// brings the pairing; `first` is the initiator. What needs a hand-made clock or a look inside is in test/link.
import { afterEach, describe, expect, test } from '@jest/globals';
import type { SendResult } from '../../src/link/link.ts';
import { PROTOCOL_VERSION } from '../../src/wire/codes.ts';
import { CHUNK_BYTES } from './link-payloads.ts';
import type { InjectedKind, LinkProbe, LinkProbeSetup, LinkSightings } from './link-probe.ts';
import type { End } from './places.ts';

export type LinkEnd = End<LinkProbe>;

export interface LinkEnds {
  readonly first: LinkEnd;
  readonly second: LinkEnd;
}
type Which = keyof LinkEnds;

/** Longest anything small may take, ms; a test that waits so long has failed. */
const WAIT_MS = 10_000;
const EXCHANGE_MS = 30_000;
const TEST_MS = 45_000;
/** What is repeated because a datagram may be lost is repeated this often, ms. */
const REPEAT_MS = 200;
const REPEATS_MAX = 25;
/** Long enough for anything that comes too often or too late to show, ms. */
const AFTERMATH_MS = 200;

/** Fast enough to wait for. */
const LIVELY = { heartbeatMs: 200, idleMs: 600, lateTickMs: 100 };
/** So slow that only what a test sends is ever said. */
const SILENT = { heartbeatMs: 30_000, idleMs: 60_000 };
/** Every twentieth datagram, on top of what the path itself loses. */
const DROP_RATIO = 0.05;

const STRANGE = 0xdead_beef_0000n;
const BOTH: readonly Which[] = ['first', 'second'];
const KINDS: readonly InjectedKind[] = ['connect', 'accepted', 'heartbeat', 'data'];

const other = (which: Which): Which => (which === 'first' ? 'second' : 'first');
const hex = (session: bigint): string => `0x${session.toString(16)}`;
const times = (count: number, result: SendResult): SendResult[] => new Array<SendResult>(count).fill(result);

const seen = (end: LinkEnd): Promise<LinkSightings> => end.run((probe) => probe.sightings(), null);
const pass = (end: LinkEnd, ms: number): Promise<boolean> => end.run((probe, each) => probe.pass(each), ms);
const isOpen = (end: LinkEnd, timesOpened = 1): Promise<boolean> =>
  end.run((probe, [count, ms]) => probe.until(() => probe.state === 'open' && probe.opened === count, ms), [
    timesOpened,
    WAIT_MS,
  ] as const);
const isClosed = (end: LinkEnd, ms = WAIT_MS): Promise<boolean> =>
  end.run((probe, limitMs) => probe.until(() => probe.state === 'closed', limitMs), ms);
const hasMessages = (end: LinkEnd, count: number): Promise<boolean> =>
  end.run((probe, [wanted, ms]) => probe.until(() => probe.sightings().messages === wanted, ms), [
    count,
    WAIT_MS,
  ] as const);
const hasChunks = (end: LinkEnd, count: number): Promise<boolean> =>
  end.run((probe, [wanted, ms]) => probe.until(() => probe.chunks === wanted, ms), [count, WAIT_MS] as const);
const hasRoom = (end: LinkEnd): Promise<boolean> =>
  end.run((probe, ms) => probe.until(() => probe.sightings().rooms.length > 0, ms), WAIT_MS);

/** Tries it in both directions at once, each over a pair of its own: for what takes long because it waits. */
const eitherWay = (attempt: (which: Which) => Promise<void>): Promise<void[]> => Promise.all(BOTH.map(attempt));

/** Does it again and again, as a datagram may be lost, until `done`. */
async function insist(act: () => Promise<unknown>, done: (ms: number) => Promise<boolean>): Promise<boolean> {
  for (let round = 0; round < REPEATS_MAX; round += 1) {
    await act();
    if (await done(REPEAT_MS)) return true;
  }
  return false;
}

/** `pairing` opens a fresh pair of ends; asked in each test, as a browser is there only once `beforeAll` has run. */
export function linkSuite(title: string, pairing: () => Promise<LinkEnds>): void {
  describe(title, () => {
    let opened: LinkEnds[] = [];

    afterEach(async () => {
      for (const { first, second } of opened)
        for (const end of [first, second]) await end.run((probe) => probe.stop(), null);
      opened = [];
    });

    async function started(first: LinkProbeSetup, second: LinkProbeSetup = first): Promise<LinkEnds> {
      const ends = await pairing();
      opened.push(ends);
      for (const [source, target] of [
        [ends.first, ends.second],
        [ends.second, ends.first],
      ] as const) {
        source.onSignal((signal) => void target.signal(signal));
      }
      await ends.second.run((probe, setup) => probe.start(setup), second);
      await ends.first.run((probe, setup) => probe.start(setup), first);
      return ends;
    }

    async function connected(first: LinkProbeSetup = {}, second: LinkProbeSetup = first): Promise<LinkEnds> {
      const ends = await started(first, second);
      expect(await Promise.all([isOpen(ends.first), isOpen(ends.second)])).toEqual([true, true]);
      return ends;
    }

    /** Sets both ends going with what `exchanged` waits for. */
    async function exchange(ends: LinkEnds, messages: number, chunks: number): Promise<void> {
      const both = [ends.first, ends.second];
      await Promise.all(both.map((end) => end.run((probe, count) => probe.expectMessages(count), messages)));
      const load = [messages, chunks] as const;
      await Promise.all(both.map((end) => end.run((probe, [each, of]) => probe.exchange(each, of), load)));
    }

    /** Both ends run at once until everything has come; then waits for what should not come. */
    async function exchanged(ends: LinkEnds): Promise<void> {
      const whole = (end: LinkEnd): Promise<boolean> =>
        end.run((probe, ms) => probe.until(() => probe.exchanged, ms), EXCHANGE_MS);
      const results = await Promise.all([whole(ends.first), whole(ends.second)]);
      await pass(ends.first, AFTERMATH_MS);
      for (const end of [ends.first, ends.second]) {
        expect(await seen(end)).toMatchObject({ missing: 0, strange: 0, state: 'open', closed: null });
      }
      expect(results).toEqual([true, true]);
    }

    test(
      'shakes hands: connect, then accepted with one session id for both ends, then heartbeats',
      async () => {
        const { first, second } = await connected({ link: LIVELY });
        const sessions = [(await seen(first)).session, (await seen(second)).session];
        expect(sessions[0]).toMatch(/^0x[1-9a-f][\da-f]{0,15}$/);
        expect(sessions[1]).toBe(sessions[0]);
        for (const end of [first, second]) {
          const heartbeat = end.run(
            (probe, ms) => probe.until(() => (probe.sightings().heard['heartbeat'] ?? 0) > 0, ms),
            WAIT_MS,
          );
          expect(await heartbeat).toBe(true);
          expect(await seen(end)).toMatchObject({ opens: [false], resets: 0, session: sessions[0] });
        }
        expect((await seen(first)).heard['accepted']).toBeGreaterThan(0);
        expect((await seen(first)).heard['connect']).toBeUndefined();
        expect((await seen(second)).heard['connect']).toBeGreaterThan(0);
        expect((await seen(second)).heard['accepted']).toBeUndefined();
      },
      TEST_MS,
    );

    test.each(BOTH)(
      'the %s answers a datagram of an unknown session with disconnect, whatever its kind, and keeps its own session',
      async (which) => {
        const ends = await connected({ link: SILENT });
        const [asked, asking] = [ends[which], ends[other(which)]];
        const { session } = await seen(asked);
        for (const [index, kind] of KINDS.entries()) {
          const strange = hex(STRANGE + BigInt(index));
          const answered = await insist(
            () => asking.run((probe, [each, of]) => probe.inject(each, of), [kind, strange] as const),
            (ms) =>
              asking.run((probe, [of, limitMs]) => probe.until(() => probe.wasToldUnknown(of), limitMs), [
                strange,
                ms,
              ] as const),
          );
          expect([kind, answered]).toEqual([kind, true]);
        }
        for (const end of [asked, asking]) {
          expect(await seen(end)).toMatchObject({ state: 'open', session, opens: [false], resets: 0, closed: null });
        }
      },
      TEST_MS,
    );

    test.each(BOTH)(
      'the %s does not answer a disconnect of an unknown session, or two ends could go on for ever',
      async (which) => {
        const ends = await connected({ link: SILENT });
        const strange = hex(STRANGE);
        for (let round = 0; round < 3; round += 1) {
          await ends[other(which)].run((probe, of) => probe.inject('disconnect', of), strange);
        }
        await pass(ends[other(which)], AFTERMATH_MS);
        expect(await ends[which].run((probe) => probe.sightings().heard['disconnect'], null)).toBeGreaterThan(0);
        expect(await ends[other(which)].run((probe, of) => probe.wasToldUnknown(of), strange)).toBe(false);
        for (const end of [ends.first, ends.second])
          expect(await seen(end)).toMatchObject({ state: 'open', resets: 0 });
      },
      TEST_MS,
    );

    test(
      'an initiator whose session the other end forgot learns it from a datagram of any kind, and reconnects anew',
      async () => {
        const { first, second } = await connected({ link: SILENT });
        for (const [index, kind] of KINDS.entries()) {
          const { session } = await seen(first);
          await second.run((probe) => probe.restart(), null);
          const again = await insist(
            () => first.run((probe, [each, of]) => probe.inject(each, of), [kind, session] as const),
            (ms) =>
              first.run((probe, [count, limitMs]) => probe.until(() => probe.opened === count, limitMs), [
                index + 2,
                ms,
              ] as const),
          );
          expect([kind, again]).toEqual([kind, true]);
          expect(await isOpen(second)).toBe(true);
          const now = await seen(first);
          expect(now).toMatchObject({ state: 'open', resets: index + 1 });
          expect(now.opens.at(-1)).toBe(false);
          expect(now.session).not.toBe(session);
          expect((await seen(second)).session).toBe(now.session);
        }
      },
      TEST_MS,
    );

    test(
      'an initiator that forgot the session connects anew, and the other end begins anew with it',
      async () => {
        const { first, second } = await connected({ link: SILENT });
        const { session } = await seen(first);
        // The acceptor has to know that its session was alive: otherwise it goes on with it, rightly.
        await first.run((probe) => probe.sendMessages(1, 10), null);
        expect(await hasMessages(second, 1)).toBe(true);
        await first.run((probe) => probe.restart(), null);
        expect(await isOpen(first)).toBe(true);
        expect(await isOpen(second, 2)).toBe(true);
        const now = await seen(second);
        expect(now).toMatchObject({ resets: 1, opens: [false, false] });
        expect(now.session).not.toBe(session);
        expect((await seen(first)).session).toBe(now.session);
      },
      TEST_MS,
    );

    test(
      'lives on heartbeats alone while nobody sends anything, driven by timeouts',
      async () => {
        const { first, second } = await connected({ link: LIVELY });
        const quietMs = 2 * LIVELY.idleMs;
        await Promise.all([pass(first, quietMs), pass(second, quietMs)]);
        for (const end of [first, second]) {
          const { heard, ...rest } = await seen(end);
          expect(rest).toMatchObject({ state: 'open', opens: [false], lostAfterMs: [], resets: 0, closed: null });
          expect(heard['data']).toBeUndefined();
          // Half of what is due, for a busy machine.
          expect(heard['heartbeat']).toBeGreaterThanOrEqual(quietMs / LIVELY.heartbeatMs / 2);
        }
      },
      TEST_MS,
    );

    test(
      'says lost when the other end, dead with its transport still open, was silent for idleMs',
      async () => {
        await eitherWay(async (which) => {
          const ends = await connected({ link: LIVELY });
          const survivor = ends[other(which)];
          await ends[which].run((probe) => probe.sleep(), null);
          const lost = survivor.run(
            (probe, ms) => probe.until(() => probe.sightings().lostAfterMs.length > 0, ms),
            LIVELY.idleMs + 2000,
          );
          expect(await lost).toBe(true);
          const { lostAfterMs, ...rest } = await seen(survivor);
          expect(rest).toMatchObject({ state: 'detached', resets: 0, closed: null });
          expect(lostAfterMs).toHaveLength(1);
          expect(lostAfterMs[0]).toBeGreaterThanOrEqual(LIVELY.idleMs);
        });
      },
      TEST_MS,
    );

    test.each(BOTH)(
      'the mark of messages to send: the %s is told blocked past it, room at half of it, and loses nothing',
      async (which) => {
        const marks = { messageSendBytesMax: 100_000, messageBytesMax: 20_000 };
        const ends = await connected({ link: marks });
        const [sender, receiver] = [ends[which], ends[other(which)]];
        await receiver.run((probe) => probe.expectMessages(6, 20_000), null);
        const results = await sender.run(
          (probe) => [...probe.sendMessages(6, 20_000), ...probe.sendMessages(1, 20_001)],
          null,
        );
        expect(results).toEqual([...times(5, 'ok'), 'blocked', 'dropped']);
        const atRoom = await sender.run(async (probe, ms) => {
          await probe.until(() => probe.sightings().rooms.length > 0, ms);
          return probe.sightings();
        }, WAIT_MS);
        expect(atRoom.rooms).toEqual(['message']);
        expect(atRoom.held.messagesOut).toBeLessThanOrEqual(50_000);
        expect(await sender.run((probe) => probe.sendMessages(1, 20_000), null)).toEqual(['ok']);
        expect(await hasMessages(receiver, 6)).toBe(true);
        expect(await seen(receiver)).toMatchObject({ missing: 0, strange: 0 });
      },
      TEST_MS,
    );

    test.each(BOTH)(
      'the mark of chunks to send: the %s is told blocked past it, room at half of it, and loses nothing',
      async (which) => {
        const marks = { chunkSendBytesMax: 4 * CHUNK_BYTES, chunkBytesMax: CHUNK_BYTES };
        const ends = await connected({ link: marks, serves: false });
        const [sender, receiver] = [ends[which], ends[other(which)]];
        expect(await receiver.run((probe) => probe.requestChunks(6), null)).toEqual(times(6, 'ok'));
        const asked = sender.run((probe, ms) => probe.until(() => probe.sightings().unanswered === 6, ms), WAIT_MS);
        expect(await asked).toBe(true);
        const results = await sender.run((probe) => probe.answerChunks(), null);
        expect(results).toEqual([...times(4, 'ok'), 'blocked']);
        expect(await hasRoom(sender)).toBe(true);
        const { rooms, held } = await seen(sender);
        expect(rooms).toEqual(['chunk']);
        expect(held.chunksOut).toBeLessThanOrEqual(2 * CHUNK_BYTES);
        expect(await sender.run((probe) => probe.answerChunks(), null)).toEqual(['ok', 'ok']);
        expect(await hasChunks(receiver, 6)).toBe(true);
        expect(await seen(receiver)).toMatchObject({ missing: 0, strange: 0 });
      },
      TEST_MS,
    );

    test(
      'the mark of messages received: while an end releases none the other is held up, and all else goes on',
      async () => {
        await eitherWay(async (which) => {
          const marks = { ...LIVELY, messageReceiveBytesMax: 50_000, messageBytesMax: 10_000 };
          const free: LinkProbeSetup = { link: LIVELY };
          const full: LinkProbeSetup = { link: marks, releases: false };
          const ends = await (which === 'first' ? connected(full, free) : connected(free, full));
          const [receiver, sender] = [ends[which], ends[other(which)]];
          await receiver.run((probe) => probe.expectMessages(30, 9000), null);
          expect(await sender.run((probe) => probe.sendMessages(30, 9000), null)).toEqual(times(30, 'ok'));
          // Five messages and what each is charged beside its bytes fit the mark; six do not.
          expect(await hasMessages(receiver, 5)).toBe(true);
          const before = await seen(receiver);
          await pass(receiver, 1.25 * LIVELY.idleMs);
          const after = await seen(receiver);
          expect(after).toMatchObject({ state: 'open', messages: 5, lostAfterMs: [] });
          expect(after.held.messagesIn).toBeLessThanOrEqual(marks.messageReceiveBytesMax);
          expect(after.heard['heartbeat']).toBeGreaterThan(before.heard['heartbeat'] ?? 0);
          expect(await seen(sender)).toMatchObject({ state: 'open', unackedMessages: 25, lostAfterMs: [] });
          // The other way messages flow and are acknowledged.
          await sender.run((probe) => probe.expectMessages(20, 5000), null);
          await receiver.run((probe) => probe.sendMessages(20, 5000), null);
          expect(await hasMessages(sender, 20)).toBe(true);
          const acknowledged = receiver.run(
            (probe, ms) => probe.until(() => probe.sightings().unackedMessages === 0, ms),
            WAIT_MS,
          );
          expect(await acknowledged).toBe(true);
          expect((await seen(receiver)).messages).toBe(5);
          await receiver.run((probe) => probe.releaseMessages(), null);
          expect(await hasMessages(receiver, 30)).toBe(true);
          for (const end of [sender, receiver]) expect(await seen(end)).toMatchObject({ missing: 0, strange: 0 });
        });
      },
      TEST_MS,
    );

    test(
      'the mark of chunks received: a request past it is blocked until a chunk is released, and all else goes on',
      async () => {
        await eitherWay(async (which) => {
          const marks = { ...LIVELY, chunkReceiveBytesMax: 4 * CHUNK_BYTES, chunkBytesMax: CHUNK_BYTES };
          const free: LinkProbeSetup = { link: LIVELY };
          const full: LinkProbeSetup = { link: marks, releases: false };
          const ends = await (which === 'first' ? connected(full, free) : connected(free, full));
          const [receiver, sender] = [ends[which], ends[other(which)]];
          const request = (count: number): Promise<SendResult[]> =>
            receiver.run((probe, each) => probe.requestChunks(each), count);
          expect(await request(5)).toEqual([...times(4, 'ok'), 'blocked']);
          expect(await hasChunks(receiver, 4)).toBe(true);
          expect(await request(1)).toEqual(['blocked']);
          await sender.run((probe) => probe.expectMessages(5, 5000), null);
          await receiver.run((probe) => probe.sendMessages(5, 5000), null);
          expect(await hasMessages(sender, 5)).toBe(true);
          await pass(receiver, 1.25 * LIVELY.idleMs);
          const held = await seen(receiver);
          expect(held).toMatchObject({ state: 'open', lostAfterMs: [], chunks: 4 });
          expect(held.held.chunksIn).toBe(4 * CHUNK_BYTES);
          await receiver.run((probe) => probe.releaseChunk(), null);
          expect(await request(2)).toEqual(['ok', 'blocked']);
          expect(await hasChunks(receiver, 5)).toBe(true);
          for (const end of [sender, receiver]) expect(await seen(end)).toMatchObject({ missing: 0, strange: 0 });
        });
      },
      TEST_MS,
    );

    test(
      'delivers 200 messages of 1 byte to 200 KB and 64 chunks of 256 KiB both ways at once, each once, over a path that loses',
      async () => {
        const ends = await connected({ dropRatio: DROP_RATIO });
        await exchange(ends, 200, 64);
        await exchanged(ends);
        for (const end of [ends.first, ends.second]) {
          const { messages, chunks, dropped, resets } = await seen(end);
          expect([messages, chunks, resets]).toEqual([200, 64, 0]);
          expect(dropped).toBeGreaterThan(20);
        }
      },
      TEST_MS,
    );

    test(
      'resumes its session over another transport in the middle of a transfer, with nothing lost and nothing doubled',
      async () => {
        const ends = await connected({ dropRatio: DROP_RATIO });
        const { session } = await seen(ends.first);
        await exchange(ends, 100, 32);
        const brokenOff = await ends.first.run(async (probe, ms) => {
          const begun = await probe.until(() => probe.chunks >= 4, ms);
          probe.detach();
          return begun && !probe.exchanged;
        }, WAIT_MS);
        await ends.second.run((probe) => probe.detach(), null);
        expect(brokenOff).toBe(true);
        expect(await ends.second.run((probe) => probe.exchanged, null)).toBe(false);
        for (const end of [ends.second, ends.first]) await end.run((probe) => probe.attach(), null);
        expect(await Promise.all([isOpen(ends.first, 2), isOpen(ends.second, 2)])).toEqual([true, true]);
        await exchanged(ends);
        for (const end of [ends.first, ends.second]) {
          const sight = { session, opens: [false, true], resets: 0, messages: 100, chunks: 32 };
          expect(await seen(end)).toMatchObject(sight);
        }
      },
      TEST_MS,
    );

    test(
      'refuses an initiator of another version with the code version, and tells it',
      async () => {
        const { first, second } = await started({ version: PROTOCOL_VERSION + 1 }, {});
        expect(await Promise.all([isClosed(first), isClosed(second)])).toEqual([true, true]);
        expect((await seen(second)).closed).toEqual({ code: 'version', byPeer: false });
        expect((await seen(first)).closed).toEqual({ code: 'version', byPeer: true });
        expect([(await seen(first)).opens, (await seen(second)).opens]).toEqual([[], []]);
      },
      TEST_MS,
    );

    test(
      'refuses an acceptor of another version with the code version',
      async () => {
        const { first } = await started({}, { version: PROTOCOL_VERSION + 1 });
        expect(await isClosed(first)).toBe(true);
        expect(await seen(first)).toMatchObject({ closed: { code: 'version', byPeer: false }, opens: [] });
      },
      TEST_MS,
    );

    test.each(BOTH)(
      'the %s ends a link with malformed at bytes that are none of a link, and tells the other end',
      async (which) => {
        for (const [what, bytesIn] of MALFORMED) {
          const ends = await connected({ link: SILENT });
          const bytes = bytesIn(BigInt((await seen(ends[which])).session));
          const ended = await insist(
            () => ends[other(which)].run((probe, each) => probe.injectBytes(each), bytes),
            (ms) => isClosed(ends[which], ms),
          );
          expect([what, ended]).toEqual([what, true]);
          expect([what, await isClosed(ends[other(which)])]).toEqual([what, true]);
          expect((await seen(ends[which])).closed).toEqual({ code: 'malformed', byPeer: false });
          expect((await seen(ends[other(which)])).closed).toEqual({ code: 'malformed', byPeer: true });
        }
      },
      TEST_MS,
    );
  });
}

/** Malformed datagrams, given the session that both ends are in. */
const MALFORMED: readonly (readonly [string, (session: bigint) => number[]])[] = [
  ['one byte', () => [PROTOCOL_VERSION]],
  ['a kind that there is not', (session) => [PROTOCOL_VERSION, 99, ...bytesOf(session), 1, 2, 3]],
  ['a heartbeat that is cut short', (session) => [PROTOCOL_VERSION, 3, ...bytesOf(session), 0]],
  [
    'data with a frame that there is not',
    (session) => [PROTOCOL_VERSION, 16, ...bytesOf(session), ...new Array<number>(10).fill(0), 0xee, 1, 2],
  ],
];

function bytesOf(session: bigint): number[] {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, session);
  return [...new Uint8Array(view.buffer)];
}
