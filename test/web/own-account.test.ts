import { expect, test } from '@jest/globals';
import { keepAccount, ownAccount } from '../../web/own-account.ts';

/** A browser's storage with this in it. */
function storage(text: string): { text: string } {
  const kept = { text };
  const localStorage = {
    getItem: () => kept.text,
    setItem: (_key: string, value: string) => {
      kept.text = value;
    },
  };
  Object.assign(globalThis, { localStorage });
  return kept;
}

const bytes = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value);
const account = {
  root: bytes(32, 1),
  certificates: [{ device: bytes(32, 2), createdMs: 1.5, signature: bytes(64, 3) }],
};

test('an account is read back as it was kept', () => {
  storage('');
  keepAccount('aa', account);
  expect(ownAccount('aa')).toEqual(account);
});

test('nonsense is nobody’s account', () => {
  const kept = storage('');
  keepAccount('aa', { ...account, root: bytes(31, 1) });
  const short = kept.text;
  for (const text of ['', '{}', '["xyz"]', '00', short, short.slice(0, 20)]) {
    storage(text);
    expect(ownAccount('aa')).toBeUndefined();
  }
});
