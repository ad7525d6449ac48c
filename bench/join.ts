// What waiting feels like, in the built app from the real server: from a click on "Join pool" to the first message that
// the other page shows, and from a click on "Accept" to the first verified chunk. Two pages of one Chromium, each in a
// context of its own and new for every round. Scripts in the pages do the clicking and the watching, so that the way to
// the browser is in no figure.
import { randomBytes } from 'node:crypto';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { startServer } from '../signaling/server.ts';
import { launchChromium } from '../test/support/chromium.ts';
import { measureRounds, type BenchmarkOptions, type BenchmarkResult } from './harness.ts';
import { messageShown } from './pair/message-shown.ts';

export const about: string = 'From "Join pool" to the first message, and from "Accept" to the first verified chunk';
export const rounds = 7;
export const defaults: Record<string, string> = { mib: '64' };

const MIB = 1024 * 1024;
/** Longer than any of it may take before it has failed. */
const PATIENCE_MS = 30_000;
/** A person reads the page before clicking; so long does the round wait for it to settle. */
const SETTLE_MS = 500;
const MESSAGE = 'I am here';

export async function run(options: BenchmarkOptions): Promise<BenchmarkResult> {
  const mib = Number(options.values['mib']);
  // Past this a first chunk is less than the hundredth of a percent that the page shows.
  if (!Number.isInteger(mib) || mib < 1 || mib > 1024) {
    throw new RangeError(`--mib: expected 1 to 1024, got ${options.values['mib']}`);
  }
  const directory = await mkdtemp(join(tmpdir(), 'rockpool-join-'));
  const file = join(directory, 'file.bin');
  await fill(file, mib * MIB);
  const server = await startServer({ webRoot: join(process.cwd(), 'dist/web') });
  const browser = await launchChromium();
  const slowest = { join: 0, accept: 0 };
  try {
    const result = await measureRounds(options, async (round) => {
      const address = `${server.url}/#round-${round}`;
      const host = await openStart(browser, address, 'Host');
      const guest = await openStart(browser, address, 'Guest');
      try {
        await host.evaluate(joinAndSay, { message: '', waitMs: PATIENCE_MS });
        await settle(host, guest);
        // Evaluations reach a page in order, so the host watches before the guest is told to click.
        const shown = host.evaluate(messageShown, { message: MESSAGE, waitMs: PATIENCE_MS });
        const joined = await guest.evaluate(joinAndSay, { message: MESSAGE, waitMs: PATIENCE_MS });
        const joinMs = (await shown) - joined.clickedAtMs;

        await host.setInputFiles('#files', file);
        await settle(host, guest);
        const acceptMs = await guest.evaluate(acceptUntilChunk, PATIENCE_MS);
        slowest.join = Math.max(slowest.join, joinMs);
        slowest.accept = Math.max(slowest.accept, acceptMs);
        return {
          join_to_message_ms: joinMs,
          join_to_composer_ms: joined.composerMs,
          accept_to_chunk_ms: acceptMs,
        };
      } finally {
        await guest.close();
        await host.close();
      }
    });
    const { join: joinMs, accept } = slowest;
    const figures = { ...result.figures, join_to_message_max_ms: joinMs, accept_to_chunk_max_ms: accept };
    return { rounds: result.rounds, figures };
  } finally {
    await browser.close();
    await server.close();
    await rm(directory, { recursive: true });
  }
}

/** A new device at the start screen, the pool's code filled in by its link and the name typed. */
async function openStart(browser: Browser, address: string, name: string): Promise<Page> {
  const page = await browser.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  // The page's own scripts could stay busy past `load` with the part it fetches ahead.
  await page.goto(address, { waitUntil: 'networkidle' });
  await page.getByRole('textbox', { name: 'Your name' }).fill(name);
  return page;
}

async function settle(...pages: readonly Page[]): Promise<void> {
  await Promise.all(pages.map((page) => page.waitForTimeout(SETTLE_MS)));
}

/** A file that no file system can keep smaller than it is. */
async function fill(path: string, bytes: number): Promise<void> {
  const file = await open(path, 'w');
  for (let written = 0; written < bytes; written += MIB) await file.write(randomBytes(MIB));
  await file.close();
}

// What runs in the pages. Each function is sent there alone, so it holds everything it needs. Moments that are compared
// between two pages are Date.now(), the clock they share; its millisecond is fine enough for what takes hundreds.

/**
 * Clicks "Join pool", and says `message`, if any, as soon as the page lets it. Resolves once it has been sent:
 * `clickedAtMs` is when the click was, `composerMs` how long until there was somewhere to write.
 */
function joinAndSay({
  message,
  waitMs,
}: {
  message: string;
  waitMs: number;
}): Promise<{ clickedAtMs: number; composerMs: number }> {
  const button = (label: string): HTMLButtonElement | undefined =>
    [...document.querySelectorAll('button')].find(
      (each) => each.textContent.trim() === label || each.ariaLabel === label,
    );
  return new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error('the message was not sent')), waitMs);
    const joinButton = button('Join pool');
    if (joinButton === undefined) return reject(new Error('there is no "Join pool"'));
    let composerMs: number | undefined;
    let clickedAtMs = 0;
    const look = (): void => {
      const field = document.querySelector<HTMLTextAreaElement>('textarea[aria-label="Message"]');
      const send = button('Send');
      if (field === null || send === undefined) return;
      const isNew = composerMs === undefined;
      composerMs ??= Date.now() - clickedAtMs;
      // What was said is gone from the field.
      if (message === '' || (!isNew && field.value === '')) {
        observer.disconnect();
        return resolve({ clickedAtMs, composerMs });
      }
      if (isNew) {
        field.value = message;
        field.dispatchEvent(new InputEvent('input', { bubbles: true }));
      }
      if (!send.disabled) send.click();
    };
    const observer = new MutationObserver(look);
    observer.observe(document.body, { childList: true, subtree: true, attributes: true });
    clickedAtMs = Date.now();
    joinButton.click();
  });
}

/** Clicks "Accept". Resolves to the milliseconds until a transfer's progress is above nothing: its first chunk. */
function acceptUntilChunk(waitMs: number): Promise<number> {
  return new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error('no chunk came')), waitMs);
    const accept = [...document.querySelectorAll('button')].find((each) => each.textContent.trim() === 'Accept');
    if (accept === undefined) return reject(new Error('there is no "Accept"'));
    let clickedMs = 0;
    const look = (): void => {
      // The current's length; the label beside it rounds to whole percents.
      const done = [...document.querySelectorAll<HTMLElement>('[role="progressbar"]')].some(
        (bar) => Number.parseFloat(bar.style.getPropertyValue('--done')) > 0,
      );
      if (!done) return;
      observer.disconnect();
      resolve(performance.now() - clickedMs);
    };
    const observer = new MutationObserver(look);
    observer.observe(document.body, { childList: true, subtree: true, attributes: true });
    clickedMs = performance.now();
    accept.click();
  });
}
