// What a person waits for: the start screen arrives in at most 90 KB, by adding up files and in a real browser.
// Reads the build in dist/web; test/run.mjs makes it first.

import { readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from '@jest/globals';
import { parseSync } from 'vite';
import { launchChromium } from './support/chromium.ts';
import { serveStatic } from './support/static-server.ts';

const BYTES_MAX = 90 * 1024;
const BROWSER_MS = 60_000;

const web: string = join(import.meta.dirname, '../dist/web');

const read = (file: string): Buffer => readFileSync(join(web, file));

/** The scripts, preloads and stylesheets that index.html names, as paths below dist/web. */
function namedByPage(html: string): string[] {
  return [...html.matchAll(/<(script|link)\b[^>]*>/g)].flatMap(([tag, element]) => {
    const attribute = (name: string): string | undefined => new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1];
    const needed = element === 'script' || /^(modulepreload|preload|stylesheet)$/.test(attribute('rel') ?? '');
    const path = attribute(element === 'script' ? 'src' : 'href');
    return needed && path !== undefined ? [posix.normalize(path)] : [];
  });
}

/** `files` and every script they import statically, however far down. */
function withImports(files: readonly string[]): Set<string> {
  const closure = new Set<string>(files);
  for (const file of closure) {
    if (!file.endsWith('.js')) continue;
    const { module } = parseSync(file, read(file).toString());
    const reExports = module.staticExports.flatMap(({ entries }) => entries.map(({ moduleRequest }) => moduleRequest));
    for (const request of [...module.staticImports.map(({ moduleRequest }) => moduleRequest), ...reExports]) {
      if (request) closure.add(posix.join(posix.dirname(file), request.value));
    }
  }
  return closure;
}

const total = (sizes: Iterable<readonly [string, number]>): number =>
  [...sizes].reduce((sum, [, bytes]) => sum + bytes, 0);

test('what index.html needs before it runs is at most 90 KB gzip', () => {
  const files = ['index.html', ...withImports(namedByPage(read('index.html').toString()))];
  const sizes = files.map((file) => [file, gzipSync(read(file)).byteLength] as const);
  // A page without scripts would pass for the wrong reason.
  expect(files.filter((file) => file.endsWith('.js'))).not.toEqual([]);
  expect({ bytes: total(sizes), fits: total(sizes) <= BYTES_MAX, sizes }).toMatchObject({ fits: true });
});

test(
  'a browser has fetched at most 90 KB, fonts and all, when "Join pool" can be pressed',
  async () => {
    const server = await serveStatic(web);
    const browser = await launchChromium();
    try {
      const page = await browser.newPage();
      await page.goto(`${server.origin}/`, { waitUntil: 'commit' });
      const button = page.getByRole('button', { name: 'Join pool' });
      await button.waitFor({ timeout: BROWSER_MS / 2 });
      // All of it, also what comes after the first paint: nobody has touched the page yet.
      await page.waitForLoadState('networkidle');
      const untilUsable = server.transfers.map(({ path, bytes }) => [path, bytes] as const);
      await page.getByRole('textbox', { name: 'Your name' }).fill('Mara');
      await page.getByRole('textbox', { name: 'Pool code' }).fill('first-load');
      expect(await button.isEnabled()).toBe(true);

      await page.waitForLoadState('networkidle');
      const later = server.transfers.slice(untilUsable.length).map(({ path, bytes }) => `${path} ${bytes}`);
      console.info(
        `first load: ${total(untilUsable)} bytes until usable; afterwards: ${later.join(', ') || 'nothing'}`,
      );
      expect({ fits: total(untilUsable) <= BYTES_MAX, untilUsable }).toMatchObject({ fits: true });
    } finally {
      await browser.close();
      await server.close();
    }
  },
  BROWSER_MS,
);
