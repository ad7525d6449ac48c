// What every transport must do, whatever is at the two ends: the contract of src/io/transport.ts as tests. A test file
// brings the two places; `first` is the initiator.
import { describe, expect, test } from '@jest/globals';
import type { Signal } from '../../src/io/transport.ts';
import type { Sightings, TransportProbe } from './probe.ts';
import type { End, Place } from './places.ts';

export type TransportEnd = End<TransportProbe>;

export interface Ends {
  readonly first: TransportEnd;
  readonly second: TransportEnd;
}

/** Longest a connection may take to open on one machine, milliseconds. */
const OPEN_MS = 10_000;
/** Longest the other end may take to notice a close, milliseconds. */
const CLOSE_MS = 5_000;
const TEST_MS = 30_000;

const SIZES = [1, 1156, 16_384, 60_000];

const MALFORMED: readonly (readonly [string, Signal])[] = [
  ['an empty offer', { kind: 'offer', sdp: '' }],
  ['an empty answer', { kind: 'answer', sdp: '' }],
  ['an offer that is no SDP', { kind: 'offer', sdp: 'v=0 but then \0 nothing of it' }],
  [
    'an answer without a fingerprint',
    { kind: 'answer', sdp: session('m=application 9 UDP/DTLS/SCTP webrtc-datachannel') },
  ],
  [
    'an offer without a fingerprint',
    { kind: 'offer', sdp: session('m=application 9 UDP/DTLS/SCTP webrtc-datachannel') },
  ],
  ['an offer of video', { kind: 'offer', sdp: session('m=video 9 UDP/TLS/RTP/SAVPF 96') }],
  ['a candidate that is none', { kind: 'candidate', candidate: 'candidate:nothing', mid: '0' }],
  ['a candidate of 10,000 characters', { kind: 'candidate', candidate: `candidate:${'9'.repeat(10_000)}`, mid: '0' }],
];

/** Passes signals both ways, each direction in order, until a filter holds one back. */
export function join(
  ends: Ends,
  filter: (from: 'first' | 'second', signal: Signal) => Promise<boolean> | boolean = () => true,
): void {
  const pass = (from: 'first' | 'second', source: TransportEnd, target: TransportEnd): void => {
    source.onSignal((signal) => {
      void (async () => {
        if (await filter(from, signal)) await target.signal(signal);
      })();
    });
  };
  pass('first', ends.first, ends.second);
  pass('second', ends.second, ends.first);
}

export async function openEnds(first: Place, second: Place): Promise<Ends> {
  return { first: await first.open('transport', true), second: await second.open('transport', false) };
}

const awaitOpen = (end: TransportEnd): Promise<boolean> => end.run((probe, ms) => probe.awaitOpen(ms), OPEN_MS);
const awaitClosed = (end: TransportEnd): Promise<boolean> => end.run((probe, ms) => probe.awaitClosed(ms), CLOSE_MS);
const sightings = (end: TransportEnd): Promise<Sightings> => end.run((probe) => probe.sightings(), null);

async function connected(first: Place, second: Place): Promise<Ends> {
  const ends = await openEnds(first, second);
  join(ends);
  expect(await Promise.all([awaitOpen(ends.first), awaitOpen(ends.second)])).toEqual([true, true]);
  return ends;
}

async function closeBoth({ first, second }: Ends): Promise<void> {
  await first.run((probe) => probe.close(), null);
  await second.run((probe) => probe.close(), null);
  for (const end of [first, second]) {
    expect(await awaitClosed(end)).toBe(true);
    expect(await sightings(end)).toMatchObject({ closes: 1, violations: [], corrupt: 0 });
  }
}

/** Sends again and again, as the channel may lose it, until it has arrived or `OPEN_MS` have passed. */
async function deliver(from: TransportEnd, to: TransportEnd, bytes: number): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < OPEN_MS; waitedMs += 250) {
    await from.run((probe, size) => probe.send(size), bytes);
    if (await to.run((probe, size) => probe.awaitWhole(size, 250), bytes)) return true;
  }
  return false;
}

