// Scrolling through a long conversation in the built app: how long its frames take. The conversation is written into the database of
// the app's origin by a page beside it (bench/pages/talk), and then opened as by somebody who comes back.
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BrowserContext } from 'playwright-core';
import { startServer } from '../../signaling/server.ts';
import { launchProfile } from '../../test/support/chromium.ts';

const POOL = 'quiet-heron-cove-4821';
/** What a wheel that is flung moves at a time, pixels, and the pause before it moves on, ms. */
const NOTCH_PX = 400;
const NOTCH_MS = 16;
/** Where the page begins to be watched it has settled, ms. */
const SETTLE_MS = 1500;
/** Longer than anything takes before it begins. */
const PATIENCE_MS = 120_000;

interface Frames {
  /** Between two frames, ms, in order. */
  readonly gapsMs: readonly number[];
  /** Tasks of 50 ms and more, ms. */
  readonly longTasksMs: readonly number[];
}

/** `messages` in the conversation; scrolled upwards from its end for `seconds`. */
export async function scrollFrames({
  messages,
  seconds,
}: {
  readonly messages: number;
  readonly seconds: number;
}): Promise<Record<string, number>> {
  const directory = await mkdtemp(join(tmpdir(), 'rockpool-scroll-'));
  const webRoot = join(directory, 'web');
  await cp(join(process.cwd(), 'dist/web'), webRoot, { recursive: true });
  await cp(join(process.cwd(), 'dist/bench-pages'), join(webRoot, 'bench'), { recursive: true });
  const server = await startServer({ webRoot });
  const profile = await launchProfile(join(directory, 'profile'));
  try {
    await fill(profile, `${server.url}/bench/talk/index.html`, messages);
    const { gapsMs, longTasksMs, reached, openMs } = await scrolled(profile, server.url, seconds);
    if (gapsMs.length === 0) throw new Error('no frame was drawn');
    const sorted = gapsMs.toSorted((a, b) => a - b);
    return {
      worst_frame_ms: sorted.at(-1) ?? NaN,
      p99_frame_ms: sorted[Math.floor(sorted.length * 0.99)] ?? NaN,
      frames_over_50_ms: sorted.filter((ms) => ms > 50).length,
      frames_per_s: gapsMs.length / seconds,
      longest_task_ms: Math.max(0, ...longTasksMs),
      scrolled_messages: messages - reached,
      open_conversation_ms: openMs,
    };
  } finally {
    await profile.close();
    await server.close();
    await rm(directory, { recursive: true, force: true });
  }
}

async function fill(profile: BrowserContext, address: string, messages: number): Promise<void> {
  const page = await profile.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  await page.goto(address, { waitUntil: 'networkidle' });
  await page.evaluate((order) => fillConversation(order), { pool: POOL, messages });
  await page.close();
}

/** `reached`: the number of the first message in the page at the end. `openMs`: from "Join pool" to the last one. */
async function scrolled(
  profile: BrowserContext,
  url: string,
  seconds: number,
): Promise<Frames & { readonly reached: number; readonly openMs: number }> {
  const page = await profile.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  await page.goto(`${url}/#${POOL}`, { waitUntil: 'networkidle' });
  await page.getByRole('textbox', { name: 'Your name' }).fill('Me');
  const beganMs = performance.now();
  await page.getByRole('button', { name: 'Join pool' }).click();
  const log = page.getByRole('log', { name: 'Conversation' });
  await log
    .getByText(/^#\d+ /)
    .first()
    .waitFor();
  const openMs = performance.now() - beganMs;
  await sleep(SETTLE_MS);
  await log.hover();
  await page.evaluate(watchFrames);
  const untilMs = performance.now() + seconds * 1000;
  while (performance.now() < untilMs) {
    await page.mouse.wheel(0, -NOTCH_PX);
    await sleep(NOTCH_MS);
  }
  const frames = await page.evaluate(() => ({
    gapsMs: [...globalThis.watchedFrames.gapsMs],
    longTasksMs: [...globalThis.watchedFrames.longTasksMs],
  }));
  const text = await log
    .getByText(/^#\d+ /)
    .first()
    .textContent();
  return { ...frames, reached: Number(/#(\d+)/.exec(text ?? '')?.[1]), openMs };
}

declare global {
  var watchedFrames: Frames;
}

/** Runs in the page, where it is sent alone. */
function watchFrames(): void {
  const gapsMs: number[] = [];
  const longTasksMs: number[] = [];
  globalThis.watchedFrames = { gapsMs, longTasksMs };
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) longTasksMs.push(duration);
  }).observe({ type: 'longtask' });
  let beforeMs = performance.now();
  const frame = (): void => {
    const atMs = performance.now();
    gapsMs.push(atMs - beforeMs);
    beforeMs = atMs;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(() => {
    beforeMs = performance.now();
    requestAnimationFrame(frame);
  });
}
