// The app's window: a real Chromium on a screen of memory, with a page that wants the cookie, as the host's does.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser, type CDPSession, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { findChromium } from '../../desktop/windows/find-chromium.mjs';
import { openBrowser } from '../../desktop/windows/browser.ts';
import { openChromium } from '../../desktop/windows/chromium.ts';
import type { Window, WindowOptions } from '../../desktop/window.ts';
import { NO_XVFB, startScreen, type Screen } from '../support/xvfb.ts';

const SECRET = 'a-cookie-that-nobody-else-may-read';
const ENTRY = `/enter?a=1&token=${SECRET}`;
const POOL = '#quiet-heron-cove-41729';

/** Tells its server how it looks, and what was dropped on it, with two files among that a page can make by itself. */
const PAGE = `<!doctype html><title>The page</title>
<body style="margin:0;height:100vh;background:#fff">
<a href="http://elsewhere.invalid/a?b=1" target="_blank" rel="noopener noreferrer" style="display:block;height:100px">Elsewhere</a>
<a href="file:///etc/passwd" target="_blank" style="display:block;height:100px">Not elsewhere</a>
<script>
  const tell = (facts) => fetch('/told', { method: 'POST', body: JSON.stringify(facts) });
  const facts = () => ({ hash: location.hash, left: screenX, top: screenY, width: outerWidth, height: outerHeight,
    notifications: Notification.permission });
  // A window's size is not known before it is drawn.
  const drawn = () => (outerWidth > 0 ? tell(facts()) : requestAnimationFrame(drawn));
  addEventListener('load', drawn);
  addEventListener('hashchange', () => tell(facts()));
  addEventListener('dragover', (event) => event.preventDefault());
  addEventListener('drop', async (event) => {
    event.preventDefault();
    globalThis.rockpoolDropped = [...event.dataTransfer.items].map((item) => item.getAsFile());
    const root = await navigator.storage.getDirectory();
    const mine = await root.getFileHandle('mine', { create: true });
    globalThis.rockpoolDropped.push(new File(['x'], '/etc/passwd'), await mine.getFile());
    tell({ ...facts(), dropped: globalThis.rockpoolDropped.map((file) => file.name) });
  });
</script>`;

interface Told {
  readonly hash: string;
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly notifications: string;
  readonly dropped?: readonly string[];
}

const DEADLINE_MS = 30_000;

