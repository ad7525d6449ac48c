// Where received bytes lie: one file for each location in `rockpool/cache/` of the origin private file system.

const PARENT = 'rockpool';
const CACHE = 'cache';

/** Directories of the version that kept files for a session only are named by 32 hex digits. */
const SESSION = /^[0-9a-f]{32}$/u;

/**
 * How often, and at what intervals, a file is asked for that another worker has not let go of: the browser ends a worker
 * whose page was reloaded a moment after its locks.
 */
const OPENINGS_MAX = 20;
const OPENING_INTERVAL_MS = 50;

/** Rejects where there is no origin private file system (some private modes). */
export async function cacheDirectory(): Promise<FileSystemDirectoryHandle> {
  return (await parentDirectory()).getDirectoryHandle(CACHE, { create: true });
}

/** Removes `name` from `directory` with all that is in it. One that is not there is no error. */
export async function removeEntry(directory: FileSystemDirectoryHandle, name: string): Promise<void> {
  await directory.removeEntry(name, { recursive: true }).catch((error: unknown) => {
    if (!isNotFound(error)) throw error;
  });
}

/** For reading and writing; only one worker can have a file open so. */
export async function openFile(file: FileSystemFileHandle): Promise<FileSystemSyncAccessHandle> {
  for (let opening = 1; ; opening += 1) {
    try {
      return await file.createSyncAccessHandle();
    } catch (error) {
      const taken = error instanceof DOMException && error.name === 'NoModificationAllowedError';
      if (!taken || opening === OPENINGS_MAX) throw error;
      await new Promise((resolve) => {
        setTimeout(resolve, OPENING_INTERVAL_MS);
      });
    }
  }
}

/** Removes directories of sessions that are over, of the version that had them. */
export async function removeSessionDirectories(): Promise<void> {
  const parent = await parentDirectory();
  for await (const name of parent.keys()) {
    if (!SESSION.test(name)) continue;
    // A tab that still runs that version holds a lock of this name.
    await navigator.locks.request(`rockpool-store/${name}`, { ifAvailable: true }, async (lock) => {
      if (lock !== null) await removeEntry(parent, name);
    });
  }
}

export function isNotFound(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'NotFoundError';
}

async function parentDirectory(): Promise<FileSystemDirectoryHandle> {
  const root = await navigator.storage.getDirectory();
  return root.getDirectoryHandle(PARENT, { create: true });
}
