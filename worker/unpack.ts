// Unpacks a received folder's archive into a directory that somebody picked, under a name that nothing there has.
import { numberedFileName, safeFileName } from '../src/io/file-name.ts';
import { StoreError } from '../src/io/store.ts';
import { unpackTar, type TreeSink } from '../src/io/tar-unpack.ts';
import { isNotFound, removeEntry } from './cache-directory.ts';
import { failure } from './failure.ts';
import type { UnpackProgress } from './messages.ts';

/** Names tried when one is taken: `name`, `name (2)`, `name (3)` ... */
const NAMES_TRIED_MAX = 10_000;

/** Small files written at a time: each costs a few milliseconds of waiting for the browser. */
const FILES_AT_ONCE = 16;

/** Handles of directories kept, so that not every file looks its own up from the top. */
const DIRECTORIES_KEPT_MAX = 1_000;

const PROGRESS_MS = 100;

/**
 * Writes the folder called `name` into `target`; `contentBytes` is what all its files may have together. Resolves to the
 * name it got. If it fails, nothing stays. Rejects with `store-failed` (the archive is refused, or the directory cannot
 * be written to, and what it was about) or `no-space`.
 */
export async function unpackInto(
  target: FileSystemDirectoryHandle,
  name: string,
  archive: Blob,
  contentBytes: number,
  progress: (so: UnpackProgress) => void,
): Promise<string> {
  let folder: FileSystemDirectoryHandle | undefined;
  try {
    folder = await makeFolder(target, safeFileName(name));
    const sink = new DirectorySink(folder);
    const timer = setInterval(() => progress(sink.written), PROGRESS_MS);
    try {
      await unpackTar(archive.stream(), sink, { bytes: contentBytes, filesAtOnce: FILES_AT_ONCE, inOneFolder: true });
    } finally {
      clearInterval(timer);
    }
    progress(sink.written);
    return folder.name;
  } catch (error) {
    // Half a folder would pass for the whole.
    if (folder !== undefined) await removeEntry(target, folder.name).catch(() => undefined);
    throw failure('store-failed', `${name} cannot be unpacked there`, error);
  }
}

async function makeFolder(target: FileSystemDirectoryHandle, name: string): Promise<FileSystemDirectoryHandle> {
  for (let number = 1; number <= NAMES_TRIED_MAX; number += 1) {
    const tried = number === 1 ? name : numberedFileName(name, number);
    if (await isFree(target, tried)) return target.getDirectoryHandle(tried, { create: true });
  }
  throw new StoreError('store-failed', `${name} and ${NAMES_TRIED_MAX} names like it are taken`);
}

async function isFree(target: FileSystemDirectoryHandle, name: string): Promise<boolean> {
  try {
    await target.getFileHandle(name);
    return false;
  } catch (error) {
    if (isNotFound(error)) return true;
    // A directory of that name.
    if (error instanceof DOMException && error.name === 'TypeMismatchError') return false;
    throw error;
  }
}

class DirectorySink implements TreeSink {
  readonly #root: FileSystemDirectoryHandle;
  readonly #directories: Map<string, Promise<FileSystemDirectoryHandle>> = new Map();
  #files = 0;
  #bytes = 0;

  constructor(root: FileSystemDirectoryHandle) {
    this.#root = root;
  }

  get written(): UnpackProgress {
    return { files: this.#files, bytes: this.#bytes };
  }

  /** A browser cannot set times, and neither can `file`. */
  async directory(path: string): Promise<void> {
    try {
      await this.#directory(path);
    } catch (error) {
      throw failure('store-failed', `${path} cannot be made`, error);
    }
  }

  async file(path: string, _facts: unknown, content: AsyncIterable<Uint8Array<ArrayBuffer>>): Promise<void> {
    const slash = path.lastIndexOf('/');
    try {
      const directory = await this.#directory(path.slice(0, Math.max(0, slash)));
      const writable = await (await directory.getFileHandle(path.slice(slash + 1), { create: true })).createWritable();
      try {
        for await (const piece of content) {
          await writable.write(piece);
          this.#bytes += piece.length;
        }
      } catch (error) {
        await writable.abort();
        throw error;
      }
      await writable.close();
      this.#files += 1;
    } catch (error) {
      throw failure('store-failed', `${path} cannot be written`, error);
    }
  }

  #directory(path: string): Promise<FileSystemDirectoryHandle> {
    if (path === '') return Promise.resolve(this.#root);
    const known = this.#directories.get(path);
    if (known !== undefined) return known;
    if (this.#directories.size >= DIRECTORIES_KEPT_MAX) this.#directories.clear();
    const slash = path.lastIndexOf('/');
    const made = this.#directory(path.slice(0, Math.max(0, slash))).then((parent) =>
      parent.getDirectoryHandle(path.slice(slash + 1), { create: true }),
    );
    this.#directories.set(path, made);
    return made;
  }
}
