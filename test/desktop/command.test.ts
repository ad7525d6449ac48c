// `rockpool desktop` as words on the command line: what it takes, what it refuses, how it ends; and the links it opens.
import { describe, expect, test } from '@jest/globals';
import { parseCommand } from '../../cli/options.ts';
import { run } from '../../cli/run.ts';
import { readLink, readServer, wholeLink } from '../../desktop/links.ts';
import type { DesktopEnd, DesktopOptions } from '../../desktop/start.ts';
import { makeStage } from '../cli/support.ts';

type Given = Omit<DesktopOptions, 'env' | 'home' | 'webRoot' | 'stop'>;

const parse = (...words: readonly string[]): ReturnType<typeof parseCommand> =>
  parseCommand(['desktop', ...words], 'x');

async function ran(
  end: DesktopEnd,
  ...words: readonly string[]
): Promise<{ code: number; stderr: string; given: Given }> {
  let given: Given | undefined;
  const { cli, stderr } = makeStage({
    home: '/home/mara',
    desktop: (options) => {
      given = options;
      return Promise.resolve(end);
    },
  });
  const code = await run(['desktop', ...words], cli);
  if (given === undefined) throw new Error(`not run: ${stderr.text}`);
  return { code, stderr: stderr.text, given };
}

describe('the words', () => {
  test('may be none', () => {
    const wish = { link: undefined, server: undefined, name: undefined, into: undefined };
    expect(parse()).toEqual({ kind: 'desktop', data: undefined, wish, background: false, window: undefined });
  });

  test('say where, who and how', () => {
    const words = [
      '--server',
      'https://pool.example/',
      '--name',
      ' Desk ',
      '--into',
      'in',
      '--data',
      'd',
      '--background',
    ];
    expect(parse('calm-otter-cove-41729', ...words, '--window', 'none')).toEqual({
      kind: 'desktop',
      data: 'd',
      wish: { link: 'calm-otter-cove-41729', server: 'https://pool.example', name: 'Desk', into: 'in' },
      background: true,
      window: 'none',
    });
  });

  test.each([
    [['--window', 'glass'], '--window takes chromium, webview, browser, none'],
    [['a', 'b'], 'one pool at most'],
    [['https://pool.example/'], 'whole pool link'],
    [['--name', '\u200b'], '--name'],
    [['--server', 'nonsense'], '--server takes an address'],
    [['--json'], '--json'],
  ])('%j are refused', (words, why) => {
    expect(parse(...words)).toMatchObject({ kind: 'usage', topic: 'desktop', message: expect.stringContaining(why) });
  });

  test('have a page of help', async () => {
    const { cli, stdout } = makeStage();
    expect(await run(['help', 'desktop'], cli)).toBe(0);
    expect(stdout.text).toContain('rockpool desktop [LINK]');
  });
});

describe('what it runs', () => {
  test('has a data directory of its own, whole paths and a name', async () => {
    const { given } = await ran({ kind: 'closed' }, '--into', 'in');
    expect(given).toMatchObject({ data: '/home/mara/.local/state/rockpool/desktop', name: 'test-host' });
    expect(given.wish.into).toBe(`${process.cwd()}/in`);
    expect((await ran({ kind: 'closed' }, '--data', '/d')).given.data).toBe('/d');
  });

  test.each([
    [{ kind: 'closed' }, 0, ''],
    [{ kind: 'handed-over', answer: { done: true } }, 0, ''],
    [{ kind: 'handed-over', answer: { done: true, text: 'Open here' } }, 0, 'Open here\n'],
    [{ kind: 'handed-over', answer: { done: false, text: 'No.' } }, 1, 'No.\n'],
    [{ kind: 'failed', message: 'No window\u001b[2J opens.' }, 1, 'rockpool desktop: No window[2J opens.\n'],
  ] as const)('ends as it does: %j', async (end, code, words) => {
    expect(await ran(end)).toMatchObject({ code, stderr: words });
  });

  test('ends as whoever stopped it is used to', async () => {
    const { cli, stop } = makeStage({ desktop: () => Promise.resolve({ kind: 'stopped' }) });
    stop('SIGTERM');
    expect(await run(['desktop'], cli)).toBe(143);
  });
});

const INVITED = `invited=calm-otter/${'A'.repeat(43)}`;

describe('links', () => {
  test.each([
    ['https://pool.example/#calm-otter', 'https://pool.example', '#calm-otter'],
    ['https://pool.example/sub/#calm-otter', 'https://pool.example/sub', '#calm-otter'],
    [' http://localhost:8080/#Calm Otter ', 'http://localhost:8080', '#calm-otter'],
    ['rockpool://pool.example/#calm-otter', 'https://pool.example', '#calm-otter'],
    ['rockpool://pool.example:444/sub#calm-otter', 'https://pool.example:444/sub', '#calm-otter'],
    ['rockpool://localhost:8080/#calm-otter', 'http://localhost:8080', '#calm-otter'],
    ['rockpool://127.0.0.1:8080/#calm-otter', 'http://127.0.0.1:8080', '#calm-otter'],
    [`https://pool.example/#${INVITED}`, 'https://pool.example', `#${INVITED}`],
    ['calm otter', undefined, '#calm-otter'],
    ['#calm-otter', undefined, '#calm-otter'],
  ])('%s leads to %s and %s', (link, server, fragment) => {
    expect(readLink(link)).toEqual({ server, fragment });
  });

  test.each([
    '',
    'https://pool.example/',
    'https://pool.example/#',
    'https://mara:secret@pool.example/#calm-otter',
    'https://pool.example/?a=b#calm-otter',
    'data:text/html,x#calm-otter',
    'file:///etc/passwd#calm-otter',
    'rockpool://#calm-otter',
    'rockpool://a b/#calm-otter',
    `https://pool.example/#${'a'.repeat(3000)}`,
  ])('%s leads nowhere', (link) => {
    expect(readLink(link)).toBeUndefined();
  });

  test('are made whole with the server that is known', () => {
    expect(wholeLink({ server: undefined, fragment: '#abc' }, 'https://pool.example')).toBe(
      'https://pool.example/#abc',
    );
    expect(wholeLink({ server: 'http://localhost:1', fragment: '#abc' }, '')).toBe('http://localhost:1/#abc');
    expect(readServer('https://pool.example/sub/')).toBe('https://pool.example/sub');
  });
});
