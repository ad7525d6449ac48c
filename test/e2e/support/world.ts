// What every end-to-end file starts with: one real browser, one real server in a process of its own, a folder for files,
// and the people and terminals that tests bring in. Everything brought in during a test is gone after it.
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect } from '@jest/globals';
import type { Browser, BrowserContext, BrowserContextOptions } from 'playwright-core';
import { Terminal } from '../../cli/terminal.ts';
import { launchChromium } from '../../support/chromium.ts';
import { writeBinary } from './binary.ts';
import { Person } from './person.ts';

/** For hooks and for a test without bulk, milliseconds. */
export const LIMIT_MS = 60_000;
/** For a test that moves a large file: ten times what a quiet machine takes. */
export const BULK_LIMIT_MS = 180_000;
export const MIB: number = 1024 * 1024;
/** How long a page may take to show something, milliseconds. */
const PATIENCE_MS = 20_000;

/** A world for all tests of a file, told to `opened`; after each of them nothing must have gone wrong unseen. */
export function withWorld(opened: (world: World) => void): void {
  let world: World | undefined;
  beforeAll(async () => {
    world = await World.open();
    opened(world);
  }, LIMIT_MS);
  afterEach(async () => {
    expect(await world?.clear()).toEqual([]);
  }, LIMIT_MS);
  afterAll(() => world?.close(), LIMIT_MS);
}

export class World {
  /** The server's address, without a slash at its end. */
  readonly url: string;
  readonly #browser: Browser;
  readonly #folder: string;
  #server: Terminal;
  readonly #contexts: BrowserContext[] = [];
  readonly #people: Person[] = [];
  readonly #terminals: Terminal[] = [];
  #numbers = 0;

  private constructor(url: string, browser: Browser, folder: string, server: Terminal) {
    this.url = url;
    this.#browser = browser;
    this.#folder = folder;
    this.#server = server;
  }

  static async open(): Promise<World> {
    const folder = await mkdtemp(join(tmpdir(), 'rockpool-e2e-'));
    const server = new Terminal('serve', '--port', '0');
    const [browser, listening] = await Promise.all([launchChromium(), server.event('listening')]);
    return new World(String(listening['url']), browser, folder, server);
  }

  /** A pool nobody is in. */
  freshPool(): string {
    this.#numbers += 1;
    return `end-to-end-${this.#numbers}`;
  }

  /**
   * A browser of somebody's own: it shares storage, tabs and downloads with nobody else. Its motion is reduced: to draw what
   * moves all the time takes a third of the processor while a file is on its way.
   */
  async context(options: BrowserContextOptions = {}): Promise<BrowserContext> {
    const context = await this.#browser.newContext({ reducedMotion: 'reduce', ...options });
    context.setDefaultTimeout(PATIENCE_MS);
    this.#contexts.push(context);
    return context;
  }

  /** Somebody at the start screen: in a browser of their own, or in a further tab of `context`. */
  async person(name: string, context?: BrowserContext): Promise<Person> {
    const page = await (context ?? (await this.context())).newPage();
    const person = new Person(page, name);
    this.#people.push(person);
    await page.goto(`${this.url}/`);
    return person;
  }

  /** Somebody in `pool`. */
  async member(name: string, pool: string, context?: BrowserContext): Promise<Person> {
    const person = await this.person(name, context);
    await person.join(pool);
    return person;
  }

  /** Mara, whose pool it is, Jo and Tom, who see each other. */
  async trio(): Promise<readonly [Person, Person, Person]> {
    const pool = this.freshPool();
    const mara = await this.member('Mara', pool);
    const [jo, tom] = await Promise.all([this.member('Jo', pool), this.member('Tom', pool)]);
    await Promise.all([mara.sees('Jo'), mara.sees('Tom'), jo.sees('Tom')]);
    return [mara, jo, tom];
  }

  /** `rockpool COMMAND ...` in `pool`. */
  terminal(command: 'join' | 'send' | 'receive', pool: string, ...rest: readonly string[]): Terminal {
    const terminal = new Terminal(command, '--pool', pool, '--server', this.url, ...rest);
    this.#terminals.push(terminal);
    return terminal;
  }

  /** A path that is nobody else's; the folder it is in is there. */
  async place(name: string): Promise<string> {
    this.#numbers += 1;
    const path = join(this.#folder, String(this.#numbers), name);
    await mkdir(dirname(path), { recursive: true });
    return path;
  }

  /** The path of a new file: the first `bytes` bytes of a real program. */
  async fileOf(name: string, bytes: number): Promise<string> {
    const path = await this.place(name);
    await writeBinary(path, bytes);
    return path;
  }

  /** Ends the server as a crash would. */
  async killServer(): Promise<void> {
    this.#server.stop('SIGKILL');
    await this.#server.exit;
  }

  /** Starts it anew at the same address. */
  async restartServer(): Promise<void> {
    this.#server = new Terminal('serve', '--port', new URL(this.url).port);
    await this.#server.event('listening');
  }

  /** Sends everyone home. Resolves to what went wrong unseen in the pages: script errors, violations of the policy. */
  async clear(): Promise<readonly string[]> {
    for (const terminal of this.#terminals) terminal.stop('SIGKILL');
    await Promise.all(this.#terminals.splice(0).map(({ exit }) => exit));
    await Promise.all(this.#contexts.splice(0).map((context) => context.close()));
    return this.#people.splice(0).flatMap(({ name, troubles }) => troubles.map((trouble) => `${name}: ${trouble}`));
  }

  async close(): Promise<void> {
    await this.clear();
    await this.#browser.close();
    this.#server.stop('SIGTERM');
    await this.#server.exit;
    await rm(this.#folder, { recursive: true, force: true });
  }
}
