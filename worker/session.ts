// Where this worker keeps received files: a directory of its own in the origin private file system, alive as long as
// the lock that bears its name is held. Directories of workers that are gone are removed when the next one starts.

/** The directory in the origin private file system that holds one directory a session. */
const DIRECTORY = 'rockpool';

const lockName = (session: string): string => `rockpool-store/${session}`;

export interface Session {
  /** 32 hex digits. */
  readonly name: string;
  readonly directory: FileSystemDirectoryHandle;
}

/** Opens a new session. Rejects where there is no origin private file system (some private modes). */
export async function openSession(): Promise<Session> {
  const name = crypto.randomUUID().replaceAll('-', '');
  // Before the directory is there, or another worker that starts just now would take it for abandoned.
  await holdLock(lockName(name));
  const parent = await sessions();
  return { name, directory: await parent.getDirectoryHandle(name, { create: true }) };
}

/** The directory of a session, this or another. Rejects if it is gone. */
export async function sessionDirectory(name: string): Promise<FileSystemDirectoryHandle> {
  return (await sessions()).getDirectoryHandle(name);
}

/** Removes the directories of sessions that are over, and has `forget` remove what else is known of them. */
export async function sweepSessions(
  known: readonly string[],
  forget: (session: string) => Promise<void>,
): Promise<void> {
  const parent = await sessions();
  const names = new Set(known);
  for await (const name of parent.keys()) names.add(name);
  for (const name of names) {
    // Nobody can hold the lock of a session that is over. While we do, no second sweeper works on the same one.
    await navigator.locks.request(lockName(name), { ifAvailable: true }, async (lock) => {
      if (lock === null) return;
      await parent.removeEntry(name, { recursive: true }).catch((error: unknown) => {
        if (!(error instanceof DOMException) || error.name !== 'NotFoundError') throw error;
      });
      await forget(name);
    });
  }
}

async function sessions(): Promise<FileSystemDirectoryHandle> {
  const root = await navigator.storage.getDirectory();
  return root.getDirectoryHandle(DIRECTORY, { create: true });
}

/** Resolves once the lock is held. The browser lets go of it when this worker ends, however it ends. */
async function holdLock(name: string): Promise<void> {
  await new Promise<void>((held, failed) => {
    const forever = new Promise<never>(() => undefined);
    navigator.locks
      .request(name, () => {
        held();
        return forever;
      })
      .catch(failed);
  });
}
