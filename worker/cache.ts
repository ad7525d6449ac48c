// The cache of received files, whoever received them: what is kept of all times, saved and pinned files, room for new
// ones, and order at the start: records and data that do not belong together are removed.
import type { FolderFacts } from '../src/share/ports.ts';
import { StoreError, type FileFacts, type KeptFile } from '../src/io/store.ts';
import { cacheDirectory, openFile, removeEntry, removeSessionDirectories } from './cache-directory.ts';
import { CacheIndex } from './cache-index.ts';
import { removeSessionDatabase, type Database, type FileRecord } from './database.ts';
import { failure } from './failure.ts';
import { own, whileOwned } from './ownership.ts';
import { CacheSpace, isEvictable } from './space.ts';
import { shorten } from './sync-file.ts';

export class Cache {
  readonly index: CacheIndex;
  readonly space: CacheSpace;
  /** Rejects where the browser has no place for received files; sending works all the same. */
  readonly directory: Promise<FileSystemDirectoryHandle>;

  constructor(database: Database) {
    this.index = new CacheIndex(database);
    this.space = new CacheSpace(this.index, (location) => this.remove(location));
    this.directory = cacheDirectory();
    this.directory.then(
      () => this.#tidy(),
      () => undefined,
    );
  }

  async kept(): Promise<KeptFile[]> {
    return (await this.index.all()).map((record) => ({
      location: record.location,
      facts: record.facts,
      verifiedBytes: record.verifiedBytes,
      finished: record.finished === 1,
      pinned: !isEvictable(record),
      usedMs: record.usedMs,
    }));
  }

  /** False if it is in use, in this tab or another, or was not there. */
  async forget(location: string): Promise<boolean> {
    return (await whileOwned(location, () => this.remove(location))) ?? false;
  }

  /** Removes the bytes and the records of a location that the caller owns. True if there were any. */
  async remove(location: string): Promise<boolean> {
    const directory = await this.directory;
    await removeEntry(directory, location);
    return this.index.delete(location);
  }

  /** Somebody has a copy elsewhere: it may go when space is short. */
  async saved(location: string): Promise<void> {
    await this.index.save([{ location, change: { saved: true, usedMs: Date.now() }, groups: [] }]);
  }

  async pin(location: string, on: boolean): Promise<void> {
    await this.index.save([{ location, change: { pinned: on, usedMs: Date.now() }, groups: [] }]);
  }

  /** A finished file, still on disk: reading it costs no memory. */
  async file(location: string): Promise<File> {
    const { record, file } = await this.#finished(location);
    return named(file, record.facts.name, record);
  }

  /** The same of a finished folder: its tar archive. */
  async archive(location: string): Promise<File> {
    const { record, file } = await this.#finished(location);
    if (record.facts.folder === undefined) throw notFolder(record);
    return named(file, `${record.facts.name}.tar`, record);
  }

  /** Does `work` with a finished folder and its archive, which stays here until it is done. */
  async withFolder<T>(
    location: string,
    work: (facts: FileFacts & { readonly folder: FolderFacts }, archive: Blob) => Promise<T>,
  ): Promise<T> {
    // If somebody else has it in use, it stays anyway.
    const release = await own(location);
    try {
      const { record, file } = await this.#finished(location);
      const { folder } = record.facts;
      if (folder === undefined) throw notFolder(record);
      return await work({ ...record.facts, folder }, file);
    } finally {
      await release?.();
    }
  }

  async #finished(location: string): Promise<{ record: FileRecord; file: File }> {
    try {
      const record = await this.index.get(location);
      if (record?.finished !== 1) throw new StoreError('store-failed', 'This file is not kept here');
      const file = await (await (await this.directory).getFileHandle(location)).getFile();
      if (file.size !== record.facts.bytes) throw new StoreError('store-failed', `${record.facts.name} is damaged`);
      // Where the disk is full, that cannot be noted, and saving it elsewhere is just what helps.
      await this.index.save([{ location, change: { usedMs: Date.now() }, groups: [] }]).catch(() => undefined);
      return { record, file };
    } catch (error) {
      throw failure('store-failed', 'The received file is no longer there', error);
    }
  }

  async #tidy(): Promise<void> {
    try {
      await this.#repair();
      await removeSessionDirectories();
      await removeSessionDatabase();
    } catch (error) {
      // What is left lies there until the next start; it hinders nothing but the free space.
      console.warn('What earlier runs left behind cannot be removed', error);
    }
  }

  /** A crash can cut between making a record and making its file, between removing them, or in measuring room. */
  async #repair(): Promise<void> {
    const directory = await this.directory;
    const records = new Set((await this.index.all()).map(({ location }) => location));
    const files = new Set<string>();
    for await (const name of directory.keys()) files.add(name);
    const lone = [...records]
      .filter((name) => !files.has(name))
      .concat([...files].filter((name) => !records.has(name)));
    for (const location of lone) {
      await whileOwned(location, async () => {
        // Again, now that nobody else is at it: it may have been whole by the time it was let go of.
        const known = (await this.index.get(location)) !== undefined;
        const there = await directory.getFileHandle(location).then(
          () => true,
          () => false,
        );
        if (known !== there) await this.remove(location);
      });
    }
    for (const { location, facts } of await this.index.unfinished()) {
      const handle = await directory.getFileHandle(location).catch(() => undefined);
      const file = await handle?.getFile().catch(() => undefined);
      // In most cases the lock is not worth taking.
      if (handle === undefined || file === undefined || file.size <= facts.bytes) continue;
      await whileOwned(location, async () => {
        const open = await openFile(handle);
        try {
          shorten(open, facts.bytes);
        } finally {
          open.close();
        }
      });
    }
  }
}

const notFolder = ({ facts }: FileRecord): StoreError => new StoreError('store-failed', `${facts.name} is no folder`);

/** Never of a type that a browser would show: what peers send is saved, not rendered on our origin. */
function named(file: File, name: string, { facts }: FileRecord): File {
  return new File([file], name, { type: 'application/octet-stream', lastModified: facts.modifiedMs });
}
