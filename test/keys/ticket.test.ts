// Tickets: who may sign them, for what, for how long. Also made by other means than ours, so that both sides are held to the RFCs.
import { beforeAll, describe, expect, test } from '@jest/globals';
import { createPublicKey, generateKeyPairSync, sign as nodeSign, type KeyObject } from 'node:crypto';
import { exportJWK, generateKeyPair, type CryptoKey, type JWK } from 'jose';
import {
  signTicket,
  ticketChecker,
  TICKET_MS,
  TICKET_SKEW_MS,
  type CheckTicket,
  type Ticket,
} from '../../src/keys/ticket.ts';

const NOW = 1_700_000_000_000;
const DEVICE = '0123456789abcdef0123456789abcdef';
const here = { audience: 'https://pool.example', pool: 'blue-otter', device: DEVICE, nowMs: NOW };
const ticket: Ticket = {
  audience: here.audience,
  pool: here.pool,
  device: DEVICE,
  account: 'ada',
  role: 'member',
  zones: ['staff'],
  id: 'one',
  issuedMs: NOW,
  expiresMs: NOW + TICKET_MS,
};

let key: CryptoKey;
let check: CheckTicket;

async function publicKey(kid: string, of: CryptoKey): Promise<JWK> {
  return { ...(await exportJWK(of)), kid, alg: 'EdDSA', use: 'sig' };
}

beforeAll(async () => {
  const pair = await generateKeyPair('EdDSA', { extractable: true });
  key = pair.privateKey;
  check = ticketChecker({ keys: [await publicKey('k1', pair.publicKey)] });
});

describe('a ticket', () => {
  test('is good here and now for its device, and says what it was signed for', async () => {
    const token = await signTicket(key, 'k1', ticket);
    expect(token.length).toBeLessThan(1_000);
    expect(await check(token, here)).toEqual({ kind: 'valid', ticket });
  });

  test('of a guest has no account', async () => {
    const token = await signTicket(key, 'k1', { ...ticket, account: undefined });
    expect(await check(token, here)).toMatchObject({ kind: 'valid', ticket: { account: undefined } });
  });

  test.each([
    ['another server', { audience: 'https://other.example' }],
    ['another pool', { pool: 'green-otter' }],
    ['another device', { device: DEVICE.replace('0', '1') }],
  ])('for %s is wrong', async (_what, expected) => {
    expect(await check(await signTicket(key, 'k1', ticket), { ...here, ...expected })).toEqual({ kind: 'wrong' });
  });

  test('is expired when its time is up, give or take what clocks differ', async () => {
    const token = await signTicket(key, 'k1', ticket);
    const at = (ms: number) => check(token, { ...here, nowMs: NOW + ms });
    expect(await at(TICKET_MS + TICKET_SKEW_MS - 1_000)).toMatchObject({ kind: 'valid' });
    expect(await at(TICKET_MS + TICKET_SKEW_MS + 1_000)).toEqual({ kind: 'expired' });
  });

  test('of tomorrow is wrong', async () => {
    const token = await signTicket(key, 'k1', ticket);
    expect(await check(token, { ...here, nowMs: NOW - TICKET_SKEW_MS })).toMatchObject({ kind: 'valid' });
    expect(await check(token, { ...here, nowMs: NOW - TICKET_SKEW_MS - 1 })).toEqual({ kind: 'wrong' });
  });

  test('for longer than a ticket may be is wrong', async () => {
    const token = await signTicket(key, 'k1', { ...ticket, expiresMs: NOW + TICKET_MS + 1_000 });
    expect(await check(token, here)).toEqual({ kind: 'wrong' });
  });

  test.each([
    ['an account of 129 characters', { account: 'a'.repeat(129) }],
    ['no number', { id: '' }],
    ['a number of 65 characters', { id: 'i'.repeat(65) }],
    ['17 zones', { zones: Array.from({ length: 17 }, (_, i) => `z${i}`) }],
    ['a zone of 65 characters', { zones: ['z'.repeat(65)] }],
  ])('with %s is wrong', async (_what, change) => {
    expect(await check(await signTicket(key, 'k1', { ...ticket, ...change }), here)).toEqual({ kind: 'wrong' });
  });

  test('signed by somebody else is wrong, whatever key it names', async () => {
    const { privateKey } = await generateKeyPair('EdDSA');
    for (const kid of ['k1', 'k2']) {
      expect(await check(await signTicket(privateKey, kid, ticket), here)).toEqual({ kind: 'wrong' });
    }
  });

  test('is found by its key’s name among several, so that keys can change', async () => {
    const [old, fresh] = [await generateKeyPair('EdDSA'), await generateKeyPair('EdDSA')];
    const both = ticketChecker({
      keys: [await publicKey('old', old.publicKey), await publicKey('fresh', fresh.publicKey)],
    });
    expect(await both(await signTicket(old.privateKey, 'old', ticket), here)).toMatchObject({ kind: 'valid' });
    expect(await both(await signTicket(fresh.privateKey, 'fresh', ticket), here)).toMatchObject({ kind: 'valid' });
    expect(await both(await signTicket(old.privateKey, 'fresh', ticket), here)).toEqual({ kind: 'wrong' });
  });

  test('with any one character changed is never good', async () => {
    const token = await signTicket(key, 'k1', ticket);
    // The last character of a part also holds bits that mean nothing.
    for (let i = 0; i < token.length - 1; i += 7) {
      const changed = token.slice(0, i) + (token[i] === 'A' ? 'B' : 'A') + token.slice(i + 1);
      expect(await check(changed, here)).toEqual({ kind: 'wrong' });
    }
  });

  test.each([
    '',
    'x',
    'a.b.c',
    '..',
    '.'.repeat(4_000),
    `${'a'.repeat(2_000)}.${'b'.repeat(2_000)}.c`,
    '{"alg":"none"}',
  ])('is not %j', async (token) => expect(await check(token, here)).toEqual({ kind: 'wrong' }));
});

