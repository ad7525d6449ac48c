// The desktop app as people have it: its window, a browser and a terminal in one pool, folders both ways, a host that is killed, and
// pages and programs that have no business with it. A picture of the window is kept in dist/test.
import { mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { sha256Of } from '../cli/terminal.ts';
import { BULK_LIMIT_MS, LIMIT_MS, MIB, type World, withWorld } from '../e2e/support/world.ts';
import { difference, makeTree } from '../e2e/support/tree.ts';
import { NO_XVFB, startScreen, type Screen } from '../support/xvfb.ts';
import { Desktop, until } from './desktop.ts';

const FILES = 60;
const PICTURE = join(import.meta.dirname, '../../dist/test/desktop-window.png');

let world: World;
withWorld((opened) => (world = opened));

(NO_XVFB === undefined ? describe : describe.skip)('the desktop app', () => {
  let screen: Screen;
  let desk: Desktop | undefined;

  beforeAll(async () => {
    screen = await startScreen();
  }, LIMIT_MS);
  afterEach(async () => {
    expect(desk?.person.troubles ?? []).toEqual([]);
    await desk?.stop();
    desk = undefined;
  }, LIMIT_MS);
  afterAll(() => screen.stop(), LIMIT_MS);

  async function open(data: string, into: string): Promise<Desktop> {
    desk = await Desktop.open({ screen, data, into, server: world.url, name: 'Desk' });
    return desk;
  }

  test(
    'meets a browser and a terminal, sends a folder from the disk and receives one, each the same in the end',
    async () => {
      const pool = world.freshPool();
      const jo = await world.member('Jo', pool);
      const into = await world.place('in');
      const { person } = await open(await world.place('data'), into);
      await person.join(pool);
      const inbox = await world.place('inbox');
      const tim = world.terminal('receive', pool, '--into', inbox, '--name', 'Tim');
      await Promise.all([person.sees('Jo'), person.sees('Tim'), jo.sees('Desk')]);
      await person.say('From a window of its own');
      await jo.hears('From a window of its own');

      const sent = await world.place('holiday');
      await makeTree(sent, FILES);
      await person.drop(sent);
      await person.review.getByText(`${FILES + 5} files in 14 folders`).waitFor();
      await person.sendReviewed();
      await person.isVerified('holiday', 'Verified by Tim');
      expect(await tim.exit).toBe(0);
      expect(await difference(sent, join(inbox, 'holiday'))).toBe('');

      const brought = await world.place('papers');
      await makeTree(brought, FILES);
      await jo.drop(brought);
      await jo.sendReviewed();
      await person.accept('papers');
      await person.isVerified('papers');
      expect(await difference(brought, join(into, 'papers'))).toBe('');
      expect((await stat(join(into, 'papers/zero.bin'))).mtimeMs).toBe(Date.UTC(2021, 2, 4, 5, 6, 8));
      await person.offer('papers').getByRole('button', { name: 'Show in folder' }).waitFor();
      await mkdir(join(PICTURE, '..'), { recursive: true });
      await screen.picture(PICTURE);
      expect((await stat(PICTURE)).size).toBeGreaterThan(10_000);
    },
    BULK_LIMIT_MS,
  );

  test(
    'killed in the middle of a file, it comes back to its pool and goes on by itself',
    async () => {
      const pool = world.freshPool();
      const [data, into] = [await world.place('data'), await world.place('in')];
      const path = await world.fileOf('film.bin', 64 * MIB);
      world.terminal('send', pool, path, '--name', 'Tim', '--limit', '6MB');
      const before = await open(data, into);
      await before.person.join(pool);
      await before.person.button('Settings').click();
      await before.person.page.getByRole('radio', { name: 'Dark' }).check();
      await before.person.page.keyboard.press('Escape');
      await before.person.accept('film.bin');
      await until('enough to be on the disk', async () =>
        (await before.person.percentOf('film.bin')) > 30 ? true : undefined,
      );
      await before.kill();

      const { person } = await open(data, into);
      await person.arrives();
      expect(await person.page.locator('html').getAttribute('data-theme')).toBe('dark');
      // Nobody says yes again. How much of it was taken up is hosted-client.browser.test.ts'.
      await person.isVerified('film.bin');
      expect(await readdir(into)).toEqual(['film.bin']);
      expect(await sha256Of(join(into, 'film.bin'))).toBe(await sha256Of(path));
    },
    BULK_LIMIT_MS,
  );

  test(
    'a page of another origin reaches nothing of it',
    async () => {
      const { origin } = await open(await world.place('data'), await world.place('in'));
      const stranger = await world.person('Stranger');
      const reached = await stranger.page.evaluate(async (target) => {
        const socket = await new Promise<string>((resolve) => {
          const tried = new WebSocket(`${target.replace('http', 'ws')}/host`);
          tried.addEventListener('open', () => resolve('open'));
          tried.addEventListener('error', () => resolve('refused'));
        });
        const page = await fetch(`${target}/`, { mode: 'no-cors', credentials: 'include' }).then(
          ({ type }) => type,
          () => 'refused',
        );
        return { socket, page };
      }, origin);
      // What its own rules for a page forbid, it does not even ask for: that is told, and is no trouble here.
      stranger.troubles.length = 0;
      expect(reached).toEqual({ socket: 'refused', page: 'refused' });
      const bare = await fetch(`${origin}/`);
      expect([bare.status, await bare.text()]).toEqual([403, expect.not.stringContaining('<html')]);
    },
    LIMIT_MS,
  );
});
