// What an offered thing is read from: one file as it is, or a folder as the bytes of its tar archive, which never exist
// as a whole. The browser itself refuses to read a file whose size or modification time is not what it was when picked.
import { chunkLength } from '../src/share/chunks.ts';
import type { FileTree } from '../src/io/file-tree.ts';
import { safeFileName } from '../src/io/file-name.ts';
import { TarLayout, type TreeEntry } from '../src/io/tar-layout.ts';
import type { FileFacts, StoreError } from '../src/io/store.ts';
import { failure } from './failure.ts';
import { Slots } from './slots.ts';

/** Files of a folder read at a time, over all folders: reading is waiting for other processes more than work. */
const ENTRY_READS_MAX = 16;

/** Chunks of a folder that are read ahead of the one that is being hashed. */
const CHUNKS_AHEAD = 3;

/** Files of a folder that are tried when it is added: all of many thousands would take seconds. */
const PROBES_MAX = 16;

export interface Content {
  readonly facts: FileFacts;
  /** Reads a little. Rejects with `unreadable` if it cannot be read at all. */
  probe(): Promise<void>;
  /** Bytes from .. to - 1, in memory of their own. Rejects with `changed`. */
  read(from: number, to: number): Promise<Uint8Array>;
  /** Chunks first .. first + count - 1, in order, each in memory of its own. Rejects with `changed`. */
  chunks(chunkBytes: number, first: number, count: number): AsyncGenerator<Uint8Array>;
}

export class FileContent implements Content {
  readonly facts: FileFacts;
  readonly file: File;

  constructor(file: File) {
    this.file = file;
    this.facts = { name: file.name, bytes: file.size, modifiedMs: file.lastModified };
  }

  probe(): Promise<void> {
    return probeFile(this.file, this.file.name);
  }

  read(from: number, to: number): Promise<Uint8Array> {
    return readFile(this.file, this.file.name, from, to);
  }

  /** As one stream, which costs a third less than a slice for every chunk. */
  async *chunks(chunkBytes: number, first: number, count: number): AsyncGenerator<Uint8Array> {
    const { file } = this;
    const end = Math.min(file.size, (first + count) * chunkBytes);
    let chunk = first;
    let filling = new Uint8Array(chunkLength(file.size, chunkBytes, chunk));
    let filled = 0;
    try {
      for await (const piece of file.slice(first * chunkBytes, end).stream()) {
        for (let used = 0; used < piece.length;) {
          const taken = piece.subarray(used, used + filling.length - filled);
          filling.set(taken, filled);
          used += taken.length;
          filled += taken.length;
          if (filled < filling.length) continue;
          yield filling;
          chunk += 1;
          filling = new Uint8Array(chunk < first + count ? chunkLength(file.size, chunkBytes, chunk) : 0);
          filled = 0;
        }
      }
    } catch (error) {
      throw changed(file.name, error);
    }
    if (chunk !== first + count) throw changed(file.name);
  }
}

export class FolderContent implements Content {
  static readonly #slots: Slots = new Slots(ENTRY_READS_MAX);
  readonly facts: FileFacts;
  readonly #layout: TarLayout;
  /** In the order of the layout's entries; undefined for directories. */
  readonly #files: readonly (File | undefined)[];
  readonly #paths: readonly string[];

  constructor({ name, entries }: FileTree) {
    // In one order, whatever the picker's, so that the same folder is the same bytes tomorrow.
    const sorted = entries.toSorted((a, b) => (a.path < b.path ? -1 : Number(a.path > b.path)));
    this.#files = sorted.map((entry) => ('file' in entry ? entry.file : undefined));
    this.#paths = sorted.map(({ path }) => `${name}/${path}`);
    let contentBytes = 0;
    let modifiedMs = 0;
    for (const file of this.#files) {
      contentBytes += file?.size ?? 0;
      modifiedMs = Math.max(modifiedMs, file?.lastModified ?? 0);
    }
    // Browsers tell neither the time of a directory, for which that of the newest file stands, nor what may be executed.
    const newest = { size: 0, lastModified: modifiedMs };
    const layout = sorted.map((entry): TreeEntry => {
      const directory = !('file' in entry);
      const { size: bytes, lastModified } = directory ? newest : entry.file;
      return { path: entry.path, directory, bytes, modifiedMs: lastModified, executable: false };
    });
    // As tar would have it: who unpacks it elsewhere gets one folder.
    this.#layout = new TarLayout(layout, { name: safeFileName(name), modifiedMs });
    const folder = { entries: entries.length, contentBytes };
    this.facts = { name, bytes: this.#layout.bytes, modifiedMs, folder };
  }

  async probe(): Promise<void> {
    const probes: Promise<void>[] = [];
    for (const [index, file] of this.#files.entries()) {
      if (probes.length === PROBES_MAX) break;
      if (file !== undefined) probes.push(probeFile(file, this.#paths[index] ?? ''));
    }
    await Promise.all(probes);
  }

  async read(from: number, to: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(to - from);
    const reads: Promise<void>[] = [];
    let at = 0;
    for (const piece of this.#layout.pieces(from, to)) {
      const start = at;
      if (piece.kind === 'bytes') {
        bytes.set(piece.bytes, start);
        at += piece.bytes.length;
      } else {
        at += piece.length;
        // Zeros are there already.
        if (piece.kind === 'entry') {
          const { entry, offset, length } = piece;
          reads.push(this.#readEntry(entry, offset, length).then((read) => bytes.set(read, start)));
        }
      }
    }
    await Promise.all(reads);
    return bytes;
  }

  async *chunks(chunkBytes: number, first: number, count: number): AsyncGenerator<Uint8Array> {
    const ahead: Promise<Uint8Array>[] = [];
    for (let next = first, given = 0; given < count; given += 1) {
      for (; next < first + count && ahead.length <= CHUNKS_AHEAD; next += 1) {
        const reading = this.read(next * chunkBytes, Math.min(this.facts.bytes, (next + 1) * chunkBytes));
        // Whoever waits for it is told.
        reading.catch(() => undefined);
        ahead.push(reading);
      }
      const chunk = await ahead.shift();
      if (chunk !== undefined) yield chunk;
    }
  }

  #readEntry(entry: number, offset: number, length: number): Promise<Uint8Array> {
    const file = this.#files[entry];
    const path = this.#paths[entry] ?? '';
    if (file === undefined) throw new RangeError(`entry: expected a file, got ${entry}, ${path}`);
    return FolderContent.#slots.with(() => readFile(file, path, offset, offset + length));
  }
}

/** Directories and files that are gone look like files until they are read. */
async function probeFile(file: File, name: string): Promise<void> {
  try {
    // Not by a slice: one of an empty file is not read at all.
    const reader = file.stream().getReader();
    await reader.read();
    await reader.cancel();
  } catch (error) {
    throw failure('unreadable', `${name} cannot be read`, error);
  }
}

async function readFile(file: File, name: string, from: number, to: number): Promise<Uint8Array> {
  let bytes;
  try {
    bytes = new Uint8Array(await file.slice(from, to).arrayBuffer());
  } catch (error) {
    throw changed(name, error);
  }
  if (bytes.length !== to - from) throw changed(name);
  return bytes;
}

/** It could be read when it was added: a browser that now refuses says that it changed, moved or is gone. */
const changed = (name: string, error?: unknown): StoreError =>
  failure('changed', `${name} was changed, moved or removed after it was offered`, error);
