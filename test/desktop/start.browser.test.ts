// A run of the app with its real window: what closing it ends, what a second start does, and that it can wait without one.
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { testTerminals } from '../cli/terminals.ts';
import { NO_XVFB, startScreen, type Screen } from '../support/xvfb.ts';
import { Desktop, until } from './desktop.ts';
import { HostProcess } from './host-process.ts';

const LIMIT_MS = 120_000;
const terminals = testTerminals(LIMIT_MS);

(NO_XVFB === undefined ? describe : describe.skip)('the desktop app', () => {
  let screen: Screen;
  const hosts: HostProcess[] = [];

  beforeAll(async () => {
    screen = await startScreen();
  }, LIMIT_MS);
  afterEach(async () => {
    const all = hosts.splice(0);
    for (const host of all) host.stop('SIGKILL');
    await Promise.all(all.map(({ exit }) => exit));
  }, LIMIT_MS);
  afterAll(() => screen.stop(), LIMIT_MS);

  function begin(...words: readonly string[]): HostProcess {
    const host = new HostProcess(['--data', terminals.at('desk', 'data'), ...words], { DISPLAY: screen.display });
    hosts.push(host);
    return host;
  }

  const standing = async (): Promise<object> =>
    JSON.parse(await readFile(terminals.at('desk', 'data', 'host.json'), 'utf8')) as object;

  test(
    'shows another pool’s link in the window that is there, and leaves its pool when that is closed',
    async () => {
      const tim = terminals.rockpool('join', '--name', 'Tim');
      await tim.event('joined');
      const [data, into] = [terminals.at('desk', 'data'), terminals.at('desk', 'in')];
      const desk = await Desktop.open({ screen, data, into, server: terminals.url, name: 'Desk' });
      const second = begin(`${terminals.url}/#${terminals.pool}`);
      expect(await second.exit).toBe(0);
      expect(second.lines).toEqual([]);
      const code = desk.person.page.getByRole('textbox', { name: 'Pool code' });
      await until('the pool', async () => ((await code.inputValue()) === terminals.pool ? true : undefined));
      await desk.person.button('Join pool').click();
      await desk.person.arrives();
      await tim.event('peer-joined', ({ name }) => name === 'Desk');
      expect(await standing()).toMatchObject({ at: { pool: terminals.pool } });

      await desk.closeWindow();
      expect(await desk.exit).toBe(0);
      await tim.event('peer-left', ({ name }) => name === 'Desk');
      expect(await standing()).not.toHaveProperty('at');
    },
    LIMIT_MS,
  );

  test(
    'waits in the background, until a second start opens its window',
    async () => {
      const host = begin('--background', '--server', terminals.url);
      await until('a word of it', async () => host.lines[0]);
      expect(host.lines[0]).toContain('in the background');
      const profile = join(terminals.at('desk', 'data'), 'window');
      await expect(stat(profile)).rejects.toMatchObject({ code: 'ENOENT' });
      expect(await begin().exit).toBe(0);
      expect((await stat(profile)).isDirectory()).toBe(true);
      host.stop('SIGTERM');
      expect(await host.exit).toBe(143);
    },
    LIMIT_MS,
  );

  test(
    'says it where no window opens',
    async () => {
      const host = new HostProcess(['--data', terminals.at('desk', 'data')], { DISPLAY: '', WAYLAND_DISPLAY: '' });
      hosts.push(host);
      expect(await host.exit).toBe(1);
      expect(host.lines.join(' ')).toContain('--window none');
    },
    LIMIT_MS,
  );
});