/** `places` is asked in each test, as a browser is there only once the file's `beforeAll` has run. */
export function transportSuite(title: string, places: () => readonly [first: Place, second: Place]): void {
  describe(title, () => {
    test(
      'opens a direct path within ten seconds',
      async () => {
        const ends = await connected(...places());
        expect(await sightings(ends.first)).toMatchObject({ opens: 1, path: 'direct' });
        expect(await sightings(ends.second)).toMatchObject({ opens: 1, path: 'direct' });
        await closeBoth(ends);
      },
      TEST_MS,
    );

    test(
      'carries datagrams of every size whole, both ways',
      async () => {
        const ends = await connected(...places());
        for (const bytes of SIZES) {
          expect([bytes, await deliver(ends.first, ends.second, bytes)]).toEqual([bytes, true]);
          expect([bytes, await deliver(ends.second, ends.first, bytes)]).toEqual([bytes, true]);
        }
        await closeBoth(ends);
      },
      TEST_MS,
    );

    test(
      'delivers most of a burst, each datagram once, in whatever order',
      async () => {
        const ends = await connected(...places());
        expect(await ends.first.run((probe, count) => probe.burst(count, 1156), 200)).toBe(200);
        await ends.second.run((probe, ms) => probe.awaitQuiet(ms), 200);
        const seen = await sightings(ends.second);
        expect(seen).toMatchObject({ corrupt: 0, repeats: 0 });
        expect(seen.numbers).toBeGreaterThan(100);
        await closeBoth(ends);
      },
      TEST_MS,
    );

    test.each(['first', 'second'] as const)(
      'tells the other end once when the %s closes',
      async (closer) => {
        const ends = await connected(...places());
        const other = closer === 'first' ? ends.second : ends.first;
        await ends[closer].run((probe) => probe.close(), null);
        expect(await awaitClosed(other)).toBe(true);
        expect(await awaitClosed(ends[closer])).toBe(true);
        await closeBoth(ends);
      },
      TEST_MS,
    );

    test(
      'refuses datagrams, and has none waiting, before it opens and after it closed',
      async () => {
        const ends = await openEnds(...places());
        expect(await ends.first.run((probe) => [probe.send(10), probe.bufferedBytes()], null)).toEqual([false, 0]);
        join(ends);
        expect(await awaitOpen(ends.first)).toBe(true);
        expect(await ends.first.run((probe) => probe.send(10), null)).toBe(true);
        const after = await ends.first.run((probe) => {
          probe.close();
          probe.close();
          return [probe.send(10), probe.bufferedBytes()];
        }, null);
        expect(after).toEqual([false, 0]);
        await closeBoth(ends);
      },
      TEST_MS,
    );

    test.each(MALFORMED)(
      'is closed by %s, at either end, and never throws',
      async (_what, signal) => {
        const ends = await openEnds(...places());
        for (const end of [ends.first, ends.second]) {
          await end.signal(signal);
          expect(await awaitClosed(end)).toBe(true);
          await end.signal(signal);
        }
        await closeBoth(ends);
      },
      TEST_MS,
    );

    test(
      'is closed by a second description',
      async () => {
        const ends = await openEnds(...places());
        let answer: Signal | undefined;
        join(ends, (_from, signal) => {
          if (signal.kind === 'answer') answer = signal;
          return true;
        });
        expect(await awaitOpen(ends.first)).toBe(true);
        if (answer === undefined) throw new Error('open without an answer');
        await ends.first.signal(answer);
        expect(await awaitClosed(ends.first)).toBe(true);
        await closeBoth(ends);
      },
      TEST_MS,
    );

    test(
      'keeps candidates that come before the description',
      async () => {
        const ends = await openEnds(...places());
        let candidates = 0;
        // The only candidates that get through are the second end's, and they all arrive before its answer.
        join(ends, async (from, signal) => {
          if (signal.kind === 'candidate') {
            if (from === 'second') candidates += 1;
            return from === 'second';
          }
          if (signal.kind === 'answer') await new Promise((resolve) => setTimeout(resolve, 300));
          return true;
        });
        expect(await Promise.all([awaitOpen(ends.first), awaitOpen(ends.second)])).toEqual([true, true]);
        expect(candidates).toBeGreaterThan(0);
        await closeBoth(ends);
      },
      TEST_MS,
    );

    test(
      'lives on with candidates it cannot use',
      async () => {
        const ends = await openEnds(...places());
        for (const end of [ends.first, ends.second]) {
          for (const candidate of [
            'candidate:1 1 udp 2122260223 3f1c7a52-0b5e-4c1d-9a52-6a3f6d1e0c11.local 50000 typ host generation 0',
            'candidate:2 1 udp 2122260223 name.example.invalid 50000 typ host',
            'candidate:3 1 tcp 1518280447 127.0.0.1 9 typ host tcptype active',
            'candidate:4 1 quux 1 127.0.0.1 9 typ unheardof',
            '',
          ]) {
            await end.signal({ kind: 'candidate', candidate, mid: '0' });
          }
        }
        join(ends);
        expect(await Promise.all([awaitOpen(ends.first), awaitOpen(ends.second)])).toEqual([true, true]);
        await closeBoth(ends);
      },
      TEST_MS,
    );

    test(
      'can be closed at any moment of its opening',
      async () => {
        for (const afterSignals of [0, 1, 2, 3]) {
          const ends = await openEnds(...places());
          let passed = 0;
          join(ends, async (from) => {
            if (passed === afterSignals) await ends[from].run((probe) => probe.close(), null);
            return passed++ < afterSignals;
          });
          if (afterSignals > 0) await ends.first.run((probe, ms) => probe.awaitClosed(ms), 500);
          await closeBoth(ends);
        }
      },
      TEST_MS,
    );

    test('opens twenty connections one after the other', async () => {
      for (let round = 0; round < 20; round += 1) {
        const ends = await connected(...places());
        expect([round, await deliver(ends.first, ends.second, 100)]).toEqual([round, true]);
        await closeBoth(ends);
      }
    }, 60_000);
  });
}

function session(section: string): string {
  return `v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n${section}\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\n`;
}
