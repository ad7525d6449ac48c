// The app in a webview of the system's, by the package webview-napi where somebody has installed it. Not tested: it needs Node 24.
import { createRequire } from 'node:module';
import type { Window, WindowOptions } from '../window.ts';

/** As much of webview-napi 2 (its part `runtime`) as is used here. */
interface WebviewNapi {
  readonly WebviewRuntime: { start(options: { readonly exitOnLastWindowClosed: boolean }): Promise<Runtime> };
}
interface Runtime {
  createWindow(options: { readonly title: string; readonly width: number; readonly height: number }): Promise<Shown>;
  exit(): Promise<void>;
}
interface Shown {
  on(event: 'destroyed', listener: () => void): unknown;
  createWebview(options: { readonly url: string }): Promise<{ evaluateScript(script: string): Promise<void> }>;
  close(): Promise<void>;
  setMinimized(value: boolean): Promise<void>;
  focus(): Promise<void>;
}

/** Rejects where the package is missing or finds no webview. */
export async function openWebview(options: WindowOptions): Promise<Window> {
  // Not imported: it is no dependency, so that no build could find it.
  const napi: WebviewNapi = createRequire(import.meta.url)('webview-napi/runtime');
  const runtime = await napi.WebviewRuntime.start({ exitOnLastWindowClosed: false });
  try {
    await options.origin;
    const shown = await runtime.createWindow({ title: 'Rockpool', width: 1180, height: 780 });
    const closed = new Promise<void>((resolve) => shown.on('destroyed', resolve));
    const view = await shown.createWebview({ url: `${options.entry()}${options.fragment}` });
    // The event loop of a webview would keep this process alive.
    const ended = closed.then(() => runtime.exit());
    const focus = async (): Promise<void> => {
      await shown.setMinimized(false);
      await shown.focus();
    };
    return {
      kind: 'webview',
      focus,
      show: async (fragment) => {
        await view.evaluateScript(`location.hash = ${JSON.stringify(fragment)}`);
        await focus();
      },
      dropped: undefined,
      closed: ended,
      close: async () => {
        await shown.close();
        await ended;
      },
    };
  } catch (error) {
    await runtime.exit();
    throw error;
  }
}
