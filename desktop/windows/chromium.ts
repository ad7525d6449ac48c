// The app in a window of Chromium, Chrome, Edge or Brave, without tabs and address bar, told over the DevTools protocol what to show. Links that
// lead elsewhere are handed to whoever opens links on this machine.
import { isAbsolute, join } from 'node:path';
import { z } from 'zod';
import { timer } from '../../src/io/waiting.ts';
import type { Window, WindowOptions } from '../window.ts';
import type { CdpEvent } from './cdp-pipe.ts';
import { ChromiumProcess } from './chromium-process.ts';

/** A browser that shows no window by then is given up. */
const START_MS_MAX = 20_000;
/** Between tries while a browser of before still has the profile. */
const AGAIN_MS = 200;
/** Things of one drop; more lie in a folder, which is one. */
const DROPPED_MAX = 5_000;
/** Asked for at once. */
const DROPPED_AT_ONCE = 64;

const Target = z.object({
  targetInfo: z.object({ targetId: z.string(), type: z.string(), url: z.string(), openerId: z.string().optional() }),
});
const Targets = z.object({ targetInfos: z.array(z.object({ targetId: z.string() })) });
const Gone = z.object({ targetId: z.string() });
const WindowOpen = z.object({ url: z.string(), userGesture: z.boolean() });
const Anything = z.unknown();
const Attached = z.object({ sessionId: z.string() });
const Navigated = z.object({ errorText: z.string().optional() });
const Evaluated = z.object({ result: z.object({ objectId: z.string().optional() }) });
const Properties = z.object({
  result: z.array(
    z.object({
      name: z.string(),
      value: z.object({ className: z.string().optional(), objectId: z.string().optional() }).optional(),
    }),
  ),
});
const FileInfo = z.object({ path: z.string() });
const Bounds = z.object({ windowId: z.number(), bounds: z.object({ windowState: z.string().optional() }) });

/** Opens the app with the browser at `path`. `openLink` shows an http(s) address elsewhere. Rejects with why it did not start. */
export async function openChromium(
  path: string,
  options: WindowOptions,
  openLink: (url: string) => void,
): Promise<Window> {
  const { browser, target } = await startBrowser(path, join(options.folder, 'profile'));
  const window = new ChromiumWindow(browser, target, openLink);
  try {
    await window.load(options);
  } catch (error) {
    // Somebody may not have wanted to wait for the app.
    const shut = await window.wasShut();
    await browser.end();
    if (!shut) throw error;
  }
  return window;
}

/** Resolves once the browser shows its first page. */
async function startBrowser(path: string, profile: string): Promise<{ browser: ChromiumProcess; target: string }> {
  const until = Date.now() + START_MS_MAX;
  let why = 'it shows no window';
  for (;;) {
    const browser = await ChromiumProcess.start(path, profile);
    const late = timer(until - Date.now());
    const first = await Promise.race([firstPage(browser), browser.ended, late.done]);
    late.cancel();
    if (typeof first === 'string') return { browser, target: first };
    await browser.end();
    // A browser whose host was killed a moment ago still has the profile: it takes the order for its own, and the new one ends.
    why = first?.why ?? why;
    if (first?.code !== 0 || Date.now() + AGAIN_MS > until) throw new Error(why);
    await timer(AGAIN_MS).done;
  }
}

function firstPage({ pipe }: ChromiumProcess): Promise<string> {
  return new Promise((resolve) => {
    pipe.listen(({ method, params }) => {
      const info = method === 'Target.targetCreated' ? Target.safeParse(params).data?.targetInfo : undefined;
      if (info?.type === 'page') resolve(info.targetId);
    });
    // If it ends instead, whoever waits here hears of that.
    pipe.call('Target.setDiscoverTargets', { discover: true }, Anything).catch(() => undefined);
  });
}

class ChromiumWindow implements Window {
  readonly kind = 'chromium';
  readonly closed: Promise<void>;
  readonly #browser: ChromiumProcess;
  readonly #target: string;
  readonly #openLink: (url: string) => void;
  #session: string | undefined;
  #origin = '';

