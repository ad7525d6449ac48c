// Locks that are files: each names the process that holds it, so that one whose process is gone is found out. Node only.
import { randomBytes } from 'node:crypto';
import { lstat, open, readFile, rename, rm } from 'node:fs/promises';
import { codeOf } from './final-name.ts';

/** A lock that cannot be read is being written, for this long at most, ms. */
const LOCK_WRITTEN_MS = 10_000;

/** A lock of another machine, or of this one before it started anew, holds as long as what it guards was touched this lately, ms. */
export const LOCK_QUIET_MS = 60_000;

/** Of a lock that is being looked at aside, bytes. */
const ASIDE_ID_BYTES = 9;

/** When what a lock guards was last touched, ms since 1970; `lock`: where the lock lies now. */
export type TouchedMs = (lock: string) => Promise<number>;

/** Makes this process the one that holds `lock`. False if another one does, or this one already. Rejects with Node's errors. */
export async function takeLock(lock: string, touchedMs: TouchedMs = modifiedMs): Promise<boolean> {
  if (await writeLock(lock)) return true;
  if (await isLocked(lock, touchedMs)) return false;
  // Out of the way first, so that of two that find it stale only one removes it, and then a look at what that was.
  const aside = `${lock}-${randomBytes(ASIDE_ID_BYTES).toString('base64url')}`;
  try {
    await rename(lock, aside);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
  if (await isLocked(aside, touchedMs)) {
    await rename(aside, lock);
    return false;
  }
  await rm(aside, { force: true });
  return writeLock(lock);
}

export async function releaseLock(lock: string): Promise<void> {
  await rm(lock, { force: true });
}

/** When it was last written, ms since 1970; 0 if it is not there. */
export async function modifiedMs(path: string): Promise<number> {
  return (await lstat(path).catch(() => undefined))?.mtimeMs ?? 0;
}

/** Does not change while this process lives. */
let ourselves: Promise<LockHolder> | undefined;

async function writeLock(path: string): Promise<boolean> {
  ourselves ??= processOf(process.pid);
  const holder = await ourselves;
  try {
    const handle = await open(path, 'wx');
    try {
      await handle.writeFile(JSON.stringify(holder));
    } finally {
      await handle.close();
    }
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

async function isLocked(lock: string, touchedMs: TouchedMs): Promise<boolean> {
  const text = await readFile(lock, 'utf8').catch(() => undefined);
  if (text === undefined) return false;
  const holder = parseLock(text);
  if (holder === undefined) return Date.now() - (await modifiedMs(lock)) < LOCK_WRITTEN_MS;
  const now = await processOf(holder.pid);
  if (holder.boot !== now.boot) return Date.now() - (await touchedMs(lock)) < LOCK_QUIET_MS;
  // A process of the same number that started at another time is another one.
  return isAlive(holder.pid) && holder.started === now.started;
}

interface LockHolder {
  readonly pid: number;
  /** When the process started, in the system's own way of saying; empty where it does not say. */
  readonly started: string;
  /** Names this run of this machine; empty where it has no name. */
  readonly boot: string;
}

/** Linux tells of any process when it started (proc(5), `stat`, field 22); elsewhere the number has to do. */
async function processOf(pid: number): Promise<LockHolder> {
  const [stat, boot] = await Promise.all([
    readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ''),
    readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => ''),
  ]);
  // The name in field 2 may hold anything; the fields after it cannot hold a bracket.
  const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  return { pid, started, boot: boot.trim() };
}

function parseLock(text: string): LockHolder | undefined {
  try {
    const { pid, started, boot }: Partial<Record<string, unknown>> = JSON.parse(text);
    if (typeof started !== 'string' || typeof boot !== 'string') return undefined;
    return typeof pid === 'number' && Number.isInteger(pid) && pid > 0 ? { pid, started, boot } : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Not ours to signal, but there.
    return codeOf(error) === 'EPERM';
  }
}
