// Secrets and what is kept of them.
import { describe, expect, jest, test } from '@jest/globals';
import { hashPassphrase, hashToken, isPassphrase, newId, newToken } from '../../../signaling/store/secrets.ts';

// Each hash is slow on purpose.
jest.setTimeout(60_000);

describe('a passphrase', () => {
  test('is known again by its hash, however it was typed, and no other is', async () => {
    const hash = await hashPassphrase('caf\u00e9 \ufb01ne');
    expect(await isPassphrase('cafe\u0301 fine', hash)).toBe(true);
    expect(await isPassphrase('cafe fine', hash)).toBe(false);
    expect(await isPassphrase('', hash)).toBe(false);
  });

  test('has another hash each time', async () => {
    expect(await hashPassphrase('same')).not.toBe(await hashPassphrase('same'));
  });

  test.each(['', 'plain', 'scrypt$15$8$3$short$short', `scrypt$99$8$3$${'a'.repeat(22)}$${'a'.repeat(43)}`])(
    'has no such hash: %s',
    async (hash) => {
      await expect(isPassphrase('any', hash)).rejects.toMatchObject({ name: 'RangeError' });
    },
  );
});

test('a token’s hash is SHA-256, and tokens and ids do not come twice', () => {
  expect(hashToken('abc')).toBe('ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0');
  expect(new Set(Array.from({ length: 100 }, newToken)).size).toBe(100);
  expect(newToken()).toMatch(/^[\w-]{43}$/);
  expect(newId()).toMatch(/^[0-9a-f]{32}$/);
});
