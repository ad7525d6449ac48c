// Many files, and many who have them: a source tree of 5,000 files to a page and a terminal, and one who lies about a file.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { difference, untar } from './support/tree.ts';
import { BULK_LIMIT_MS, MIB, type World, withWorld } from './support/world.ts';

/** What a checked-out source tree is like: many small files, some folders deep. */
const FILES = 5_000;
const PER_FOLDER = 40;

let world: World;
withWorld((opened) => (world = opened));

async function makeSources(path: string): Promise<void> {
  for (let folder = 0; folder < FILES / PER_FOLDER; folder++) {
    const place = join(path, `package-${folder % 9}`, 'src', `part ${folder}`);
    // oxlint-disable-next-line no-await-in-loop -- one folder after the other, or the disk is asked for 5,000 at once
    await mkdir(place, { recursive: true });
    const files = Array.from({ length: PER_FOLDER }, (_, at) =>
      writeFile(
        join(place, `file-${at}.ts`),
        `export const value = ${folder * PER_FOLDER + at};\n`.repeat(1 + (at % 60)),
      ),
    );
    // oxlint-disable-next-line no-await-in-loop -- as above
    await Promise.all(files);
  }
  await mkdir(join(path, 'empty'));
}

test(
  'a source tree of 5,000 files arrives on a page and in a terminal as it is',
  async () => {
    const pool = world.freshPool();
    const [mara, jo] = [await world.member('Mara', pool), await world.member('Jo', pool)];
    await mara.sees('Jo');
    const inbox = await world.place('inbox');
    const tom = world.terminal('receive', pool, '--name', 'Tom', '--into', inbox);
    await mara.sees('Tom');
    const path = await world.place('tree');
    await makeSources(path);
    await mara.drop(path);
    await mara.sendReviewed();
    await jo.accept('tree');
    await Promise.all([jo.isVerified('tree'), mara.isVerified('tree', 'Verified by Tom')]);
    expect(await tom.exit).toBe(0);
    expect(await difference(path, join(inbox, 'tree'))).toBe('');
    const download = await jo.save('tree', 'Save .tar');
    const unpacked = await world.place('unpacked');
    await untar(await download.path(), unpacked);
    expect(await difference(path, join(unpacked, 'tree'))).toBe('');
  },
  BULK_LIMIT_MS,
);

test(
  'a member who sends what is wrong is found out, and the file arrives from the others',
  async () => {
    const pool = world.freshPool();
    const [mara, lia] = [await world.member('Mara', pool), await world.person('Lia')];
    // What her store reads for others has a byte flipped, once she says so.
    await lia.page.addInitScript(() => {
      const listen = Worker.prototype.addEventListener;
      const lies = (event: Event): void => {
        if (!(event instanceof MessageEvent) || !('lies' in window)) return;
        const { value } = event.data as { value?: unknown };
        if (value instanceof Uint8Array && value.length > 16_384) value[0] = (value[0] ?? 0) ^ 1;
      };
      Worker.prototype.addEventListener = function (...args: Parameters<typeof listen>): void {
        if (args[0] === 'message') listen.call(this, 'message', lies);
        listen.apply(this, args);
      };
    });
    await lia.page.reload();
    await lia.join(pool);
    await mara.sees('Lia');
    await mara.attach(await world.fileOf('large.bin', 24 * MIB));
    await lia.accept('large.bin');
    await lia.isVerified('large.bin');
    await lia.page.evaluate(() => {
      Object.assign(window, { lies: true });
    });
    const jo = await world.member('Jo', pool);
    await jo.sees('Lia');
    await jo.accept('large.bin');
    await jo.isVerified('large.bin');
    await jo.page.getByRole('button', { name: 'Sources of large.bin' }).click();
    const sources = jo.transfers.getByRole('listitem');
    await sources.filter({ hasText: 'Lia' }).getByText('3 wrong pieces').first().waitFor();
    await jo.page.getByRole('button', { name: 'Check large.bin again' }).click();
    await jo.page.getByText(/^Read back in \d+ s, and all of it is right\.$/u).waitFor();
  },
  BULK_LIMIT_MS,
);
