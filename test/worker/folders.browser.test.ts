// Folders in Chromium: offered as a tar archive that is never made, received as one, given out as one or unpacked into
// a directory; and thumbnails of offered images. The archive is judged by the system's own tar.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import type { FileFacts } from '../../src/io/store.ts';
import { addFolder, archived, decode, remote } from './remote-store.ts';
import { StoreBrowsers } from './store-browsers.ts';
import { chunksOf, sha256Of } from './store-suite.ts';

const CHUNK = 64 * 1024;
const run = promisify(execFile);

jest.setTimeout(60_000);

const browsers = new StoreBrowsers();
let page: Page;
let home: string;

beforeEach(async () => {
  page = await browsers.open();
  home = await mkdtemp(join(browsers.site.folder, 'home-'));
});

afterEach(() => rm(home, { recursive: true }));

/** Makes `reef/` with the files named, all of one time. */
async function plant(files: Readonly<Record<string, number>>): Promise<string> {
  const folder = join(home, 'reef');
  for (const [path, bytes] of Object.entries(files)) {
    const file = join(folder, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, randomBytes(bytes));
    await utimes(file, 1_700_000_000, 1_700_000_000);
  }
  return folder;
}

/** Small files, large ones, empty ones, deep and Unicode names, and many in one chunk. */
const VARIED: Readonly<Record<string, number>> = {
  'a.txt': 1,
  'empty.txt': 0,
  'big.bin': 5 * CHUNK + 123,
  'deep/er/and/deeper/block.bin': 512,
  [`long/${'n'.repeat(120)}/${'m'.repeat(120)}.txt`]: 700,
  'דגים/🐟.txt': 100,
  ...Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`many/${index}.txt`, 300 + index])),
};

async function readAll(key: string, facts: FileFacts): Promise<Buffer> {
  const count = Math.ceil(facts.bytes / CHUNK);
  const chunks = await Promise.all(Array.from({ length: count }, (_, index) => remote(page).read(key, index)));
  return Buffer.concat(chunks);
}

/** Receives `bytes` as a folder and resolves to where it is. */
async function receiveFolder(bytes: Uint8Array, facts: FileFacts): Promise<string> {
  const store = remote(page);
  await store.create('in', facts, CHUNK);
  for (const [index, chunk] of chunksOf(bytes, CHUNK).entries()) {
    await store.write('in', index, chunk, sha256Of(chunk));
  }
  return store.finish('in');
}

describe('an offered folder', () => {
  test('reads as a tar archive of what is in it', async () => {
    const folder = await plant(VARIED);
    const facts = await addFolder(page, 'a', folder, CHUNK, ['nothing', 'deep/nothing']);
    const contentBytes = Object.values(VARIED).reduce((sum, bytes) => sum + bytes, 0);
    const entries = Object.keys(VARIED).length + 2;
    const modifiedMs = 1_700_000_000_000;
    expect(facts).toEqual({ name: 'reef', bytes: facts.bytes, modifiedMs, folder: { entries, contentBytes } });
    const bytes = await readAll('a', facts);
    expect(bytes).toHaveLength(facts.bytes);

    await mkdir(join(home, 'out'));
    await writeFile(join(home, 'reef.tar'), bytes);
    await run('tar', ['-xf', join(home, 'reef.tar'), '-C', join(home, 'out')]);
    await mkdir(join(folder, 'nothing'));
    await mkdir(join(folder, 'deep/nothing'));
    // Silent if they are equal.
    await run('diff', ['-r', folder, join(home, 'out/reef')]);
    expect((await stat(join(home, 'out/reef/many/7.txt'))).mtimeMs).toBe(modifiedMs);

    const hashes = await remote(page).hash('a', 0, Math.ceil(facts.bytes / CHUNK));
    expect(Buffer.concat(chunksOf(bytes, CHUNK).map(sha256Of)).equals(hashes)).toBe(true);
  });

  test('that has nothing in it is an archive as well', async () => {
    const add = { name: 'void', entries: [] };
    const facts = await page.evaluate((tree) => workerStore.add('a', tree, 65_536), add);
    expect(facts).toMatchObject({ name: 'void', bytes: 1536, folder: { entries: 0, contentBytes: 0 } });
    const bytes = await readAll('a', facts);
    expect(bytes.toString('latin1', 0, 4)).toBe('void');
    expect(bytes.subarray(512).equals(Buffer.alloc(1024))).toBe(true);
  });

  test('tells which of its files changed', async () => {
    const folder = await plant(VARIED);
    const facts = await addFolder(page, 'a', folder, CHUNK);
    await writeFile(join(folder, 'many/3.txt'), 'other');
    const hashed = remote(page).hash('a', 0, Math.ceil(facts.bytes / CHUNK));
    await expect(hashed).rejects.toMatchObject({
      code: 'changed',
      message: expect.stringContaining('reef/many/3.txt'),
    });
  });

  test('is not taken if its files are gone', async () => {
    const folder = await plant({ 'a.txt': 1, 'b.txt': 1 });
    await page.setInputFiles('#folder', folder);
    await rm(join(folder, 'b.txt'));
    const added = await page.evaluate(() => storePage.addFolder('a', 65_536, []));
    expect(added).toMatchObject({ ok: false, code: 'unreadable', message: expect.stringContaining('reef/b.txt') });
  });
});

