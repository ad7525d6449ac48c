// What counts as one address, and what one address may take up.
import { describe, expect, test } from '@jest/globals';
import { Addresses, clientAddress } from '../../signaling/addresses.ts';

const from = (remoteAddress: string, forwarded?: string): Parameters<typeof clientAddress>[0] => ({
  headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
  socket: { remoteAddress },
});

describe('an address', () => {
  test('is an IPv4 address, also one that came mapped into IPv6', () => {
    expect(clientAddress(from('192.0.2.1'), 0)).toBe('192.0.2.1');
    expect(clientAddress(from('::ffff:192.0.2.1'), 0)).toBe('192.0.2.1');
  });

  test('is the /64 of an IPv6 address, with or without a zone', () => {
    const one = clientAddress(from('2001:db8:1:2:3:4:5:6'), 0);
    expect(clientAddress(from('2001:db8:1:2::9%eth0'), 0)).toBe(one);
    expect(clientAddress(from('2001:db8:1:3::9'), 0)).not.toBe(one);
  });

  test('is nobody’s word where there is no proxy', () => {
    expect(clientAddress(from('192.0.2.1', '198.51.100.9'), 0)).toBe('192.0.2.1');
  });

  test('is what the nearest proxies wrote, and nothing that was in the header before', () => {
    const header = '203.0.113.66, 198.51.100.9, 10.0.0.2';
    expect(clientAddress(from('10.0.0.1', header), 1)).toBe('10.0.0.2');
    expect(clientAddress(from('10.0.0.1', header), 2)).toBe('198.51.100.9');
  });

  test.each(['', 'unknown', '198.51.100.9:80', '1.2.3', `${'9'.repeat(9_000)}`, '::g', "'; drop table"])(
    'is the connection’s own if the header says %j',
    (header) => expect(clientAddress(from('10.0.0.1', header), 1)).toBe('10.0.0.1'),
  );

  test('is the connection’s own if fewer proxies wrote than there should be', () => {
    expect(clientAddress(from('10.0.0.1', '198.51.100.9'), 2)).toBe('10.0.0.1');
  });
});

describe('one address', () => {
  const limits = { addressSocketsMax: 2, addressBurst: 5, addressPerSecond: 1 };

  test('may have so many sockets, and another again once one is gone', () => {
    const addresses = new Addresses(limits);
    expect([1, 2, 3].map(() => addresses.open(0, 'a'))).toEqual([true, true, false]);
    expect(addresses.open(0, 'b')).toBe(true);
    addresses.close('a');
    expect(addresses.open(0, 'a')).toBe(true);
  });

  test('may open and join so often, whichever socket it comes through, and again later', () => {
    const addresses = new Addresses(limits);
    addresses.open(0, 'a');
    expect([1, 2, 3, 4].map(() => addresses.join(0, 'a'))).toEqual([0, 0, 0, 0]);
    expect(addresses.join(0, 'a')).toBeGreaterThan(0);
    expect(addresses.open(0, 'a')).toBe(false);
    addresses.open(0, 'b');
    expect(addresses.join(0, 'b')).toBe(0);
    expect(addresses.join(1_000, 'a')).toBe(0);
  });

  test('does not win anything by closing all it has', () => {
    const addresses = new Addresses(limits);
    for (let i = 0; i < 5; i++) {
      expect(addresses.open(0, 'a')).toBe(true);
      addresses.close('a');
    }
    expect(addresses.open(0, 'a')).toBe(false);
  });

  test('is forgotten when 10,000 others were here since', () => {
    const addresses = new Addresses(limits);
    for (let i = 0; i < 5; i++) {
      addresses.open(0, 'a');
      addresses.close('a');
    }
    for (let i = 0; i < 10_000; i++) {
      addresses.open(0, `other ${i}`);
      addresses.close(`other ${i}`);
    }
    expect(addresses.open(0, 'a')).toBe(true);
  });
});
