// The hooks that every browser test of the worker's store needs: the page built and served, browsers started and ended.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach } from '@jest/globals';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { launchChromium, launchProfile } from '../support/chromium.ts';
import { buildStoreSite, type StoreSite } from './remote-store.ts';

/** For the tests of the file, or the `describe`, that calls this. */
export class StoreBrowsers {
  #site: StoreSite | undefined;
  #browser: Promise<Browser> | undefined;
  readonly #contexts: BrowserContext[] = [];

  constructor() {
    beforeAll(async () => {
      this.#site = await buildStoreSite();
    });
    afterEach(() => this.#closeContexts());
    afterAll(async () => {
      await this.#closeContexts();
      await (await this.#browser)?.close();
      await this.#site?.close();
    });
  }

  get site(): StoreSite {
    if (this.#site === undefined) throw new Error('The page is built before the tests, not before the hooks.');
    return this.#site;
  }

  /** One for all tests. */
  browser(): Promise<Browser> {
    this.#browser ??= launchChromium();
    return this.#browser;
  }

  /** A context of a private window of its own, closed after the test. */
  async newContext(): Promise<BrowserContext> {
    const context = await (await this.browser()).newContext();
    this.#contexts.push(context);
    return context;
  }

  /** A page with a store of its own in such a context. */
  async open(): Promise<Page> {
    return this.site.open(await this.newContext());
  }

  async #closeContexts(): Promise<void> {
    await Promise.all(this.#contexts.splice(0).map((context) => context.close()));
  }
}

/** A browser with an ordinary profile, new for every test or one for all. */
export class StoreProfile {
  readonly #browsers: StoreBrowsers;
  #directory = '';
  #context: BrowserContext | undefined;
  #page: Page | undefined;

  constructor(browsers: StoreBrowsers, forWhat: 'each test' | 'all tests') {
    this.#browsers = browsers;
    const [before, after] = forWhat === 'each test' ? [beforeEach, afterEach] : [beforeAll, afterAll];
    before(async () => {
      this.#directory = await mkdtemp(join(tmpdir(), 'rockpool-profile-'));
      await this.start();
    });
    after(async () => {
      await this.#context?.close();
      await rm(this.#directory, { recursive: true });
    });
  }

  get context(): BrowserContext {
    if (this.#context === undefined) throw new Error('The browser has not started.');
    return this.#context;
  }

  /** A page with a store of its own. */
  get page(): Page {
    if (this.#page === undefined) throw new Error('The browser has not started.');
    return this.#page;
  }

  /** Starts the browser again, its last one closed, with the profile as it is. */
  async start(): Promise<void> {
    this.#context = await launchProfile(this.#directory);
    this.#page = await this.#browsers.site.open(this.#context);
  }
}
