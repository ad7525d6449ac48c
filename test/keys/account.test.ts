// Accounts: chains of certificates, and how a device proves that it was invited.
import { createHmac } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { CERTIFICATES_MAX, type Account, type Certificate } from '../../src/wire/talk.ts';
import { poolWords } from '../../src/wire/words.ts';
import { toHex } from '../../src/wire/bytes.ts';
import {
  INVITATION_WORDS,
  accountOf,
  certify,
  invitationProof,
  newInvitation,
  parseInvitation,
} from '../../src/keys/account.ts';
import { LABELS, sign, type DeviceKeys } from '../../src/keys/identity.ts';
import { device, flipped, hex } from './support.ts';

const alone = ({ signKey }: DeviceKeys): Account => ({ root: signKey, certificates: [] });

/** Each vouched for by the one before it, from the first on. */
async function chainOf(people: readonly DeviceKeys[]): Promise<Account> {
  const [first, ...others] = people;
  if (first === undefined) throw new Error('no keys');
  let account = alone(first);
  let voucher = first;
  for (const [i, other] of others.entries()) {
    account = await certify(voucher, account, other.signKey, 1000 + i);
    voucher = other;
  }
  return account;
}

/** As `certify` makes it, laid out anew: `[root 32][device 32][createdMs f64]`. */
async function certificate(voucher: DeviceKeys, root: Uint8Array, deviceKey: Uint8Array): Promise<Certificate> {
  const bytes = Buffer.alloc(72);
  bytes.set(root);
  bytes.set(deviceKey, 32);
  bytes.writeDoubleBE(1, 64);
  return { device: deviceKey, createdMs: 1, signature: await sign(voucher, LABELS.certificate, bytes) };
}

/** A copy with the certificate at `at` changed. */
function changed(account: Account, at: number, change: Partial<Certificate>): Account {
  const certificates = account.certificates.map((one, i) => (i === at ? { ...one, ...change } : one));
  return { ...account, certificates };
}

describe('an account', () => {
  test('of one device is that device', async () => {
    const ada = await device();
    expect(await accountOf(alone(ada), ada.signKey)).toBe(ada.id);
  });

  test('of several is the first one, for each of them', async () => {
    const people = await Promise.all([device(), device(), device(), device()]);
    for (const [i, { signKey }] of people.entries()) {
      expect(await accountOf(await chainOf(people.slice(0, i + 1)), signKey)).toBe(people[0].id);
    }
  });

  test("whose chain ends elsewhere is not this device's", async () => {
    const [ada, ben, cy] = await Promise.all([device(), device(), device()]);
    const account = await chainOf([ada, ben]);
    expect(await accountOf(account, cy.signKey)).toBeUndefined();
    expect(await accountOf(account, ada.signKey)).toBeUndefined();
    expect(await accountOf(alone(ada), ben.signKey)).toBeUndefined();
  });

  test('takes a chain of eight certificates and none of nine', async () => {
    const first = await device();
    const others = await Promise.all(Array.from({ length: CERTIFICATES_MAX - 1 }, device));
    const [last, extra] = await Promise.all([device(), device()]);
    const account = await chainOf([first, ...others, last]);
    expect(account.certificates).toHaveLength(8);
    expect(await accountOf(account, last.signKey)).toBe(first.id);
    await expect(certify(last, account, extra.signKey, 1)).rejects.toThrow(RangeError);

    const ninth = await certificate(last, account.root, extra.signKey);
    const nine = { ...account, certificates: [...account.certificates, ninth] };
    expect(await accountOf(nine, extra.signKey)).toBeUndefined();
    // It is the length: one made the same way counts where there is room.
    const only = await certificate(first, account.root, extra.signKey);
    expect(await accountOf({ ...account, certificates: [only] }, extra.signKey)).toBe(first.id);
  });

  test('does not hold with certificates swapped, left out, changed or signed by another', async () => {
    const [ada, ben, last, mal] = await Promise.all([device(), device(), device(), device()]);
    const account = await chainOf([ada, ben, last]);
    const [one, two] = account.certificates;
    if (!one || !two) throw new Error('no certificates');
    expect(await accountOf(account, last.signKey)).toBe(ada.id);

    const theirs = (await chainOf([mal, last])).certificates[0];
    const broken: Account[] = [
      { ...account, certificates: [two, one] },
      { ...account, certificates: [two] },
      { ...account, certificates: [one, two, two] },
      { ...account, root: mal.signKey },
      { ...account, root: ben.signKey },
      { ...account, root: ben.signKey, certificates: [two] },
      changed(account, 0, { device: mal.signKey }),
      changed(account, 0, { createdMs: 1001 }),
      changed(account, 1, { signature: flipped(two.signature) }),
      changed(account, 1, { signature: one.signature }),
      changed(account, 1, { signature: theirs?.signature ?? one.signature }),
    ];
    for (const [i, other] of broken.entries()) {
      expect([i, await accountOf(other, last.signKey), await accountOf(other, ben.signKey)]).toEqual([
        i,
        undefined,
        undefined,
      ]);
    }
  });

  test('is not entered through a certificate that vouches for another account', async () => {
    const [ada, ben, mal] = await Promise.all([device(), device(), device()]);
    const elsewhere = await chainOf([mal, ben]);
    expect(await accountOf({ root: ada.signKey, certificates: elsewhere.certificates }, ben.signKey)).toBeUndefined();
  });
});

