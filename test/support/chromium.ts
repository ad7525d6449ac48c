// Launches a headless Chromium or Chrome for tests and benchmarks. Where one is, find-chromium.mjs knows; installing one
// is the business of test/run.mjs.
import { chromium, type Browser, type BrowserContext } from 'playwright-core';
import { CHROMIUM_PATH_VARIABLE, findChromium } from '../../desktop/windows/find-chromium.mjs';

/**
 * Flags every test browser gets. `--no-sandbox` because tests run as root in containers; mDNS hiding is off because a
 * container has no mDNS responder, so a peer outside the browser could not resolve its host candidates. The pop-ups of the
 * address bar are pages with a process of their own in every window, seen or not: a third of what opening one costs.
 */
export const CHROMIUM_FLAGS: readonly string[] = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-quic',
  '--no-first-run',
  '--disable-features=WebRtcHideLocalIpsWithMdns,WebUIOmniboxPopup,WebUIOmniboxAimPopup',
];

/**
 * Starts a headless browser; the caller closes it. `extraFlags` come after the usual ones. Chromium heeds only the last
 * `--disable-features`, so a caller who passes one must repeat ours. Rejects if there is none, saying what to do.
 */
export async function launchChromium(extraFlags: readonly string[] = []): Promise<Browser> {
  const args = [...CHROMIUM_FLAGS, ...extraFlags];
  return chromium.launch({ executablePath: chromiumPath(), headless: true, args });
}

/** The same with an ordinary profile in `directory`, as people have it: its storage is on disk, not in memory. */
export async function launchProfile(directory: string): Promise<BrowserContext> {
  const args = [...CHROMIUM_FLAGS];
  return chromium.launchPersistentContext(directory, { executablePath: chromiumPath(), headless: true, args });
}

function chromiumPath(): string {
  const executablePath = findChromium();
  if (executablePath === undefined) {
    throw new Error(
      `No Chromium or Chrome found. Install one (Debian: apt-get install chromium) or set ${CHROMIUM_PATH_VARIABLE}.`,
    );
  }
  return executablePath;
}
