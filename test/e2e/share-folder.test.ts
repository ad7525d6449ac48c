// A folder as it is: dropped on one page, received on another, and the same on the disk in the end.
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { difference, makeTree, untar } from './support/tree.ts';
import { LIMIT_MS, type World, withWorld } from './support/world.ts';

const FILES = 60;

let world: World;
withWorld((opened) => (world = opened));

test(
  'a dropped folder is looked at, sent, verified, and saved as an archive that unpacks to the same',
  async () => {
    const pool = world.freshPool();
    const [mara, jo] = [await world.member('Mara', pool), await world.member('Jo', pool)];
    await mara.sees('Jo');
    const path = await world.place('holiday');
    await makeTree(path, FILES);
    await mara.drop(path);
    await mara.review.getByText(`${FILES + 5} files in 14 folders`).waitFor();
    await mara.review.getByText(`To everyone in ${pool}: Jo`).waitFor();
    await mara.sendReviewed();
    await jo
      .offer('holiday')
      .getByText(/^Folder · \d+ items$/u)
      .waitFor();
    await jo.accept('holiday');
    await Promise.all([jo.isVerified('holiday'), mara.isVerified('holiday', 'Verified by Jo')]);

    const download = await jo.save('holiday', 'Save .tar');
    expect(download.suggestedFilename()).toBe('holiday.tar');
    const unpacked = await world.place('unpacked');
    await untar(await download.path(), unpacked);
    expect(await difference(path, join(unpacked, 'holiday'))).toBe('');
    expect(await stat(join(unpacked, 'holiday', 'zero.bin'))).toMatchObject({
      size: 0,
      mtimeMs: Date.UTC(2021, 2, 4, 5, 6, 8),
    });
    expect((await stat(join(unpacked, 'holiday', 'pictures', 'also empty'))).isDirectory()).toBe(true);
  },
  LIMIT_MS,
);

test(
  'files and folders dropped together: one offer for the files, one for each folder, or nothing at all',
  async () => {
    const pool = world.freshPool();
    const [mara, jo] = [await world.member('Mara', pool), await world.member('Jo', pool)];
    await mara.sees('Jo');
    const folder = await world.place('empty folder');
    await mkdir(folder);
    const files = [await world.fileOf('one.bin', 1000), await world.fileOf('two.bin', 2000)];
    await mara.drop(...files, folder);
    await mara.review.getByText('two.bin').waitFor();
    await mara.review.getByRole('button', { name: 'Cancel' }).click();
    await mara.review.waitFor({ state: 'hidden' });

    await mara.drop(...files, folder);
    await mara.review.getByText('empty folder').waitFor();
    await mara.sendReviewed();
    await jo.offer('2 files').waitFor();
    await jo.accept('empty folder');
    await jo.isVerified('empty folder');
    expect(await jo.conversation.getByRole('article').count()).toBe(2);
  },
  LIMIT_MS,
);

test(
  'a browser without handles drops folders whole, and picks them without what is empty',
  async () => {
    const pool = world.freshPool();
    const [mara, jo] = [await world.person('Mara'), await world.member('Jo', pool)];
    await mara.page.evaluate(() => {
      Object.defineProperty(window, 'showDirectoryPicker', { value: undefined });
      Object.defineProperty(DataTransferItem.prototype, 'getAsFileSystemHandle', { value: undefined });
    });
    await mara.join(pool);
    await mara.sees('Jo');
    const dropped = await world.place('dropped');
    await makeTree(dropped, FILES);
    await mara.drop(dropped);
    await mara.review.getByText(`${FILES + 5} files in 14 folders`).waitFor();
    await mara.sendReviewed();

    const picked = await world.place('picked');
    await mkdir(join(picked, 'inside', 'deep'), { recursive: true });
    await writeFile(join(picked, 'inside', 'deep', 'pearl.txt'), 'a pearl');
    await writeFile(join(picked, 'stone.txt'), 'a stone');
    const chooser = mara.page.waitForEvent('filechooser');
    await mara.button('More to attach').click();
    await mara.button('Folder…').click();
    await (await chooser).setFiles(picked);
    await mara.review.getByText('2 files in 3 folders').waitFor();
    await mara.sendReviewed();

    for (const [name, path] of [['dropped', dropped] as const, ['picked', picked] as const]) {
      await jo.accept(name);
      await jo.isVerified(name);
      const unpacked = await world.place('unpacked');
      await untar(await (await jo.save(name, 'Save .tar')).path(), unpacked);
      expect(await difference(path, join(unpacked, name))).toBe('');
    }
  },
  LIMIT_MS,
);
