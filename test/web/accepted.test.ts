// What was said yes to, kept over a reload; and limits on rates, kept beside it.

import { expect, test } from '@jest/globals';
import type { OfferView } from '../../src/client.ts';
import { ACCEPTED_MAX, AcceptedFiles, readAccepted, type AcceptedFile } from '../../src/io/accepted.ts';
import { parseRate, rateText, readRates } from '../../web/rates.ts';
import { offer as single } from './support.ts';

const offer: OfferView = {
  ...single,
  files: [
    { number: 4, name: 'a.bin', bytes: 100 },
    { number: 5, name: 'b.bin', bytes: 200 },
    { number: 6, name: 'photos', bytes: 300, folder: { entries: 3, contentBytes: 250 } },
  ],
};

/** Files, and what was last kept of them. */
function files(): { readonly accepted: AcceptedFiles; readonly kept: () => readonly AcceptedFile[] } {
  let kept: readonly AcceptedFile[] = [];
  return { accepted: new AcceptedFiles([], (now) => (kept = now)), kept: () => kept };
}

test('an offer that comes back after a reload is wanted as far as it was taken', () => {
  const { accepted, kept } = files();
  accepted.add('pool', offer, [4, 6]);
  const reloaded = new AcceptedFiles(readAccepted(JSON.stringify(kept())), () => undefined);
  expect(reloaded.wanted('pool', offer)).toEqual([4, 6]);
});

test('numbers may have changed with a reload at the other end; names and sizes count', () => {
  const { accepted } = files();
  accepted.add('pool', offer);
  const again = { ...offer, id: 'aa/9', files: offer.files.map((file) => ({ ...file, number: file.number + 10 })) };
  expect(accepted.wanted('pool', again)).toEqual([14, 15, 16]);
});

test.each([
  ['another device', { ...offer, from: 'bb' }],
  ['other sizes', { ...offer, files: offer.files.map((file) => ({ ...file, bytes: file.bytes + 1 })) }],
  [
    'a folder where files were',
    { ...offer, files: [{ number: 4, name: 'a.bin', bytes: 100, folder: { entries: 1, contentBytes: 1 } }] },
  ],
])('%s is asked about', (_what, other) => {
  const { accepted } = files();
  accepted.add('pool', offer);
  expect(accepted.wanted('pool', other)).toEqual([]);
  expect(accepted.wanted('another pool', offer)).toEqual([]);
});

test('what has arrived, or is not wanted any more, is asked about again', () => {
  const { accepted } = files();
  accepted.add('pool', offer);
  accepted.remove('pool', 'aa', { name: 'a.bin', bytes: 100 });
  expect(accepted.wanted('pool', offer)).toEqual([5, 6]);
});

test('only so much is remembered, the newest', () => {
  const { accepted, kept } = files();
  for (let at = 0; at <= ACCEPTED_MAX; at += 500) {
    const many = Array.from({ length: 500 }, (_, number) => ({ number, name: `${at}-${number}`, bytes: 1 }));
    accepted.add('pool', { ...offer, files: many });
  }
  expect(kept()).toHaveLength(ACCEPTED_MAX);
  expect(kept().at(-1)?.name).toBe(`${ACCEPTED_MAX}-499`);
});

test.each([
  '',
  'no json',
  '{}',
  '[1, null, {"pool": 1}]',
  '[{"pool":"p","from":"f","name":"n","bytes":"1","folder":false}]',
])('what was not written by this app (%j) is nothing', (text) => {
  expect(readAccepted(text)).toEqual([]);
});

test('limits are typed in MB/s, and nothing but a positive number is one', () => {
  expect(parseRate(' 2.5 ')).toBe(2_500_000);
  expect(parseRate('0,5')).toBe(500_000);
  for (const text of ['', '0', '-1', 'fast', 'Infinity']) expect(parseRate(text)).toBeUndefined();
  expect(rateText(parseRate('0.5'))).toBe('0.5');
  expect(rateText(undefined)).toBe('');
});

test('limits that were not written by this app are no limits', () => {
  expect(readRates('{"downBytesPerSecond":5,"upBytesPerSecond":-1}')).toEqual({ downBytesPerSecond: 5 });
  for (const text of ['', 'null', '[]', '{"downBytesPerSecond":"5"}']) expect(readRates(text)).toEqual({});
});
