// The same two devices in processes of their own, with a real server, real data channels and SQLite: from the link until both
// have all, on disk, and what crossed the link meanwhile.
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SqliteTalkStore } from '../../src/io/talk-sqlite.ts';
import { exportDeviceKeys } from '../../src/keys/identity.ts';
import { startServer } from '../../signaling/server.ts';
import type { TalkEnd, TalkMerged, TalkSeat } from '../ends/talk.ts';
import { startEnd } from '../harness.ts';
import { PATIENCE_MS, patiently } from '../pair/pair.ts';
import { copyPool, type Apart } from './diverged.ts';

export interface Merge {
  readonly ms: number;
  /** In datagrams, both directions, until both had all and the next report of a link. */
  readonly bytes: number;
  /** Of both processes together. */
  readonly cpuMs: number;
}

/** Leaves what is in `apart` as it is. */
export async function mergeProcesses({ pool, devices, missing }: Apart): Promise<Merge> {
  const directory = await mkdtemp(join(tmpdir(), 'rockpool-talk-'));
  const server = await startServer();
  const children = devices.map(() => startEnd('talk'));
  try {
    const ends = children.map(({ ask }): TalkEnd => {
      return {
        join: async (seat) => void (await ask('join', seat)),
        // Both ends of the way are ours: an answer is what TalkEnd says.
        merged: async () => (await ask('merged')) as TalkMerged,
        sentBytes: async () => (await ask('sentBytes')) as number,
      };
    });
    for (const [index, { keys, met, store }] of devices.entries()) {
      const own = join(directory, String(index));
      await mkdir(own);
      const disk = await SqliteTalkStore.open(own);
      await copyPool(pool, met.device, store, disk);
      await disk.close();
      const lacks = missing[1 - index]?.entries ?? 0;
      const exported = await exportDeviceKeys(keys);
      const seat: TalkSeat = {
        pool,
        name: met.name,
        keys: exported,
        directory: own,
        lacks,
        server: `ws://127.0.0.1:${server.port}/ws`,
      };
      await ends[index]?.join(seat);
    }
    const merged = await patiently(PATIENCE_MS, 'merging', Promise.all(ends.map((end) => end.merged())));
    const sent = await Promise.all(ends.map((end) => end.sentBytes()));
    const linkedAtMs = Math.min(...merged.map((each) => each.linkedAtMs));
    const mergedAtMs = Math.max(...merged.map((each) => each.mergedAtMs));
    return {
      ms: mergedAtMs - linkedAtMs,
      bytes: sent.reduce((sum, each) => sum + each, 0),
      cpuMs: merged.reduce((sum, each) => sum + each.cpuMs, 0),
    };
  } finally {
    await Promise.all(children.map((child) => child.close()));
    await server.close();
    await rm(directory, { recursive: true, force: true });
  }
}
