// Where an end of a connection under test lives: in this process or in a page of a real browser. Tests see both through
// the same few calls; bulk data is made and checked by the probe at the end itself and never crosses over.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { nodeTransport } from '../../src/io/link-node.ts';
import type { Signal } from '../../src/io/transport.ts';
import { launchChromium } from '../support/chromium.ts';
import { PROBES, type ProbeKind, type Probes } from './probes.ts';

/** Largest bundled page, bytes: several times what it is. */
const PAGE_BYTES_MAX = 4 * 1024 * 1024;

export interface End<P> {
  /** Takes the end's signals from the first one on, those it sent before too. */
  onSignal(listener: (signal: Signal) => void): void;
  /** Hands over the other end's signal. Rejects if the transport throws at it. */
  signal(signal: Signal): Promise<void>;
  /** Runs `step` where the probe is. It may use nothing but its two arguments; `argument` and the result are JSON. */
  run<A, R>(step: (probe: P, argument: A) => R | Promise<R>, argument: A): Promise<R>;
}

export interface Place {
  readonly name: string;
  open<K extends ProbeKind>(kind: K, initiator: boolean): Promise<End<Probes[K]>>;
}

/** Ends in this process, over node-datachannel. */
export const nodePlace: Place = {
  name: 'node',
  open: (kind, initiator) => {
    const signals = new Outbox();
    const probe = PROBES[kind](nodeTransport, { initiator }, (signal) => signals.put(signal));
    return Promise.resolve({
      onSignal: (listener) => signals.forward(listener),
      signal: async (signal) => probe.signal(signal),
      run: async (step, argument) => step(probe, argument),
    });
  },
};

/** One Chromium for a test file; each place is a browser context of its own with one page. */
export class ChromiumPlaces {
  readonly #browser: Browser;
  readonly #script: string;

  private constructor(browser: Browser, script: string) {
    this.#browser = browser;
    this.#script = script;
  }

  static async launch(): Promise<ChromiumPlaces> {
    const script = await bundledPage();
    return new ChromiumPlaces(await launchChromium(), script);
  }

  async place(): Promise<Place> {
    const context = await this.#browser.newContext();
    return PagePlace.start(context, this.#script);
  }

  close(): Promise<void> {
    return this.#browser.close();
  }
}

class PagePlace implements Place {
  readonly name = 'chromium';
  readonly #page: Page;
  readonly #outboxes = new Map<number, Outbox>();
  #ends = 0;

  private constructor(page: Page) {
    this.#page = page;
  }

  static async start(context: BrowserContext, script: string): Promise<PagePlace> {
    const page = await context.newPage();
    const place = new PagePlace(page);
    await page.exposeFunction('conformanceSignal', (end: number, signal: Signal) =>
      place.#outboxes.get(end)?.put(signal),
    );
    await page.addScriptTag({ content: script });
    return place;
  }

  async open<K extends ProbeKind>(kind: K, initiator: boolean): Promise<End<Probes[K]>> {
    const page = this.#page;
    const id = (this.#ends += 1);
    const outbox = new Outbox();
    this.#outboxes.set(id, outbox);
    await page.evaluate(`conformance.open(${id}, ${JSON.stringify(kind)}, ${initiator})`);
    const run = <A, R>(step: (probe: Probes[K], argument: A) => R | Promise<R>, argument: A): Promise<R> =>
      page.evaluate<R>(`(${step.toString()})(conformance.ends.get(${id}), ${JSON.stringify(argument)})`);
    return {
      onSignal: (listener) => outbox.forward(listener),
      signal: (signal) => run((probe, each: Signal) => probe.signal(each), signal),
      run,
    };
  }
}

/** Keeps signals until someone listens. */
class Outbox {
  readonly #waiting: Signal[] = [];
  #listener: ((signal: Signal) => void) | undefined;

  put(signal: Signal): void {
    if (this.#listener === undefined) this.#waiting.push(signal);
    else this.#listener(signal);
  }

  forward(listener: (signal: Signal) => void): void {
    this.#listener = listener;
    for (const signal of this.#waiting.splice(0)) listener(signal);
  }
}

/** page.ts as one classic script. */
async function bundledPage(): Promise<string> {
  const script = join(import.meta.dirname, 'bundle.mjs');
  const { stdout } = await promisify(execFile)(process.execPath, [script, join(import.meta.dirname, 'page.ts')], {
    maxBuffer: PAGE_BYTES_MAX,
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  return stdout;
}
