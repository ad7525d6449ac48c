// The list of 100,000 messages in real Chromium: it is smooth, it never jumps, and it stays where the reader is.
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { launchChromium } from '../support/chromium.ts';
import { serveStatic, type StaticServer } from '../support/static-server.ts';
import type { Scrolled } from './page/page.tsx';

jest.setTimeout(60_000);

/** A hard push at a touch pad: 24,000 pixels a second. */
const STEP_PX = 400;
const FRAMES = 400;
/** Of the 16 that a frame has at 60 a second, on average. */
const FRAME_MS_MAX = 12;

let folder: string;
let server: StaticServer;
let browser: Browser;
let page: Page;
const errors: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rockpool-conversation-'));
  // In a process of its own: Vite's bundler is native and does not take the objects of a test's realm.
  const vite = join(import.meta.dirname, '../../node_modules/vite/bin/vite.js');
  const source = join(import.meta.dirname, 'page');
  await promisify(execFile)(process.execPath, [vite, 'build', source, '--outDir', folder, '--logLevel', 'error']);
  server = await serveStatic(folder);
  browser = await launchChromium();
});

afterAll(async () => {
  await browser?.close();
  await server?.close();
  await rm(folder, { recursive: true });
});

beforeEach(async () => {
  page = await browser.newPage({ viewport: { width: 1000, height: 800 } });
  page.on('pageerror', (error) => errors.push(error.message));
  await page.goto(`${server.origin}/`);
  await row(100_000).waitFor();
});

afterEach(async () => {
  await page.close();
  expect(errors.splice(0)).toEqual([]);
});

/** The row of the message with this number. */
const row = (number: number) => page.locator('[data-index]').filter({ hasText: new RegExp(`(^|\\D)${number} `, 'u') });

const scroll = (byPx: number, frames: number): Promise<Scrolled> =>
  page.evaluate(([by, count]) => window.conversation.scroll(by, count), [byPx, frames] as const);

const topOf = async (number: number): Promise<number> => (await row(number).boundingBox())?.y ?? Number.NaN;

test('a frame costs little while somebody scrolls through hundreds of them', async () => {
  const devtools = await page.context().newCDPSession(page);
  // Processor time of the page's thread: a busy machine changes nothing. How long frames take is `npm run bench -- talk`.
  await devtools.send('Performance.enable', { timeDomain: 'threadTicks' });
  const spentMs = async (): Promise<number> => {
    const { metrics } = await devtools.send('Performance.getMetrics');
    return (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Infinity) * 1000;
  };
  const before = await spentMs();
  const { seen } = await scroll(-STEP_PX, FRAMES);
  const perFrame = ((await spentMs()) - before) / FRAMES;
  console.info(`conversation: ${perFrame.toFixed(1)} ms of a frame at ${STEP_PX} px a frame`);
  expect(perFrame).toBeLessThan(FRAME_MS_MAX);
  // It really went somewhere.
  expect(seen[0]).toBeLessThan(99_600);
});

test('what is in sight stays where it is while older ones come above', async () => {
  const { seen } = await scroll(-600, 60);
  const number = seen[1];
  const before = await topOf(number);
  // Pages come in by themselves near the top of what is loaded; the reader does not move.
  await scroll(-1, 1);
  await scroll(0, 60);
  expect(Math.abs((await topOf(number)) - before)).toBeLessThanOrEqual(2);
  const rows = await page.locator('[data-index]').allTextContents();
  const numbers = rows.flatMap((text) => /(?:^|\D)(\d{5,6}) /u.exec(text)?.[1] ?? []).map(Number);
  expect(numbers).toEqual(numbers.map((_, at) => (numbers[0] ?? 0) + at));
});

test('a new message is followed at the end, and only announced further up', async () => {
  await page.evaluate(() => window.conversation.say());
  await row(100_001).waitFor();
  await scroll(-500, 10);
  const { seen } = await scroll(0, 5);
  await page.evaluate(() => window.conversation.say());
  await page.getByRole('button', { name: 'New below' }).waitFor();
  expect((await scroll(0, 5)).seen).toEqual(seen);
  await page.getByRole('button', { name: 'New below' }).click();
  await row(100_002).waitFor();
  await page.getByRole('button', { name: 'New below' }).waitFor({ state: 'hidden' });
});

test('many new messages at once are followed at the end', async () => {
  await page.evaluate(() => window.conversation.say(300));
  await row(100_300).waitFor();
  // About as fast as frames, and as fast as another device writes them.
  for (const everyMs of [1, 8, 17, 25]) await page.evaluate((ms) => window.conversation.say(30, ms), everyMs);
  await row(100_420).waitFor();
  expect(await page.getByRole('button', { name: 'New below' }).count()).toBe(0);
});

test('a message that is looked up is shown in its place, and the end is reached from there', async () => {
  await page.evaluate(() => window.conversation.show(50_000));
  await page.locator('[data-marked=true]').filter({ hasText: '50000 ' }).waitFor();
  const { seen } = await scroll(0, 5);
  expect(seen[0]).toBeLessThan(50_000);
  expect(seen[1]).toBeGreaterThan(50_000);
  expect((await scroll(2000, 60)).seen[0]).toBeGreaterThan(50_100);
  await page.getByRole('button', { name: 'To the newest' }).click();
  await row(100_000).waitFor();
});

test('arrow keys go from message to message, Enter opens what can be done with it, Esc leads back', async () => {
  await page.getByRole('log', { name: 'Conversation' }).focus();
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('ArrowUp');
  const focused = page.locator('[data-index]:focus');
  await focused.filter({ hasText: '99999 ' }).waitFor();
  await page.keyboard.press('Enter');
  const menu = page.getByRole('dialog', { name: 'Message', exact: true });
  await menu.getByRole('button', { name: 'Reply' }).waitFor();
  await page.keyboard.press('Escape');
  await menu.waitFor({ state: 'hidden' });
  await focused.filter({ hasText: '99999 ' }).waitFor();
  for (let press = 0; press < 30; press += 1) await page.keyboard.press('ArrowUp');
  await focused.filter({ hasText: '99969 ' }).waitFor();
});

test('what is pressed right after a dialog was asked for belongs to the dialog', async () => {
  await page.getByRole('log', { name: 'Conversation' }).focus();
  for (let press = 0; press < 3; press += 1) await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Enter');
  const takeBack = page.getByRole('button', { name: 'Take back…' });
  const focused = await takeBack.evaluate(async (button: HTMLElement) => {
    button.click();
    // It is drawn in a microtask; a frame later would be too late for somebody who types on.
    await new Promise<void>((resolve) => queueMicrotask(() => queueMicrotask(resolve)));
    return document.activeElement?.closest('dialog')?.ariaLabel;
  });
  expect(focused).toBe('Take this back?');
});
