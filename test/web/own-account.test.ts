import { expect, test } from '@jest/globals';
import { CERTIFICATES_MAX } from '../../src/wire/talk.ts';
import { keepAccount, ownAccount, readOwnAccount } from '../../web/own-account.ts';

const bytes = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value);

test('nonsense is nobody’s account', () => {
  const endless = JSON.stringify(['00', ...Array.from({ length: CERTIFICATES_MAX + 1 }, () => ['00', 1, '00'])]);
  for (const text of ['', '{}', '[]', '["xyz"]', '["00","01"]', endless]) {
    expect(readOwnAccount(text)).toBeUndefined();
  }
});

test('an account is read back as it was kept', () => {
  const saved: string[] = [];
  const storage = { getItem: () => saved.at(-1) ?? null, setItem: (_key: string, value: string) => saved.push(value) };
  Object.assign(globalThis, { localStorage: storage });
  const account = {
    root: bytes(32, 1),
    certificates: [{ device: bytes(32, 2), createdMs: 1.5, signature: bytes(64, 3) }],
  };
  keepAccount('aa', account);
  expect(ownAccount('aa')).toEqual(account);
});