describe('a received folder', () => {
  let facts: FileFacts;
  let bytes: Uint8Array;
  let location: string;

  beforeEach(async () => {
    facts = await addFolder(page, 'a', await plant(VARIED), CHUNK, ['nothing']);
    bytes = new Uint8Array(await readAll('a', facts));
    location = await receiveFolder(bytes, facts);
  });

  test('is given out as its archive', async () => {
    const archive = await archived(page, location);
    expect(archive).toMatchObject({ name: 'reef.tar', type: 'application/octet-stream' });
    expect(Buffer.from(decode(archive.bytes)).equals(bytes)).toBe(true);
  });

  test('unpacks into a directory, under a name that is free, and says how far it is', async () => {
    const unpacked = await page.evaluate(async (from) => {
      const target = await (await navigator.storage.getDirectory()).getDirectoryHandle('target', { create: true });
      await target.getDirectoryHandle('reef', { create: true });
      await target.getFileHandle('reef (2)', { create: true });
      const told: { files: number; bytes: number }[] = [];
      const name = await workerStore.unpackTo(from, target, (so) => void told.push(so));
      const found: [string, string][] = [];
      const walk = async (directory: FileSystemDirectoryHandle, path: string): Promise<void> => {
        for await (const [child, handle] of directory.entries()) {
          if (handle instanceof FileSystemDirectoryHandle) {
            found.push([`${path}${child}/`, '']);
            await walk(handle, `${path}${child}/`);
          } else if (handle instanceof FileSystemFileHandle) {
            const content = new Uint8Array(await (await handle.getFile()).arrayBuffer());
            found.push([path + child, btoa(Array.from(content, (byte) => String.fromCharCode(byte)).join(''))]);
          }
        }
      };
      await walk(target, '');
      return { name, last: told.at(-1), found };
    }, location);
    expect(unpacked.name).toBe('reef (3)');
    expect(unpacked.last).toEqual({ files: Object.keys(VARIED).length, bytes: facts.folder?.contentBytes });
    const found = new Map(unpacked.found);
    expect(found.has('reef (3)/nothing/')).toBe(true);
    for (const path of Object.keys(VARIED)) {
      const planted = await readFile(join(home, 'reef', path));
      expect(found.get(`reef (3)/${path}`)).toBe(planted.toString('base64'));
    }
    expect([...found.keys()].filter((path) => !path.endsWith('/'))).toHaveLength(Object.keys(VARIED).length + 1);
  });

  test('that is no archive leaves nothing behind', async () => {
    await remote(page).remove('in');
    const broken = bytes.slice();
    // Its last header, of `דגים/🐟.txt`, and what follows.
    broken.fill(0xff, broken.length - 4096, broken.length - 2048);
    const place = await receiveFolder(broken, { ...facts, name: 'broken' });
    const result = await page.evaluate(async (from) => {
      const target = await (await navigator.storage.getDirectory()).getDirectoryHandle('target', { create: true });
      const failed = await workerStore.unpackTo(from, target).catch((error: unknown) => `failed: ${String(error)}`);
      const names: string[] = [];
      for await (const name of target.keys()) names.push(name);
      return { failed, names };
    }, place);
    expect(result.failed).toMatch(/^failed: StoreError/u);
    expect(result.names).toEqual([]);
  });
});

describe('a thumbnail', () => {
  /** Offers a picture of noise, or of bands, drawn in the page; resolves to what its thumbnail measures. */
  const thumbnailOf = (
    width: number,
    height: number,
    noise: boolean,
  ): Promise<{ bytes: number; width: number; height: number; type: string } | undefined> =>
    page.evaluate(
      async ([w, h, noisy]) => {
        const canvas = new OffscreenCanvas(w, h);
        const context = canvas.getContext('2d');
        const image = new ImageData(w, h);
        for (let at = 0; at < image.data.length; at += 65_536) {
          if (noisy) crypto.getRandomValues(image.data.subarray(at, at + 65_536));
          else image.data.subarray(at, at + 65_536).fill((at / 65_536) % 256);
        }
        for (let at = 3; at < image.data.length; at += 4) image.data[at] = 255;
        context?.putImageData(image, 0, 0);
        const file = new File([await canvas.convertToBlob({ type: 'image/png' })], 'x.png', { type: 'image/png' });
        await workerStore.add('p', file, 65_536);
        const made = await workerStore.thumbnail('p');
        if (made === undefined) return undefined;
        const bitmap = await createImageBitmap(new Blob([new Uint8Array(made)], { type: 'image/webp' }));
        const type = new TextDecoder().decode(made.subarray(8, 12));
        return { bytes: made.length, width: bitmap.width, height: bitmap.height, type };
      },
      [width, height, noise] as const,
    );

  test('is a WebP of at most 160 px and 8 KiB, even of noise', async () => {
    const [wide, tall, small, noise] = [
      await thumbnailOf(800, 400, false),
      await thumbnailOf(30, 600, false),
      await thumbnailOf(20, 10, false),
      await thumbnailOf(700, 700, true),
    ];
    expect(wide).toMatchObject({ width: 160, height: 80, type: 'WEBP' });
    expect(tall).toMatchObject({ width: 8, height: 160 });
    expect(small).toMatchObject({ width: 20, height: 10 });
    for (const made of [wide, tall, small]) expect(made?.bytes).toBeLessThanOrEqual(8 * 1024);
    // Noise may not fit at all; then there is none.
    expect(noise?.bytes ?? 0).toBeLessThanOrEqual(8 * 1024);
  });

  test('is not made of what is no picture, too large, or not offered', async () => {
    const made = await page.evaluate(async () => {
      await workerStore.add('text', new File(['fish'], 'fish.txt', { type: 'text/plain' }), 65_536);
      await workerStore.add('broken', new File(['fish'], 'fish.png', { type: 'image/png' }), 65_536);
      const large = new File([new Uint8Array(51 * 1024 * 1024)], 'large.png', { type: 'image/png' });
      await workerStore.add('large', large, 65_536);
      return Promise.all(['text', 'broken', 'large', 'unknown'].map((key) => workerStore.thumbnail(key)));
    });
    expect(made).toEqual([undefined, undefined, undefined, undefined]);
  });
});
