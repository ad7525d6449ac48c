// The memory of a page at its peak, from a moment on: of its own thread, and of the browser's renderers with all that is native.
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { OpenPageEnd } from './ends.ts';
import { MIB } from './pair.ts';

const SAMPLE_MS = 100;

/** Begins to watch the heap of the page's thread, array buffers included. What it gives stops, and tells the growth in MiB. */
export async function heapPeak({ page, profile }: OpenPageEnd): Promise<() => Promise<number>> {
  const session = await profile.newCDPSession(page);
  await session.send('HeapProfiler.collectGarbage');
  return peakGrowth(async () => {
    // `backingStorageSize` is newer than the types: what array buffers hold.
    const usage: { readonly usedSize: number; readonly backingStorageSize?: number } =
      await session.send('Runtime.getHeapUsage');
    return usage.usedSize + (usage.backingStorageSize ?? 0);
  });
}

/** The same for all the memory of the browser's renderers that no file backs: page, store worker and what is native. */
export async function rendererPeak({ processes }: OpenPageEnd): Promise<() => Promise<number>> {
  const ids = (await processes()).filter(({ type }) => type === 'renderer').map(({ id }) => id);
  return peakGrowth(async () => {
    const each = await Promise.all(ids.map(anonymousBytes));
    return each.reduce((sum, bytes) => sum + bytes, 0);
  });
}

/** 0 where the system does not tell (only Linux does), and for a process that is gone. */
async function anonymousBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/^RssAnon:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
}

async function peakGrowth(bytes: () => Promise<number>): Promise<() => Promise<number>> {
  const before = await bytes();
  let peak = before;
  const watching = new AbortController();
  const watched = (async (): Promise<void> => {
    while (!watching.signal.aborted) {
      peak = Math.max(peak, await bytes());
      await sleep(SAMPLE_MS);
    }
  })();
  return async () => {
    watching.abort();
    await watched;
    return (peak - before) / MIB;
  };
}