describe('a token made by hand', () => {
  const { privateKey, publicKey: open } = generateKeyPairSync('ed25519');
  const jwk = { ...createPublicKey(privateKey).export({ format: 'jwk' }), kid: 'hand' } as JWK;
  const checkHand = ticketChecker({ keys: [jwk] });
  const base64 = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const made = (header: object, claims: object, by: KeyObject | undefined = privateKey): string => {
    const text = `${base64(header)}.${base64(claims)}`;
    return `${text}.${by === undefined ? '' : nodeSign(null, Buffer.from(text), by).toString('base64url')}`;
  };
  const header = { alg: 'EdDSA', typ: 'rockpool-ticket+jwt', kid: 'hand' };
  const claims = {
    aud: here.audience,
    pool: here.pool,
    device: DEVICE,
    sub: 'ada',
    role: 'owner',
    zones: [],
    jti: 'x',
    iat: NOW / 1000,
    exp: NOW / 1000 + 60,
  };

  test('is good if it says the same', async () => {
    expect(open.asymmetricKeyType).toBe('ed25519');
    expect(await checkHand(made(header, claims), here)).toMatchObject({ kind: 'valid', ticket: { role: 'owner' } });
  });

  test.each<[string, object, object]>([
    ['another kind of token', { ...header, typ: 'JWT' }, claims],
    ['no kind', { alg: 'EdDSA', kid: 'hand' }, claims],
    ['critical claims we do not know', { ...header, crit: ['x'], x: 1 }, claims],
    ['no time', header, { ...claims, exp: undefined }],
    ['a time that is none', header, { ...claims, exp: 'soon' }],
    ['no number', header, { ...claims, jti: undefined }],
    ['an account that is an object', header, { ...claims, sub: {} }],
    ['a role of its own', header, { ...claims, role: 'root' }],
    ['zones that are no list', header, { ...claims, zones: 'staff' }],
    ['no pool', header, { ...claims, pool: undefined }],
  ])('with %s is wrong', async (_what, head, body) => {
    expect(await checkHand(made(head, body), here)).toEqual({ kind: 'wrong' });
  });

  test('without a signature is wrong, as is one that calls itself unsigned', async () => {
    for (const head of [header, { ...header, alg: 'none' }, { ...header, alg: 'HS256' }]) {
      expect(await checkHand(made(head, claims, undefined).replace(/[^.]*$/, ''), here)).toEqual({ kind: 'wrong' });
    }
  });
});
