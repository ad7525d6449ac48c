// The device's keys as files: `device-N.key` in the data directory, one for each process that runs at a time, because two that
// were the same device would contradict each other; beside them `device-N.account`, whose device it is, once it was linked to
// another. Node only; the browser's are device-keys-browser.ts.
import { mkdir, open, readFile, stat, utimes, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { exportDeviceKeys, generateDeviceKeys, importDeviceKeys, type DeviceKeys } from '../keys/identity.ts';
import type { DeviceId } from '../wire/entry.ts';
import { decodeAccount, encodeAccount, type Account } from '../wire/talk.ts';
import { codeOf, moveWithoutReplacing } from './final-name.ts';
import { LOCK_QUIET_MS, releaseLock, takeLock } from './lock-file.ts';
import { writePrivately } from './private-file.ts';

/**
 * exposed: others may read them, or put others in their place. damaged: they cannot be read. crowded: too many are in use.
 * not-kept: the directory cannot be used.
 */
export type DeviceKeysCode = 'keys-exposed' | 'keys-damaged' | 'keys-crowded' | 'keys-not-kept';

export class DeviceKeysError extends Error {
  readonly code: DeviceKeysCode;

  constructor(code: DeviceKeysCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'DeviceKeysError';
    this.code = code;
  }
}

/** Keys that are this process's until it lets go of them. */
export interface HeldKeys {
  readonly keys: DeviceKeys;
  /** N, from 0: whoever has it the next time is the same device. */
  readonly slot: number;
  /** Whose device it is; undefined if it was never linked to another. */
  readonly account: Account | undefined;
  /** From now on. Rejects with the file system's error. */
  keepAccount(account: Account): Promise<void>;
  release(): Promise<void>;
}

/** Processes of one person with one data directory. */
const SLOTS_MAX = 64;
/** Of a key file, bytes; ours have about 250. */
const KEY_FILE_BYTES_MAX = 4096;
const FOLDER_MODE = 0o700;
/** Anybody but the owner: may do anything; may write. */
const OTHERS = 0o077;
const OTHERS_WRITE = 0o022;
/** In such a directory nobody removes what is somebody else's. */
const STICKY = 0o1000;

/**
 * The keys of the first slot that no process is at; made there at the first time. Rejects with a DeviceKeysError.
 * `folder`: the data directory, made if it is not there.
 */
export async function holdDeviceKeys(folder: string): Promise<HeldKeys> {
  try {
    await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
    await requireSafeFolder(folder);
    for (let slot = 0; slot < SLOTS_MAX; slot += 1) {
      const held = await holdSlot(folder, slot);
      if (held !== undefined) return held;
    }
  } catch (error) {
    if (error instanceof DeviceKeysError) throw error;
    throw new DeviceKeysError(
      'keys-not-kept',
      `This device's keys cannot be kept in ${folder} (${codeOf(error)})`,
      error,
    );
  }
  throw new DeviceKeysError('keys-crowded', `More than ${SLOTS_MAX} programs use the keys in ${folder}`);
}

/** Whose keys are in a slot, be a process at them or not; undefined if there are none. Rejects as holdDeviceKeys does. */
export async function deviceIn(folder: string, slot: number): Promise<DeviceId | undefined> {
  return (await readKeys(join(folder, `device-${slot}.key`)))?.id;
}

/** Where in the data directory the conversations of the device in `slot` are kept. */
export const talkFolder = (folder: string, slot: number): string => join(folder, `device-${slot}`);

async function holdSlot(folder: string, slot: number): Promise<HeldKeys | undefined> {
  const lock = join(folder, `device-${slot}.lock`);
  if (!(await takeLock(lock))) return undefined;
  // Another machine that shares the directory sees no processes here: it goes by when the lock was touched.
  const touching = setInterval(() => {
    const now = new Date();
    void utimes(lock, now, now).catch(() => undefined);
  }, LOCK_QUIET_MS / 3);
  touching.unref();
  const release = async (): Promise<void> => {
    clearInterval(touching);
    await releaseLock(lock);
  };
  try {
    const path = join(folder, `device-${slot}.key`);
    const keys = (await readKeys(path)) ?? (await makeKeys(path));
    const accountPath = join(folder, `device-${slot}.account`);
    const account = await readKeptAccount(accountPath);
    const keepAccount = (next: Account): Promise<void> => writePrivately(accountPath, encodeAccount(next));
    return { keys, slot, account, keepAccount, release };
  } catch (error) {
    await release();
    throw error;
  }
}

/** Undefined if there are none. */
async function readKeys(path: string): Promise<DeviceKeys | undefined> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  let text: string;
  try {
    const { mode, uid, size } = await file.stat();
    if (isOthers(uid) || (hasModes && (mode & OTHERS) !== 0)) {
      throw new DeviceKeysError(
        'keys-exposed',
        `Others than you may read ${path}. If nobody has: chmod 600 it. Else remove it`,
      );
    }
    if (size > KEY_FILE_BYTES_MAX) throw damaged(path);
    text = await file.readFile('utf8');
  } finally {
    await file.close();
  }
  try {
    const { signing, agreeing }: Partial<Record<string, unknown>> = JSON.parse(text);
    if (typeof signing !== 'string' || typeof agreeing !== 'string') throw new TypeError('no keys in it');
    return await importDeviceKeys({ signing: fromBase64(signing), agreeing: fromBase64(agreeing) });
  } catch (error) {
    throw damaged(path, error);
  }
}

async function makeKeys(path: string): Promise<DeviceKeys> {
  const { signing, agreeing } = await exportDeviceKeys(await generateDeviceKeys(true));
  const text = `${JSON.stringify({ signing: toBase64(signing), agreeing: toBase64(agreeing) })}\n`;
  await writePrivately(path, text, moveWithoutReplacing);
  return importDeviceKeys({ signing, agreeing });
}

/** Certificates: anybody may see them. */
async function readKeptAccount(path: string): Promise<Account | undefined> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  const account = decodeAccount(bytes);
  if (account === undefined) throw damaged(path);
  return account;
}

/** Whoever may write to it may put other keys there. */
async function requireSafeFolder(folder: string): Promise<void> {
  const { mode, uid } = await stat(folder);
  const open = hasModes && (mode & OTHERS_WRITE) !== 0 && (mode & STICKY) === 0;
  if (open || (isOthers(uid) && uid !== 0)) {
    throw new DeviceKeysError(
      'keys-exposed',
      `Others than you may change what is in ${folder}. Run: chmod go-w on it, or name another`,
    );
  }
}

/** Windows knows no modes, and gives the person's own folders to that person alone. */
const hasModes: boolean = process.platform !== 'win32';

const isOthers = (uid: number): boolean => process.getuid !== undefined && uid !== process.getuid();

const damaged = (path: string, cause?: unknown): DeviceKeysError =>
  new DeviceKeysError(
    'keys-damaged',
    `${path} does not hold what this device kept there. Put it back from a backup, or remove it`,
    cause,
  );

const toBase64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
const fromBase64 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'));