describe('an invitation', () => {
  const [inviter, invited] = ['0a'.repeat(16), '0b'.repeat(16)];

  test('is eight words from 72 bits', () => {
    const drawn = newInvitation((into) => {
      expect(into).toHaveLength(9);
      into.set([0, 0, 0, 0, 0, 0, 0, 1, 255]);
    });
    const words = drawn.split('-');
    expect(words).toHaveLength(INVITATION_WORDS);
    expect(words.slice(0, 6)).toEqual(Array.from({ length: 6 }, () => poolWords[0]));
    expect(words.at(-1)).toBe(poolWords[511]);
    const codes = Array.from({ length: 100 }, () => newInvitation((into) => crypto.getRandomValues(into)));
    expect(new Set(codes).size).toBe(100);
    for (const code of codes) expect(parseInvitation(code)).toBe(code);
  });

  test('is found in what a person types', () => {
    const code = newInvitation((into) => crypto.getRandomValues(into));
    expect(parseInvitation(`  ${code.toUpperCase().replaceAll('-', ' ')} \n`)).toBe(code);
    expect(parseInvitation(code.replaceAll('-', ' - '))).toBe(code);
  });

  test.each<[string, (words: string[]) => string]>([
    ['a word less', (words) => words.slice(1).join('-')],
    ['a word more', (words) => [...words, 'amber'].join('-')],
    ['a word that is none', (words) => ['rockpool', ...words.slice(1)].join('-')],
    ['nothing', () => ''],
    ['very much', (words) => words.join('-').padEnd(1_000_000, ' amber')],
  ])('is not found in %s', (_what, make) => {
    const words = newInvitation((into) => crypto.getRandomValues(into)).split('-');
    expect(parseInvitation(make(words))).toBeUndefined();
  });

  test('is proven by HMAC-SHA-256 over who invites whom', () => {
    const message = Buffer.concat([Buffer.from('rockpool invitation\0'), hex(inviter), hex(invited)]);
    const expected = createHmac('sha256', 'amber-ample').update(message).digest('hex');
    expect(toHex(invitationProof('amber-ample', inviter, invited))).toBe(expected);
  });

  test('is proven to one device, by one device, with one code', () => {
    const proofs = [
      invitationProof('amber-ample', inviter, invited),
      invitationProof('amber-bold', inviter, invited),
      invitationProof('amber-ample', invited, inviter),
      invitationProof('amber-ample', inviter, inviter),
      invitationProof('amber-ample', invited, invited),
    ].map(toHex);
    expect(new Set(proofs).size).toBe(proofs.length);
  });
});
