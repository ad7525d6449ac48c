// Ends of one kind, as many as a benchmark wants: a page in a browser of its own with an ordinary profile, or a Node process.
// What an end can do: bench/pages/pair/end.ts.
import type { BrowserContext, Page } from 'playwright-core';
import { launchProfile } from '../../test/support/chromium.ts';
import { startEnd } from '../harness.ts';
import type { PairEnd } from '../pages/pair/end.ts';
import type { RssReport } from './rss-peak.ts';

/** An end that is there. */
export interface OpenEnd {
  readonly end: PairEnd;
  /** Makes the file at `path` one that the end can offer: in a page through this input. Resolves to what to call it. */
  pick(path: string, input?: 'warm' | 'measured'): Promise<string>;
  /** What the end tells of its own accord: bytes, if it joined with `tells`. */
  onTold(listener: (bytes: number) => void): void;
  /** kill -9: nothing of it is saved. */
  kill(): Promise<void>;
  close(): Promise<void>;
}

/** What only a process does. */
export interface ProcessEnd extends PairEnd {
  /** Gets ready to send a directory through the raw channel, as `tar` writes it. */
  rawTarSend(directory: string): Promise<void>;
  /** Asks for it and lets `tar` unpack it into `into`. Resolves to the ms until that has ended. */
  rawTarReceive(into: string): Promise<number>;
  rssPeak(): Promise<RssReport>;
}

export interface OpenProcessEnd extends OpenEnd {
  readonly end: ProcessEnd;
}

export interface OpenPageEnd extends OpenEnd {
  readonly page: Page;
  readonly profile: BrowserContext;
  /** Of the browser's processes, by their kind: `browser`, `renderer` and others. */
  processes(): Promise<readonly { readonly type: string; readonly id: number }[]>;
}

/**
 * A browser with its ordinary profile in `directory`, as a person has it. Not a private window: that keeps what it
 * receives in memory, at five times the work for a byte.
 */
export async function openPageEnd(address: string, directory: string): Promise<OpenPageEnd> {
  const profile = await launchProfile(directory);
  const page = await profile.newPage();
  let told: (bytes: number) => void = () => undefined;
  await page.exposeFunction('tellNews', (bytes: number) => told(bytes));
  await page.goto(address);
  const ask = (question: string, argument?: unknown): Promise<unknown> =>
    page.evaluate(([name, given]) => (pairEnd[name as keyof PairEnd] as (argument: unknown) => unknown)(given), [
      question,
      argument,
    ] as const);
  const processes: OpenPageEnd['processes'] = async () => {
    const session = await profile.browser()?.newBrowserCDPSession();
    if (session === undefined) throw new Error('a browser that was launched is there');
    const { processInfo } = await session.send('SystemInfo.getProcessInfo');
    await session.detach();
    return processInfo;
  };
  const pid = (await processes()).find(({ type }) => type === 'browser')?.id;
  if (pid === undefined) throw new Error('a browser has a process');
  return {
    end: asEnd(ask),
    page,
    profile,
    pick: async (path, input = 'measured') => {
      await page.setInputFiles(`#${input}`, path);
      return input;
    },
    onTold: (listener) => void (told = listener),
    processes,
    kill: async () => {
      const gone = new Promise<void>((resolve) => profile.once('close', () => resolve()));
      process.kill(pid, 'SIGKILL');
      await gone;
    },
    close: () => profile.close(),
  };
}

export function openProcessEnd(): OpenProcessEnd {
  const child = startEnd('pair');
  const { ask } = child;
  const own = {
    rawTarSend: (directory: string) => ask('rawTarSend', directory),
    rawTarReceive: (into: string) => ask('rawTarReceive', into),
    rssPeak: () => ask('rssPeak'),
  };
  return {
    // Both ends of the way are ours: an answer is what ProcessEnd says.
    end: { ...asEnd(ask), ...own } as ProcessEnd,
    pick: (path) => Promise.resolve(path),
    onTold: (listener) => child.onTold((news) => listener(Number(news))),
    kill: () => child.close(),
    close: () => child.close(),
  };
}

/** An end behind a way to ask it by name. */
function asEnd(ask: (question: string, argument?: unknown) => Promise<unknown>): PairEnd {
  const end: Record<keyof PairEnd, (argument?: unknown) => Promise<unknown>> = {
    join: (seat) => ask('join', seat),
    meet: (others) => ask('meet', others),
    offer: (file) => ask('offer', file),
    receive: (bytes) => ask('receive', bytes),
    firstChunk: () => ask('firstChunk'),
    controlSend: () => ask('controlSend'),
    controlAges: () => ask('controlAges'),
    rawOffer: () => ask('rawOffer'),
    rawAnswer: (sdp) => ask('rawAnswer', sdp),
    rawAccept: (sdp) => ask('rawAccept', sdp),
    rawConnect: (candidates) => ask('rawConnect', candidates),
    rawSend: (bytes) => ask('rawSend', bytes),
    rawReceive: (order) => ask('rawReceive', order),
  };
  // Both ends of the way are ours: an answer is what PairEnd says.
  return end as PairEnd;
}
