// An end that does not keep to one data channel and to bytes: it costs nobody more than its own connection.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { shutdownTransports } from '../../src/io/link-node.ts';
import { CHANNEL_LABEL, CLOSE_REASONS, STRAY_CHANNELS_MAX } from '../../src/io/sdp.ts';
import { ChromiumPlaces, nodePlace, type Place } from './places.ts';
import { RawPeer } from './raw-peer.ts';
import type { TransportEnd } from './transport-suite.ts';

const WAIT_MS = 15_000;
const TEST_MS = 60_000;

let chromium: ChromiumPlaces | undefined;
let page: Place;
const raws: RawPeer[] = [];

beforeAll(async () => {
  chromium = await ChromiumPlaces.launch();
  page = await chromium.place();
}, 60_000);

afterAll(async () => {
  for (const raw of raws) raw.close();
  await chromium?.close();
  shutdownTransports();
});

const CASES: readonly (readonly [string, () => Place, boolean])[] = [
  ['an initiating transport on node', () => nodePlace, true],
  ['a transport on node', () => nodePlace, false],
  ['an initiating transport in a browser', () => page, true],
  ['a transport in a browser', () => page, false],
];

async function joined(place: Place, initiator: boolean, label: string): Promise<{ end: TransportEnd; raw: RawPeer }> {
  const end = await place.open('transport', initiator);
  const raw = new RawPeer();
  raws.push(raw);
  raw.join(end, !initiator, label);
  return { end, raw };
}

describe.each(CASES)('%s', (_name, place, initiator) => {
  test(
    'closes channels beyond the first and keeps its own',
    async () => {
      const { end, raw } = await joined(place(), initiator, CHANNEL_LABEL);
      expect(await end.run((probe, ms) => probe.awaitOpen(ms), WAIT_MS)).toBe(true);
      expect(await raw.awaitOpen(CHANNEL_LABEL, WAIT_MS)).toBe(true);
      for (const label of ['stray', 'another']) raw.open(label);
      for (const label of ['stray', 'another']) expect(await raw.awaitClosed(label, WAIT_MS)).toBe(true);
      expect(await end.run((probe) => probe.send(1000), null)).toBe(true);
      expect(await end.run((probe) => probe.sightings(), null)).toMatchObject({ opens: 1, closes: 0, violations: [] });
      await end.run((probe) => probe.close(), null);
    },
    TEST_MS,
  );

  test(
    'closes when there is no end to further channels',
    async () => {
      const { end, raw } = await joined(place(), initiator, CHANNEL_LABEL);
      expect(await end.run((probe, ms) => probe.awaitOpen(ms), WAIT_MS)).toBe(true);
      for (let count = 0; count <= STRAY_CHANNELS_MAX; count += 1) raw.open(`stray ${count}`);
      expect(await end.run((probe, ms) => probe.awaitClosed(ms), WAIT_MS)).toBe(true);
      expect(await end.run((probe) => probe.sightings(), null)).toMatchObject({
        closes: 1,
        reason: CLOSE_REASONS.channels,
        violations: [],
      });
    },
    TEST_MS,
  );

  test(
    'closes at a text message',
    async () => {
      const { end, raw } = await joined(place(), initiator, CHANNEL_LABEL);
      expect(await end.run((probe, ms) => probe.awaitOpen(ms), WAIT_MS)).toBe(true);
      expect(await raw.awaitOpen(CHANNEL_LABEL, WAIT_MS)).toBe(true);
      // Again and again, as the channel may lose it.
      const saying = setInterval(() => raw.say('hello'), 50);
      expect(await end.run((probe, ms) => probe.awaitClosed(ms), WAIT_MS)).toBe(true);
      clearInterval(saying);
      expect(await end.run((probe) => probe.sightings(), null)).toMatchObject({
        closes: 1,
        reason: CLOSE_REASONS.text,
        violations: [],
      });
    },
    TEST_MS,
  );
});

describe.each(CASES.filter(([, , initiator]) => !initiator))('%s', (_name, place) => {
  test(
    'does not take a channel with another label for its own',
    async () => {
      const { end, raw } = await joined(place(), false, 'other');
      expect(await raw.awaitOpen('other', WAIT_MS)).toBe(true);
      expect(await raw.awaitClosed('other', WAIT_MS)).toBe(true);
      raw.open(CHANNEL_LABEL);
      expect(await end.run((probe, ms) => probe.awaitOpen(ms), WAIT_MS)).toBe(true);
      await end.run((probe) => probe.close(), null);
    },
    TEST_MS,
  );
});
