// Whose device this is, kept beside its keys from one start to the next.
import { chmod, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { deviceIn, holdDeviceKeys } from '../../src/io/device-keys-files.ts';
import { accountOf, certify } from '../../src/keys/account.ts';
import { generateDeviceKeys } from '../../src/keys/identity.ts';
import { testFolder } from './folder.ts';

const folder = testFolder();

test('an account is there the next time, for its owner alone, and another one takes its place', async () => {
  await chmod(folder.path, 0o700);
  const first = await holdDeviceKeys(folder.path);
  expect([first.slot, first.account]).toEqual([0, undefined]);
  expect(await deviceIn(folder.path, 0)).toBe(first.keys.id);
  expect(await deviceIn(folder.path, 1)).toBe(undefined);
  for (let times = 0; times < 2; times += 1) {
    const root = await generateDeviceKeys(false);
    const own = { root: root.signKey, certificates: [] };
    await first.keepAccount(await certify(root, own, first.keys.signKey, 5));
    await first.release();
    const again = await holdDeviceKeys(folder.path);
    const { account } = again;
    expect(account === undefined ? undefined : await accountOf(account, first.keys.signKey)).toBe(root.id);
    await again.release();
  }
  expect((await stat(join(folder.path, 'device-0.account'))).mode & 0o777).toBe(0o600);
  expect((await readdir(folder.path)).toSorted()).toEqual(['device-0.account', 'device-0.key']);
});

test('an account that cannot be read is said, rather than to be somebody else', async () => {
  await chmod(folder.path, 0o700);
  await (await holdDeviceKeys(folder.path)).release();
  await writeFile(join(folder.path, 'device-0.account'), 'x');
  await expect(holdDeviceKeys(folder.path)).rejects.toMatchObject({ code: 'keys-damaged' });
});
