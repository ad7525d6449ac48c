// Who may touch what of the cache, among all tabs: a lock for each location while a tab has it in use, and one for
// decisions on space. The browser lets go of the locks of a worker that ended, however it ended.

const PREFIX = 'rockpool-cache/';
const SPACE = 'rockpool-cache-space';

/** Lets go; resolves once somebody else can have it. */
export type Release = () => Promise<void>;

/**
 * Takes `location`, waiting at most `waitMs` for somebody else who has it. Undefined if it is in use, by another tab or
 * by this worker.
 */
export function own(location: string, waitMs: number = 0): Promise<Release | undefined> {
  return new Promise((resolve, reject) => {
    const options = waitMs <= 0 ? { ifAvailable: true } : { signal: AbortSignal.timeout(waitMs) };
    const done: Promise<unknown> = navigator.locks
      .request(PREFIX + location, options, (lock) => {
        if (lock === null) return resolve(undefined);
        return new Promise<void>((letGo) => {
          resolve(async () => {
            letGo();
            await done;
          });
        });
      })
      .catch((error: unknown) => {
        if (error instanceof DOMException && error.name === 'TimeoutError') resolve(undefined);
        else reject(error);
      });
  });
}

/** Does `work` while `location` is ours. Undefined, and nothing is done, if it is in use. */
export async function whileOwned<T>(location: string, work: () => Promise<T>): Promise<T | undefined> {
  const release = await own(location);
  if (release === undefined) return undefined;
  try {
    return await work();
  } finally {
    await release();
  }
}

/** Locations in use, in whatever tab. */
export async function locationsInUse(): Promise<ReadonlySet<string>> {
  const { held = [] } = await navigator.locks.query();
  return new Set(held.flatMap(({ name = '' }) => (name.startsWith(PREFIX) ? [name.slice(PREFIX.length)] : [])));
}

/** Does `work` while no other tab decides on space. */
export async function decidingOnSpace<T>(work: () => Promise<T>): Promise<T> {
  return navigator.locks.request(SPACE, work);
}
