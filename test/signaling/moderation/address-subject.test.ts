// How addresses are called in bans: one name for one network, however it is written.
import { expect, test } from '@jest/globals';
import { addressSubjects, isFrom, parseAddressSubject } from '../../../signaling/moderation/address-subject.ts';

test.each([
  ['192.0.2.7', ['192.0.2.7/32', '192.0.2.0/24']],
  ['20010db800070001', ['2001:db8:7:1::/64', '2001:db8:7::/48']],
  ['0000000000000000', ['::/64', '::/48']],
  ['', []],
  ['unknown', []],
  ['20010DB800070001', []],
])('a client at %j may be banned as %j', (address, subjects) => {
  expect(addressSubjects(address)).toEqual(subjects);
});

test.each([
  ['192.0.2.7', '192.0.2.7/32'],
  ['192.0.2.7/24', '192.0.2.0/24'],
  ['::ffff:192.0.2.7', '192.0.2.7/32'],
  ['2001:DB8:7:1::99', '2001:db8:7:1::/64'],
  ['2001:db8:7:1::/48', '2001:db8:7::/48'],
])('%s is kept as %s', (typed, subject) => {
  expect(parseAddressSubject(typed)).toBe(subject);
  expect(parseAddressSubject(subject)).toBe(subject);
});

test.each([
  '',
  '/24',
  '192.0.2.7/16',
  '192.0.2.7/0',
  '192.0.2/24',
  '2001:db8::/32',
  '2001:db8::/128',
  '1.2.3.4/32/32',
  "' or 1=1",
])('%j is no address to ban', (typed) => {
  expect(parseAddressSubject(typed)).toBeUndefined();
});

test('a client is of its own networks alone', () => {
  expect(isFrom({ address: '192.0.2.0/24' }, '192.0.2.200')).toBe(true);
  expect(isFrom({ address: '192.0.2.0/24' }, '192.0.3.1')).toBe(false);
  expect(isFrom({ address: '2001:db8:7::/48' }, '20010db80007ffff')).toBe(true);
  expect(isFrom({ account: '192.0.2.0/24' }, '192.0.2.0')).toBe(false);
});
