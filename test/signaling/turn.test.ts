// Credentials for coturn and the configuration that goes with them, as text. A real coturn takes both in coturn.browser.test.ts.
import { BlockList } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { coturnConfig, DENIED_PEERS, iceServersFor, turnServers } from '../../signaling/turn.ts';

const SECRET = '0123456789abcdef0123456789abcdef';
const URLS = ['turn:turn.example.org:3478?transport=udp'];
const CONFIG = { realm: 'example.org', secret: SECRET };

/** Values of `name` in a configuration, in order; a flag's is ''. */
const settings = (text: string, name: string): string[] =>
  text.split('\n').flatMap((line) => {
    const [key, value = ''] = line.split(/=(.*)/);
    return key === name ? [value] : [];
  });

describe('credentials', () => {
  test('name the second they expire and the device, and are its HMAC by the secret', () => {
    const told = turnServers({ urls: URLS, secret: SECRET, ttlSeconds: 3600, nowMs: 1_700_000_000_999, device: 'jo' });
    // printf 1700003600:jo | openssl dgst -sha1 -hmac 0123456789abcdef0123456789abcdef -binary | base64
    expect(told).toEqual({ urls: URLS, username: '1700003600:jo', credential: '+DX/9z2sQ0Boqcfp2pyw1jwJaJg=' });
  });

  test('last a day unless told otherwise', () => {
    expect(turnServers({ urls: URLS, secret: SECRET, nowMs: 0, device: 'jo' }).username).toBe('86400:jo');
  });

  test.each([
    ['no address', { urls: [] }, 'turn.urls: expected 1 to 4, got 0'],
    ['an address of STUN', { urls: ['stun:example.org'] }, 'turn.urls: expected turn:HOST'],
    ['an address with a space', { urls: ['turn:a b'] }, 'turn.urls: expected turn:HOST'],
    ['a short secret', { secret: 'x' }, 'turn.secret: expected 32 to 256 letters'],
    ['no time', { ttlSeconds: 0 }, 'turn.ttlSeconds: expected an integer from 60'],
  ])('are not given with %s', (_, change, message) => {
    expect(() => iceServersFor({ turn: { urls: URLS, secret: SECRET, ...change } })).toThrow(message);
  });

  test('are each device’s own, beside STUN, and there are none without TURN', () => {
    const stunUrls = ['stun:example.org'];
    const told = iceServersFor({ stunUrls, turn: { urls: URLS, secret: SECRET } });
    const [[stun, mara], [, jo]] = [told('mara'), told('jo')];
    expect(stun).toEqual({ urls: stunUrls });
    expect(mara?.username).toMatch(/^\d+:mara$/);
    expect(jo?.credential).not.toBe(mara?.credential);
    expect(iceServersFor({ stunUrls })('jo')).toEqual([{ urls: stunUrls }]);
    expect(iceServersFor({})('jo')).toEqual([]);
  });
});

describe('the configuration', () => {
  test('asks for credentials by the secret, and opens nothing else', () => {
    const text = coturnConfig(CONFIG);
    const flags = ['use-auth-secret', 'fingerprint', 'no-cli', 'no-tcp-relay', 'no-multicast-peers'];
    for (const flag of [...flags, 'no-tls', 'no-dtls', 'no-tlsv1', 'no-tlsv1_1'])
      expect(settings(text, flag)).toEqual(['']);
    expect(settings(text, 'static-auth-secret')).toEqual([SECRET]);
    expect(settings(text, 'realm')).toEqual(['example.org']);
    expect([settings(text, 'min-port'), settings(text, 'max-port')]).toEqual([['49152'], ['65535']]);
    expect([settings(text, 'user-quota'), settings(text, 'total-quota')]).toEqual([['256'], ['4096']]);
    for (const never of ['no-auth', 'user', 'allowed-peer-ip', 'allow-loopback-peers', 'web-admin'])
      expect(settings(text, never)).toEqual([]);
  });

  test('denies every address that is not public, and no public one', () => {
    const denied = new BlockList();
    for (const range of settings(coturnConfig(CONFIG), 'denied-peer-ip')) {
      const [first = '', last = ''] = range.split('-');
      denied.addRange(first, last, first.includes(':') ? 'ipv6' : 'ipv4');
    }
    const isDenied = (address: string): boolean => denied.check(address, address.includes(':') ? 'ipv6' : 'ipv4');
    const closed = [
      ['0.0.0.1', '10.0.0.1', '10.255.255.255', '100.64.0.1', '127.0.0.1', '169.254.169.254', '172.16.0.1'],
      ['172.31.255.255', '192.168.1.1', '198.18.0.1', '203.0.113.9', '224.0.0.1', '255.255.255.255'],
      ['::1', '::ffff:10.0.0.1', '::ffff:127.0.0.1', '64:ff9b::a00:1', '2001::1', '2002:a00:1::', 'fc00::1'],
      ['fd00::1', 'fe80::1', 'fec0::1', 'ff02::1', '2001:db8::1', '100::1'],
    ].flat();
    const open = ['1.1.1.1', '9.255.255.255', '11.0.0.0', '100.128.0.0', '128.0.0.1', '172.32.0.0', '192.167.255.255'];
    expect(closed.filter((address) => !isDenied(address))).toEqual([]);
    expect([...open, '192.169.0.0', '223.255.255.255', '2606:4700::1', '2a00::1'].filter(isDenied)).toEqual([]);
    expect(DENIED_PEERS.every(([, , what]) => what !== '')).toBe(true);
  });

  test('behind a NAT lets its own address be reached, or two relayed devices could not meet', () => {
    const behindNat = { publicAddress: '1.2.3.4', ownAddress: '10.0.0.5' };
    const text = coturnConfig({ ...CONFIG, behindNat, allowedPeers: ['10.1.0.0-10.1.0.255'] });
    expect(settings(text, 'external-ip')).toEqual(['1.2.3.4/10.0.0.5']);
    expect(settings(text, 'allowed-peer-ip')).toEqual(['10.0.0.5', '10.1.0.0-10.1.0.255']);
  });

  test('with a certificate speaks TLS', () => {
    const text = coturnConfig({ ...CONFIG, tls: { certificate: '/etc/cert.pem', key: '/etc/key.pem' } });
    expect(settings(text, 'no-tls')).toEqual([]);
    expect([settings(text, 'cert'), settings(text, 'pkey')]).toEqual([['/etc/cert.pem'], ['/etc/key.pem']]);
  });

  test.each([
    ['a realm of two lines', { realm: 'a\nno-auth' }, 'realm: expected'],
    ['a secret of two lines', { secret: `${SECRET}\nno-auth` }, 'secret: expected'],
    ['a name to listen on', { listen: ['localhost'] }, 'listen: expected an IP address'],
    ['a port that is none', { port: 0 }, 'port: expected'],
    ['relay ports upside down', { relayPorts: [5000, 4000] as const }, 'relayPorts[1]: expected'],
    ['a peer that is no address', { allowedPeers: ['all'] }, 'allowedPeers: expected'],
    ['a range of two families', { allowedPeers: ['10.0.0.1-::1'] }, 'allowedPeers: expected'],
    ['a range upside down', { allowedPeers: ['10.0.0.2-10.0.0.1'] }, 'allowedPeers: expected'],
    ['a certificate of two lines', { tls: { certificate: '/a\nb', key: '/k' } }, 'tls.certificate: expected'],
    ['a total below one device’s', { deviceQuota: 10, totalQuota: 5 }, 'totalQuota: expected'],
  ])('is not written with %s', (_, change, message) => {
    expect(() => coturnConfig({ ...CONFIG, ...change })).toThrow(message);
  });
});