async function until<T>(what: string, look: () => T | undefined | Promise<T | undefined>): Promise<T> {
  const end = Date.now() + DEADLINE_MS;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error(`not within ${DEADLINE_MS} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Of every process whose command line names `folder`. */
async function commandLines(folder: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
  return lines.filter((line) => line.includes(folder));
}

(NO_XVFB === undefined ? describe : describe.skip)(`the window of Chromium${NO_XVFB ?? ''}`, () => {
  let screen: Screen;
  let server: Server;
  let origin: string;
  let folder: string;
  let browserPath: string;
  let told: Told[] = [];
  let refused = 0;
  let links: string[] = [];
  const open: Window[] = [];

  beforeAll(async () => {
    screen = await startScreen();
    process.env['DISPLAY'] = screen.display;
    server = createServer((request, response) => {
      if (request.url === ENTRY) {
        response.setHeader('set-cookie', `session=${SECRET}`).setHeader('content-type', 'text/html').end(PAGE);
      } else if (!request.headers.cookie?.includes(SECRET)) {
        refused += 1;
        response.writeHead(403).end();
      } else if (request.method === 'POST') {
        let body = '';
        request.on('data', (bytes: Buffer) => (body += bytes.toString('utf8')));
        request.on('end', () => {
          told.push(JSON.parse(body) as Told);
          response.end();
        });
      } else response.setHeader('content-type', 'text/html').end(PAGE);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  });

  afterAll(async () => {
    server.closeAllConnections();
    server.close();
    await screen.stop();
  });

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rockpool-window-'));
    // The same browser, with a port beside the pipe, by which the test does what a person would.
    browserPath = join(folder, 'chromium');
    await writeFile(
      browserPath,
      `#!/bin/sh\necho >> "$0.starts"\nexec ${findChromium() ?? 'chromium'} --remote-debugging-port=0 "$@"\n`,
      {
        mode: 0o700,
      },
    );
    told = [];
    links = [];
    refused = 0;
  });

  afterEach(async () => {
    await Promise.all(open.splice(0).map((window) => window.close()));
    // The last of a browser's processes may still be on its way out.
    await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  });

  function options(over: Partial<WindowOptions> = {}): WindowOptions {
    const never = (): never => {
      throw new Error('this provider has cookies');
    };
    const cookie = (): { name: string; value: string } => ({ name: 'session', value: SECRET });
    return { origin, cookie, entry: never, folder: join(folder, 'window'), fragment: POOL, ...over };
  }

  async function opened(over: Partial<WindowOptions> = {}): Promise<Window> {
    const window = await openChromium(browserPath, options(over), (url) => links.push(url));
    open.push(window);
    return window;
  }

  /** The person's hands: the page as something else than the host reaches it. */
  async function hands(at: string = origin): Promise<{ browser: Browser; page: Page; cdp: CDPSession }> {
    const file = join(folder, 'window/profile/DevToolsActivePort');
    const port = await until('the port', () =>
      readFile(file, 'utf8').then(
        (text) => /^\d+(?=\n)/u.exec(text)?.[0],
        () => undefined,
      ),
    );
    const browser = await chromium.connectOverCDP(`http://127.0.0.1:${port}`);
    const page = await until('the page', () =>
      browser
        .contexts()[0]
        ?.pages()
        .find((each) => each.url().startsWith(at)),
    );
    return { browser, page, cdp: await page.context().newCDPSession(page) };
  }

  const first = (): Promise<Told> => until('the page tells', () => told[0]);

  test('shows the app, which knows it by its cookie, and no command line says anything secret', async () => {
    await opened();
    expect(await first()).toMatchObject({ hash: POOL, notifications: 'granted' });
    expect(refused).toBe(0);
    const lines = await commandLines(folder);
    expect(lines.length).toBeGreaterThan(2);
    expect(lines.filter((line) => line.includes(SECRET) || line.includes(POOL))).toEqual([]);
  }, 60_000);

  test('starts before the origin is known, and is gone if that never comes', async () => {
    let fail: (error: Error) => void = () => undefined;
    const opening = opened({ origin: new Promise((_, reject) => (fail = reject)) });
    await until('a browser', async () => ((await commandLines(folder)).length > 2 ? true : undefined));
    const failed = opening.catch((error: unknown) => error);
    fail(new Error('no host'));
    expect(await failed).toEqual(new Error('no host'));
    await until('no browser', async () => ((await commandLines(folder)).length === 0 ? true : undefined));
    expect(told).toEqual([]);
  }, 60_000);

  test('that is closed before the origin is known is a closed window, and no reason to try another', async () => {
    let come: (origin: string) => void = () => undefined;
    const opening = opened({ origin: new Promise((resolve) => (come = resolve)) });
    const { page } = await hands('data:');
    await page.close().catch(() => undefined);
    come(origin);
    await (
      await opening
    ).closed;
    expect(told).toEqual([]);
  }, 60_000);

  test('is closed by the person, and opens again where it was', async () => {
    const window = await opened();
    await first();
    const { page, cdp } = await hands();
    const { windowId } = await cdp.send('Browser.getWindowForTarget');
    const bounds = { left: 41, top: 57, width: 830, height: 610 };
    await cdp.send('Browser.setWindowBounds', { windowId, bounds });
    await page.close().catch(() => undefined);
    await window.closed;
    await until('no browser', async () => ((await commandLines(folder)).length === 0 ? true : undefined));

    told = [];
    await opened();
    expect(await first()).toMatchObject(bounds);
  }, 60_000);

  test('waits for a browser of before that still has the profile', async () => {
    const before = await opened();
    await first();
    told = [];
    const opening = opened();
    const starts = (): Promise<number> => readFile(`${browserPath}.starts`, 'utf8').then((lines) => lines.length);
    await until('a second try', async () => ((await starts()) > 2 ? true : undefined));
    await before.close();
    await opening;
    expect(await first()).toMatchObject({ hash: POOL });
  }, 60_000);

  test('opens a profile that this machine has locked under another name', async () => {
    const profile = join(folder, 'window/profile');
    await mkdir(profile, { recursive: true });
    await symlink('another-name-1', join(profile, 'SingletonLock'));
    await opened();
    expect(await first()).toMatchObject({ hash: POOL });
  }, 60_000);

  test('tells where dropped files and folders lie, and nothing of files that nobody dropped', async () => {
    const window = await opened();
    await first();
    expect(await window.dropped?.()).toEqual([]);
    const things = join(folder, 'things');
    await mkdir(join(things, 'a folder/inner'), { recursive: true });
    await writeFile(join(things, 'a folder/inner/one'), '1');
    await writeFile(join(things, 'ä file?.txt'), '2');
    const files = [join(things, 'ä file?.txt'), join(things, 'a folder')];
    const { cdp } = await hands();
    const data = { items: [], files, dragOperationsMask: 1 };
    for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
      await cdp.send('Input.dispatchDragEvent', { type, x: 300, y: 400, data });
    }
    const drop = await until('the drop', () => told.find(({ dropped }) => dropped !== undefined));
    expect(drop.dropped).toHaveLength(4);
    expect(await window.dropped?.()).toEqual(files);
  }, 60_000);

  test('hands links that lead elsewhere to whoever opens links, and has no second window', async () => {
    await opened();
    await first();
    const { cdp } = await hands();
    const click = async (y: number, button: 'left' | 'middle'): Promise<void> => {
      for (const type of ['mousePressed', 'mouseReleased'] as const) {
        await cdp.send('Input.dispatchMouseEvent', { type, x: 20, y, button, clickCount: 1 });
      }
    };
    /** A page that is not painted yet lets a click fall: whoever clicked does so again. */
    const clickUntilLinked = async (button: 'left' | 'middle'): Promise<void> => {
      let again = 0;
      await until(`a link of a ${button} click`, async () => {
        if (Date.now() > again) {
          again = Date.now() + 2_000;
          await click(20, button);
        }
        return links[0];
      });
      expect(new Set(links)).toEqual(new Set(['http://elsewhere.invalid/a?b=1']));
      links.length = 0;
    };
    // Nobody has touched the page yet: what it opens by itself stays shut.
    await cdp.send('Runtime.evaluate', { expression: 'open("https://elsewhere.invalid/unasked")' });
    await clickUntilLinked('left');
    await clickUntilLinked('middle');
    await click(120, 'left');
    await clickUntilLinked('left');
    await until('one window', async () => {
      const { targetInfos } = await cdp.send('Target.getTargets');
      return targetInfos.filter(({ type }) => type === 'page').length === 1 ? true : undefined;
    });
  }, 60_000);

  test('shows another pool without loading the app again', async () => {
    const window = await opened();
    await first();
    const { page } = await hands();
    await page.evaluate('globalThis.same = true');
    await window.show('#calm-crab-bay-1');
    await until('the other pool', () => told.find(({ hash }) => hash === '#calm-crab-bay-1'));
    await window.show('#calm-crab-bay-1');
    await window.focus();
    expect(await page.evaluate('globalThis.same')).toBe(true);
  }, 60_000);

  test('of the person’s own browser is led to the app by a file', async () => {
    const profile = join(folder, 'own');
    let browser: ChildProcess | undefined;
    const window = await openBrowser({ ...options(), entry: () => new URL(ENTRY, origin).href }, async (file) => {
      browser = spawn(browserPath, ['--headless', '--no-sandbox', `--user-data-dir=${profile}`, file], {
        stdio: 'ignore',
      });
    });
    try {
      expect(await first()).toMatchObject({ hash: POOL });
      const lines = await commandLines(folder);
      expect(lines.length).toBeGreaterThan(2);
      expect(lines.filter((line) => line.includes(SECRET))).toEqual([]);
    } finally {
      const ended = new Promise((resolve) => browser?.once('exit', resolve));
      browser?.kill();
      await ended;
      await window.close();
    }
  }, 60_000);

  test('that does not start says why', async () => {
    await writeFile(browserPath, '#!/bin/sh\necho "no such luck" >&2\nexit 7\n');
    await expect(opened()).rejects.toThrow(/ended with code 7; no such luck/);
    await rm(browserPath);
    await expect(opened()).rejects.toThrow(/ENOENT/);
  }, 60_000);
});
