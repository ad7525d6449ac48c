import { wholeOption } from './harness.ts';
// What a kill costs: the receiver dies in the middle of a transfer (kill -9 of a browser with an ordinary profile, or of a
// terminal process), starts again, accepts again what is offered again, and finishes. The sender is a process that lives on.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Random } from '../src/sim/random.ts';
import type { BenchmarkOptions, BenchmarkResult } from './harness.ts';
import { openProcessEnd, type OpenEnd } from './pair/ends.ts';
import { MIB, PATIENCE_MS, patiently, withPlace, type Kind, type Place } from './pair/pair.ts';

export const about: string = 'kill -9 of the receiver mid-transfer, then again from there: what is fetched twice';
export const rounds = 1;
export const defaults: Record<string, string> = { mib: '64', kills: '20', only: 'both', seed: '1' };

/** Of the file, where a kill may come. */
const SHARE_MIN = 0.05;
const SHARE_MAX = 0.95;

/** As in loopback.ts. */
const SLOWEST_MBIT = 2;

interface Kill {
  /** Held verified when it came, bytes. */
  readonly verifiedBytes: number;
  /** Of these, fetched again. */
  readonly refetchedBytes: number;
  readonly keptBytes: number;
  readonly completed: boolean;
}

export async function run({ rounds: count, values, log }: BenchmarkOptions): Promise<BenchmarkResult> {
  const bytes = wholeOption(values['mib']) * MIB;
  const kills = wholeOption(values['kills'], 'kills');
  const random = new Random(wholeOption(values['seed'], 'seed'));
  return withPlace(values['only'] ?? 'both', 1, bytes, async (place, server) => {
    const figures: Record<string, number> = {};
    const all: Kill[] = [];
    for (const kind of place.kinds) {
      const own: Kill[] = [];
      for (let index = 0; index < kills * count; index += 1) {
        const atBytes = Math.floor(bytes * random.between(SHARE_MIN, SHARE_MAX));
        const seat = { server, pool: `resume-${kind.name}-${index}` };
        const kill = await killedOnce(kind, place, seat, bytes, atBytes, log);
        const [held, kept] = [kill.verifiedBytes / MIB, kill.keptBytes / MIB].map((mib) => mib.toFixed(2));
        log(`${kind.name} ${index + 1}: killed with ${held} MiB, ${kept} kept${kill.completed ? '' : ', FAILED'}`);
        own.push(kill);
      }
      all.push(...own);
      for (const [name, value] of Object.entries(totals(own))) figures[`${kind.name}_${name}`] = value;
    }
    return { rounds: count, figures: { ...figures, ...totals(all) } };
  });
}

function totals(kills: readonly Kill[]): Record<string, number> {
  const sum = (of: (kill: Kill) => number): number => kills.reduce((total, kill) => total + of(kill), 0);
  const shares = kills.map(({ refetchedBytes, verifiedBytes }) => refetchedBytes / verifiedBytes);
  return {
    refetched_share: sum(({ refetchedBytes }) => refetchedBytes) / sum(({ verifiedBytes }) => verifiedBytes),
    refetched_share_max: Math.max(...shares),
    completed: sum(({ completed }) => Number(completed)),
    kills: kills.length,
  };
}

/** One transfer that is killed as soon as `atBytes` are verified, and taken up again. */
async function killedOnce(
  kind: Kind,
  { directory, received: into, clear }: Place,
  seat: { readonly server: string; readonly pool: string },
  bytes: number,
  atBytes: number,
  log: BenchmarkOptions['log'],
): Promise<Kill> {
  const profile = join(directory, 'profile');
  const sender = openProcessEnd();
  let receiver: OpenEnd | undefined;
  let verifiedBytes = 0;
  try {
    await sender.end.join({ ...seat, name: 'Sender', into });
    await sender.end.offer(join(directory, 'measured'));
    receiver = await kind.open(profile);
    verifiedBytes = await verifiedUntilKilled(receiver, { ...seat, name: 'Receiver', into }, bytes, atBytes);
    receiver = await kind.open(profile);
    await receiver.end.join({ ...seat, name: 'Again', into });
    const { keptBytes } = await within(bytes, receiver.end.receive(bytes));
    return { verifiedBytes, refetchedBytes: Math.max(0, verifiedBytes - keptBytes), keptBytes, completed: true };
  } catch (error) {
    log(String(error));
    return { verifiedBytes, refetchedBytes: verifiedBytes, keptBytes: 0, completed: false };
  } finally {
    await receiver?.close();
    await sender.close();
    await clear();
    await rm(profile, { recursive: true, force: true });
  }
}

/** Resolves to what the end held verified when it died, as far as it could still say so. */
async function verifiedUntilKilled(
  receiver: OpenEnd,
  seat: Parameters<OpenEnd['end']['join']>[0],
  bytes: number,
  atBytes: number,
): Promise<number> {
  let verifiedBytes = 0;
  const reached = new Promise<void>((resolve) => {
    receiver.onTold((told) => {
      verifiedBytes = told;
      if (told >= atBytes) resolve();
    });
  });
  await receiver.end.join({ ...seat, tells: true });
  // It will not live to see the end.
  const receiving = receiver.end.receive(bytes).then(
    () => Promise.reject(new Error('the transfer ended before the kill')),
    () => undefined,
  );
  receiving.catch(() => undefined);
  await within(bytes, Promise.race([reached, receiving.then(() => Promise.reject(new Error('the end was lost')))]));
  await receiver.kill();
  return verifiedBytes;
}

function within<T>(bytes: number, work: Promise<T>): Promise<T> {
  return patiently(PATIENCE_MS + (bytes * 8) / 1000 / SLOWEST_MBIT, `${bytes} bytes`, work);
}
