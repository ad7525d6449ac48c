// Reading and writing at a place through a synchronous handle, which may do less than it was asked to: beside what the
// standard allows, Chromium in a private window says nothing if a file cannot grow, and counts -8 bytes (as an unsigned
// number) as written.
import { StoreError } from '../src/io/store.ts';
import type { Part } from './progress.ts';

/**
 * The file is made longer than it has to be, by as much as it is long, within these bounds, bytes: a browser takes longer
 * to write past the end than within, by a quarter in a private window. Little at first, because the first chunk is waited
 * for; never the whole file at once, because a private window keeps it in memory.
 */
const GROW_BYTES_MIN = 1024 * 1024;
const GROW_BYTES_MAX = 32 * 1024 * 1024;

/** What no disk has. */
const ABSURD_BYTES = 2 ** 52;

/** How exactly room is measured, bytes. */
const ROOM_BYTES = 1024 * 1024;

/**
 * Writes `bytes` at `at` into a file that is `grownBytes` long and will once have `fileBytes`. Returns how long it is
 * now. Throws as the handle does, or `no-space`.
 */
export function writeAt(
  handle: FileSystemSyncAccessHandle,
  bytes: Uint8Array<ArrayBuffer>,
  at: number,
  grownBytes: number,
  fileBytes: number,
): number {
  const end = at + bytes.length;
  const lengthBytes = end > grownBytes ? grow(handle, end, fileBytes) : grownBytes;
  for (let written = 0; written < bytes.length;) {
    const count = handle.write(bytes.subarray(written), { at: at + written });
    if (count === 0 || count > bytes.length - written) throw noSpace();
    written += count;
  }
  return lengthBytes;
}

/** Undefined if the file ends before. */
export function readAt(handle: FileSystemSyncAccessHandle, at: number, length: number): Uint8Array | undefined {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length;) {
    const count = handle.read(bytes.subarray(done), { at: at + done });
    if (count === 0 || count > length - done) return undefined;
    done += count;
  }
  return bytes;
}

/** Gives back what the file was grown by ahead of its chunks. */
export function trim(handle: FileSystemSyncAccessHandle, part: Part): void {
  const neededBytes = Math.max(part.chunks.endBytes, part.foundBytes);
  shorten(handle, neededBytes);
  part.grownBytes = neededBytes;
}

/** A crash while `roomFor` measured leaves the file longer than its `bytes`, zeros at the end. */
export function shorten(handle: FileSystemSyncAccessHandle, bytes: number): void {
  if (handle.getSize() > bytes) handle.truncate(bytes);
}

/**
 * How long the file could be, at most `bytes`, to within a mebibyte; it stays as it is. Undefined if the browser does not
 * say. To try is the only way: what `navigator.storage.estimate()` grants in Chromium is 10 GiB more than is used,
 * however much or little there is.
 */
export function roomFor(handle: FileSystemSyncAccessHandle, bytes: number): number | undefined {
  const lengthBytes = handle.getSize();
  if (bytes <= lengthBytes) return bytes;
  if (!tellsOfNoSpace(handle)) return undefined;
  let fits = lengthBytes;
  let tooLong = bytes + 1;
  for (let tried = bytes; fits < bytes && tooLong - fits > ROOM_BYTES; tried = Math.floor((fits + tooLong) / 2)) {
    if (resize(handle, tried)) fits = tried;
    else tooLong = tried;
  }
  handle.truncate(lengthBytes);
  return fits;
}

/**
 * False in a private window of Chromium: files are memory there, so that to try takes as much of it, and with more than a
 * gigabyte the browser ends.
 */
function tellsOfNoSpace(handle: FileSystemSyncAccessHandle): boolean {
  try {
    handle.truncate(ABSURD_BYTES);
    return false;
  } catch (error) {
    return isQuotaError(error);
  }
}

function grow(handle: FileSystemSyncAccessHandle, end: number, fileBytes: number): number {
  const ahead = Math.min(GROW_BYTES_MAX, Math.max(GROW_BYTES_MIN, end));
  const grownBytes = Math.min(fileBytes, end + ahead);
  if (resize(handle, grownBytes)) return grownBytes;
  if (resize(handle, end)) return end;
  throw noSpace();
}

/** False if there is no space for it. */
function resize(handle: FileSystemSyncAccessHandle, bytes: number): boolean {
  try {
    handle.truncate(bytes);
  } catch (error) {
    if (!isQuotaError(error)) throw error;
    return false;
  }
  return handle.getSize() === bytes;
}

const isQuotaError = (error: unknown): boolean => error instanceof Error && error.name === 'QuotaExceededError';

const noSpace = (): StoreError => new StoreError('no-space', 'The browser gives no more space');