  constructor(browser: ChromiumProcess, target: string, openLink: (url: string) => void) {
    this.#browser = browser;
    this.#target = target;
    this.#openLink = openLink;
    this.closed = browser.ended.then(() => undefined);
    browser.pipe.listen((event) => this.#hear(event));
  }

  /** Whether the person has closed it. */
  async wasShut(): Promise<boolean> {
    const shown = await this.#browser.pipe.call('Target.getTargets', {}, Targets).catch(() => undefined);
    if (shown !== undefined) return shown.targetInfos.every(({ targetId }) => targetId !== this.#target);
    await this.#browser.end();
    return (await this.#browser.ended).code === 0;
  }

  async load({ origin: coming, cookie, fragment }: WindowOptions): Promise<void> {
    const target = { targetId: this.#target, flatten: true };
    const { sessionId } = await this.#browser.pipe.call('Target.attachToTarget', target, Attached);
    this.#session = sessionId;
    await this.#call('Page.enable', {}, Anything);
    const origin = await coming;
    this.#origin = new URL(origin).origin;
    const { name, value } = cookie();
    const cookies = [{ name, value, url: origin, httpOnly: true, sameSite: 'Strict' }];
    const notifications = { permission: { name: 'notifications' }, setting: 'granted', origin: this.#origin };
    // The origin is another one each time, and a person who started the app need not be asked again and again.
    await Promise.all([
      this.#browser.pipe.call('Storage.setCookies', { cookies }, Anything),
      this.#browser.pipe.call('Browser.setPermission', notifications, Anything),
    ]);
    const { errorText } = await this.#call('Page.navigate', { url: new URL(fragment, origin).href }, Navigated);
    if (errorText !== undefined) throw new Error(`the window cannot load the app: ${errorText}`);
  }

  async focus(): Promise<void> {
    const { windowId, bounds } = await this.#call('Browser.getWindowForTarget', { targetId: this.#target }, Bounds);
    if (bounds.windowState === 'minimized') {
      await this.#call('Browser.setWindowBounds', { windowId, bounds: { windowState: 'normal' } }, Anything);
    }
    await this.#call('Page.bringToFront', {}, Anything);
  }

  async show(fragment: string): Promise<void> {
    const here = `location.origin === ${JSON.stringify(this.#origin)}`;
    const url = JSON.stringify(new URL(fragment, this.#origin).href);
    // To navigate to the address that is shown already would load it again.
    await this.#call('Runtime.evaluate', { expression: `${here} && location.assign(${url})` }, Anything);
    await this.focus();
  }

  readonly dropped = async (): Promise<readonly string[]> => {
    const group = { objectGroup: 'dropped' };
    const expression = `location.origin === ${JSON.stringify(this.#origin)} ? globalThis.rockpoolDropped : undefined`;
    const { result } = await this.#call('Runtime.evaluate', { expression, ...group }, Evaluated);
    if (result.objectId === undefined) return [];
    const list = { objectId: result.objectId, ownProperties: true };
    const properties = await this.#call('Runtime.getProperties', list, Properties);
    const files = properties.result.flatMap(({ name, value }) =>
      /^\d+$/.test(name) && value?.className === 'File' && value.objectId !== undefined ? [value.objectId] : [],
    );
    if (files.length > DROPPED_MAX)
      throw new Error(`more than ${DROPPED_MAX} things at once: drop the folder they are in`);
    const paths: string[] = [];
    for (let from = 0; from < files.length; from += DROPPED_AT_ONCE) {
      const some = files.slice(from, from + DROPPED_AT_ONCE);
      const infos = some.map((objectId) => this.#call('DOM.getFileInfo', { objectId }, FileInfo));
      paths.push(...(await Promise.all(infos)).map(({ path }) => path));
    }
    await this.#call('Runtime.releaseObjectGroup', group, Anything);
    // A file that the page has made has none.
    return paths.filter(isAbsolute);
  };

  close(): Promise<void> {
    return this.#browser.end();
  }

  #call<T>(method: string, params: object, result: z.ZodType<T>): Promise<T> {
    return this.#browser.pipe.call(method, params, result, this.#session);
  }

  #hear({ method, params }: CdpEvent): void {
    switch (method) {
      case 'Target.targetDestroyed':
        if (Gone.safeParse(params).data?.targetId === this.#target) void this.#browser.end();
        return;
      case 'Target.targetCreated': {
        const info = Target.safeParse(params).data?.targetInfo;
        if (info?.type === 'page' && info.targetId !== this.#target) this.#turnOut(info);
        return;
      }
      case 'Page.windowOpen': {
        const opening = WindowOpen.safeParse(params).data;
        if (opening?.userGesture === true) this.#openElsewhere(opening.url);
      }
    }
  }

  /** This browser has one window. One that a page opened was announced (Page.windowOpen), one of a middle click was not. */
  #turnOut({ targetId, url, openerId }: z.infer<typeof Target>['targetInfo']): void {
    if (url.startsWith('devtools:')) return;
    // It may be gone by itself by now.
    this.#browser.pipe.call('Target.closeTarget', { targetId }, Anything).catch(() => undefined);
    if (openerId === undefined) this.#openElsewhere(url);
  }

  #openElsewhere(address: string): void {
    if (!URL.canParse(address)) return;
    const { protocol, origin, href } = new URL(address);
    if (/^https?:$/.test(protocol) && origin !== this.#origin) this.#openLink(href);
  }
}
