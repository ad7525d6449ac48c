// Opens the app's window with the best that this machine has: a browser without tabs and address bar, a webview, the person's own browser.
import open from 'open';
import type { Window, WindowKind, WindowOptions } from '../window.ts';
import { openBrowser } from './browser.ts';
import { openChromium } from './chromium.ts';
import { findChromiums } from './find-chromium.mjs';
import { openWebview } from './webview.ts';

const ORDER: readonly WindowKind[] = ['chromium', 'webview', 'browser'];

/**
 * The first that starts; of `wanted` only. Rejects with what to do if none does, and as `options.origin` does. A host whose
 * origin is still on its way calls this at once: to start a browser takes longer.
 */
export async function openWindow(options: WindowOptions, wanted?: WindowKind): Promise<Window> {
  const origin = Promise.resolve(options.origin);
  // Whoever waits for it hears of it; a browser may still be starting.
  origin.catch(() => undefined);
  const { platform, env } = process;
  if (platform === 'linux' && !env['DISPLAY'] && !env['WAYLAND_DISPLAY']) {
    throw new Error('There is no screen here to open a window on. Use --window none, and open the address it prints.');
  }
  const failed: string[] = [];
  for (const kind of wanted === undefined ? ORDER : [wanted]) {
    try {
      return await opened(kind, { ...options, origin });
    } catch (error) {
      await origin;
      failed.push(`  ${kind}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new Error(
    ['No window opens.', ...failed, 'Install Chromium, Chrome, Edge or Brave, or name one in CHROMIUM_PATH.'].join(
      '\n',
    ),
  );
}

async function opened(kind: WindowKind, options: WindowOptions): Promise<Window> {
  switch (kind) {
    case 'chromium':
      return openAnyChromium(options);
    case 'webview':
      return openWebview(options);
    case 'browser':
      return openBrowser(options);
  }
}

async function openAnyChromium(options: WindowOptions): Promise<Window> {
  const problems: string[] = [];
  for (const path of findChromiums()) {
    try {
      return await openChromium(path, options, (url) => void open(url).catch(() => undefined));
    } catch (error) {
      await options.origin;
      problems.push(`${path}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new Error(problems.join('; ') || 'none is installed');
}
