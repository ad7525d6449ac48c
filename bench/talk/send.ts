// From Enter until the other screen shows it: the built app in two browsers, every packet between them through the relay
// (bench/relay). The app knows nothing of that: the pages' WebRTC is told the relay's addresses in place of the other end's.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { Random } from '../../src/sim/random.ts';
import { startServer } from '../../signaling/server.ts';
import { launchChromium } from '../../test/support/chromium.ts';
import { relayedCandidate, type Registrar } from '../relay/candidates.ts';
import { withRelay, type OpenRelay } from '../relay/open-relay.ts';
import { PATHS, PATH_NAMES, pathName } from '../relay/paths.ts';
import { messageShown } from '../pair/message-shown.ts';
import { PATIENCE_MS } from '../pair/pair.ts';

/** Between the other's screen and the next Enter, ms. */
const PAUSE_MS: readonly [least: number, most: number] = [40, 260];
/** After the link stood: profiles and the first keys are exchanged, and code is compiled. */
const SETTLE_MS = 2000;

export interface SendWork {
  readonly path: string;
  readonly sends: number;
  readonly seed: number;
}

export async function sendToShown({ path: asked, sends, seed }: SendWork): Promise<Record<string, number>> {
  const name = pathName(asked);
  if (name === undefined) throw new RangeError(`--path: expected ${PATH_NAMES.join(', ')}, got ${asked}`);
  const path = PATHS[name];
  return withRelay({ a: path, b: path }, seed, (relay) => measure(relay, sends, new Random(seed), 2 * path.delayMs));
}

async function measure(
  relay: OpenRelay,
  sends: number,
  random: Random,
  rttMs: number,
): Promise<Record<string, number>> {
  const server = await startServer({ webRoot: join(process.cwd(), 'dist/web') });
  const browsers = [await launchChromium(), await launchChromium()] as const;
  try {
    const pages = [await browsers[0].newPage(), await browsers[1].newPage()] as const;
    const [from, to] = pages;
    await behindRelay(from, relay.registrar('b'));
    await behindRelay(to, relay.registrar('a'));
    for (const [index, page] of pages.entries()) await enter(page, server.url, ['Sender', 'Reader'][index] ?? '');
    // What is said before the link stands is sealed for those who were known by then.
    for (const page of pages) await page.getByText('Browser · direct').waitFor();
    await from.evaluate(watchEnter);
    const waits: number[] = [];
    await say(from, to, 'first of all');
    await sleep(SETTLE_MS);
    await relay.report();
    for (let sent = 0; sent < sends; sent += 1) {
      await sleep(random.between(...PAUSE_MS));
      waits.push(await say(from, to, `number ${sent} of them.`));
    }
    const { from: counted, lateP99Ms } = await relay.report();
    if ((counted.a?.delivered ?? 0) < sends) throw new Error('the messages did not go through the relay');
    waits.sort((a, b) => a - b);
    const at = (share: number): number => waits[Math.ceil(waits.length * share) - 1] ?? NaN;
    return {
      send_to_shown_p50_ms: at(0.5),
      send_to_shown_p95_ms: at(0.95),
      send_to_shown_max_ms: at(1),
      send_to_shown_bar_ms: rttMs / 2 + 30,
      send_relay_late_p99_ms: lateP99Ms,
    };
  } finally {
    for (const browser of browsers) await browser.close();
    await server.close();
  }
}

async function enter(page: Page, url: string, name: string): Promise<void> {
  page.setDefaultTimeout(PATIENCE_MS);
  await page.goto(`${url}/#send-to-shown`, { waitUntil: 'networkidle' });
  await page.getByRole('textbox', { name: 'Your name' }).fill(name);
  await page.getByRole('button', { name: 'Join pool' }).click();
  await page.getByRole('textbox', { name: 'Message' }).waitFor();
}

/** Resolves to the ms from Enter until it was painted. */
async function say(from: Page, to: Page, text: string): Promise<number> {
  await from.getByRole('textbox', { name: 'Message' }).focus();
  await from.keyboard.insertText(text);
  const shown = to.evaluate(messageShown, { message: text, waitMs: PATIENCE_MS });
  await from.keyboard.press('Enter');
  return (await shown) - (await from.evaluate(() => enteredAtMs));
}

/** All candidates of the other end become those of the relay, in descriptions and alone, of further lanes too. */
async function behindRelay(page: Page, others: Registrar): Promise<void> {
  await page.exposeFunction('relayedLine', async (line: string) => relayedCandidate(line, others));
  await page.addInitScript(relayRemotes);
}

declare global {
  var relayedLine: (candidate: string) => Promise<string | undefined>;
  /** When Enter was pressed last, ms since 1970. */
  var enteredAtMs: number;
}

// What runs in the pages; each function is sent there alone. Moments are the wall clock, which both browsers share.

function relayRemotes(): void {
  const { prototype } = RTCPeerConnection;
  // Without the forms that take callbacks.
  type Add = (this: RTCPeerConnection, candidate?: RTCIceCandidateInit | null) => Promise<void>;
  type Describe = (this: RTCPeerConnection, description: RTCSessionDescriptionInit) => Promise<void>;
  const addIceCandidate: Add = prototype.addIceCandidate;
  const setRemoteDescription: Describe = prototype.setRemoteDescription;
  prototype.addIceCandidate = async function (given) {
    const { candidate: own = '', sdpMid = null, sdpMLineIndex = null } = given ?? {};
    const candidate = await relayedLine(own);
    if (candidate !== undefined) await addIceCandidate.call(this, { candidate, sdpMid, sdpMLineIndex });
  };
  prototype.setRemoteDescription = async function (description) {
    const { sdp = '' } = description;
    const lines = await Promise.all(
      sdp.split('\r\n').map(async (line) => {
        if (!line.startsWith('a=candidate:')) return line;
        const relayed = await relayedLine(line.slice(2));
        return relayed === undefined ? [] : `a=${relayed}`;
      }),
    );
    await setRemoteDescription.call(this, { type: description.type, sdp: lines.flat().join('\r\n') });
  };
}

function watchEnter(): void {
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === 'Enter') globalThis.enteredAtMs = Date.now() - (performance.now() - event.timeStamp);
  };
  document.addEventListener('keydown', onKey, { capture: true });
}
