// Taking part of an offer, one thing after the other, and in the order one likes.
import { truncate, writeFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import { sha256Of } from '../cli/terminal.ts';
import { BULK_LIMIT_MS, LIMIT_MS, MIB, type World, withWorld } from './support/world.ts';

let world: World;
withWorld((opened) => (world = opened));

test(
  'of three files two are taken: those two arrive, and both sides say so',
  async () => {
    const pool = world.freshPool();
    const [mara, jo] = [await world.member('Mara', pool), await world.member('Jo', pool)];
    await mara.sees('Jo');
    const paths = await Promise.all(
      ['one.bin', 'two.bin', 'three.bin'].map((name, at) => world.fileOf(name, MIB + at)),
    );
    await mara.drop(...paths);
    await mara.review.getByText('3.1 MB').waitFor();
    await mara.sendReviewed();
    const card = jo.offer('3 files');
    await card.getByRole('button', { name: 'Take all 3' }).waitFor();
    await card.getByRole('checkbox', { name: /two\.bin/u }).uncheck();
    await card.getByRole('button', { name: 'Take 2 of 3' }).click();
    const verified = card.getByText('Verified', { exact: true });
    await verified.nth(1).waitFor();
    await mara.offer('3 files').getByText('Verified by Jo').waitFor();
    expect(await verified.count()).toBe(2);
    const saves = card.getByRole('button', { name: 'Save', exact: true });
    expect(await saves.count()).toBe(2);
    for (const [at, path] of [paths[0], paths[2]].entries()) {
      const download = jo.page.waitForEvent('download');
      await saves.nth(at).click();
      expect(await sha256Of(await (await download).path())).toBe(await sha256Of(path ?? ''));
    }
  },
  LIMIT_MS,
);

test(
  'none chosen is none to take; declining is still there',
  async () => {
    const pool = world.freshPool();
    const [mara, jo] = [await world.member('Mara', pool), await world.member('Jo', pool)];
    await mara.sees('Jo');
    await mara.drop(await world.fileOf('one.bin', 10), await world.fileOf('two.bin', 20));
    await mara.sendReviewed();
    const card = jo.offer('2 files');
    for (const name of ['one.bin', 'two.bin']) await card.getByRole('checkbox', { name }).uncheck();
    expect(await card.getByRole('button', { name: 'Take 0 of 2' }).isDisabled()).toBe(true);
    await card.getByRole('button', { name: 'Decline' }).click();
    await card.getByText('You declined.').waitFor();
  },
  LIMIT_MS,
);

test(
  'a paused transfer stands still and says where, and goes on to the end when it is resumed',
  async () => {
    const pool = world.freshPool();
    const [mara, jo] = [await world.member('Mara', pool), await world.member('Jo', pool)];
    await mara.sees('Jo');
    await jo.receiveAtMost(8);
    const path = await world.fileOf('large.bin', 32 * MIB);
    await mara.drop(path);
    await jo.accept('large.bin');
    await jo.isMidway('large.bin');
    await jo.transfers.getByText('Held back by the limit set here.').waitFor();
    await jo.button('Pause large.bin').click();
    const still = jo.transfers.getByText(/^Paused\. \d+% is here\.$/u);
    await still.waitFor();
    // What was asked for before still comes in; then nothing moves.
    await jo.page.waitForTimeout(1500);
    const before = await still.textContent();
    await jo.page.waitForTimeout(1500);
    expect(await still.textContent()).toBe(before);
    await jo.receiveUnlimited();
    expect(await still.textContent()).toBe(before);
    await jo.button('Resume large.bin').click();
    await jo.isVerified('large.bin');
    expect(await sha256Of(await (await jo.save('large.bin')).path())).toBe(await sha256Of(path));
  },
  BULK_LIMIT_MS,
);

test(
  'the order of what is received is changed by keyboard, and the focus stays with what was moved',
  async () => {
    const pool = world.freshPool();
    const [mara, jo] = [await world.member('Mara', pool), await world.member('Jo', pool)];
    await mara.sees('Jo');
    await jo.receiveAtMost(0.2);
    for (const name of ['first.bin', 'second.bin', 'third.bin']) {
      await mara.drop(await world.fileOf(name, 16 * MIB));
      await jo.accept(name);
    }
    const rows = jo.transfers.getByRole('list', { name: 'Under way' }).getByRole('listitem');
    await rows.nth(2).waitFor();
    const names = (): Promise<string[]> => rows.locator('bdi:first-child').allTextContents();
    const up = jo.button('Move third.bin up');
    await up.focus();
    await jo.page.keyboard.press('Enter');
    await rows.nth(1).getByText('third.bin').waitFor();
    await jo.page.waitForFunction(() => document.activeElement?.getAttribute('aria-label') === 'Move third.bin up');
    await jo.page.keyboard.press('Enter');
    await rows.nth(0).getByText('third.bin').waitFor();
    expect((await names()).filter((name) => name.endsWith('.bin'))).toEqual(['third.bin', 'first.bin', 'second.bin']);
    expect(await up.isDisabled()).toBe(true);
    const down = jo.button('Move third.bin down');
    await down.focus();
    await jo.page.keyboard.press('Enter');
    await rows.nth(1).getByText('third.bin').waitFor();
    await jo.page.waitForFunction(() => document.activeElement?.getAttribute('aria-label') === 'Move third.bin down');
    await jo.button('Cancel first.bin').click();
    await jo.transfers.getByText(/^Stopped at \d+%\. Nothing of it was kept\.$/u).waitFor();
  },
  LIMIT_MS,
);

test(
  'what will not fit is said before it is taken',
  async () => {
    const pool = world.freshPool();
    const [mara, jo] = [await world.member('Mara', pool), await world.member('Jo', pool)];
    await mara.sees('Jo');
    // More than a browser lets one page store, and nothing on the disk.
    const path = await world.place('huge.bin');
    await writeFile(path, '');
    await truncate(path, 100_000 * MIB);
    await mara.drop(path);
    const card = jo.offer('huge.bin');
    await card.getByText(/^It needs 105 GB, and this browser has room for .+B\. Make some room first\.$/u).waitFor();
    await card.getByRole('button', { name: 'Decline' }).click();
    await card.getByText('You declined.').waitFor();
  },
  LIMIT_MS,
);

test(
  'a full disk is said plainly, and one press goes on once there is room',
  async () => {
    const pool = world.freshPool();
    const [mara, jo] = [await world.member('Mara', pool), await world.member('Jo', pool)];
    await mara.sees('Jo');
    const devtools = await jo.page.context().newCDPSession(jo.page);
    await devtools.send('Storage.overrideQuotaForOrigin', { origin: world.url, quotaSize: 4 * MIB });
    const path = await world.fileOf('large.bin', 16 * MIB);
    await mara.drop(path);
    const card = jo.offer('large.bin');
    await jo.accept('large.bin');
    await card.getByText(/^Not enough free space on this device\./u).waitFor();
    await devtools.send('Storage.overrideQuotaForOrigin', { origin: world.url });
    await card.getByRole('button', { name: 'Try again' }).click();
    await jo.isVerified('large.bin');
    expect(await sha256Of(await (await jo.save('large.bin')).path())).toBe(await sha256Of(path));
  },
  LIMIT_MS,
);

test(
  'a picture is seen before it is taken',
  async () => {
    const pool = world.freshPool();
    const [mara, jo] = [await world.member('Mara', pool), await world.member('Jo', pool)];
    await mara.sees('Jo');
    const path = await world.place('conversation.png');
    await mara.page.screenshot({ path });
    await mara.drop(path);
    const image = jo.offer('conversation.png').locator('img');
    await image.waitFor();
    await jo.page.waitForFunction(
      (shown) => shown instanceof HTMLImageElement && shown.naturalWidth > 16,
      await image.elementHandle(),
    );
  },
  LIMIT_MS,
);
