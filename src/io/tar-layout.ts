// Which bytes a folder's tar archive has where, told from the list of its entries alone: no file is read and no archive is
// written. Headers are tar-stream's; the bytes of the files themselves are left to the caller, who is told which to read.
import { pack } from 'tar-stream';

/** A file or folder as it will lie in the archive. */
export interface TreeEntry {
  /** '/' separated, relative, no leading or trailing slash. */
  readonly path: string;
  readonly directory: boolean;
  /** Length of the content; 0 for directories. */
  readonly bytes: number;
  /** Since 1970; the archive keeps whole seconds, rounded down. */
  readonly modifiedMs: number;
  readonly executable: boolean;
}

/** A stretch of the archive. */
export type TarPiece =
  /** A header, or a part of one. Others may hold the same bytes: copy, do not change or transfer them. */
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  /** Bytes offset .. offset + length - 1 of the content of entries[entry]. */
  | { readonly kind: 'entry'; readonly entry: number; readonly offset: number; readonly length: number }
  | { readonly kind: 'zeros'; readonly length: number };

/** Tar's unit: headers and contents begin at its multiples. */
export const TAR_BLOCK_BYTES = 512;

/** Two zero blocks say that an archive ends here (POSIX.1, pax: "ustar Interchange Format"). */
export const TAR_END_BYTES: number = 2 * TAR_BLOCK_BYTES;

/** Bytes of the two name fields of a ustar header. */
const NAME_BYTES_MAX = 100;
const PREFIX_BYTES_MAX = 155;

/** What fits tar-stream's 31 bits of seconds; other times need a pax record. */
const HEADER_SECONDS_MAX = 2 ** 31 - 1;

/** As far as a `Date` reaches, in either direction. */
const SECONDS_MAX = 8.64e12;

/** Headers kept, so that a chunk asked for twice, or one that cuts a header, makes none twice: a chunk of 1-KiB files. */
const HEADERS_KEPT_MAX = 256;

const FILE_MODE = 0o644;
const EXECUTABLE_MODE = 0o755;

/** Whole blocks for `bytes`. */
const blocks = (bytes: number): number => Math.ceil(bytes / TAR_BLOCK_BYTES) * TAR_BLOCK_BYTES;

/** Length of `path` in UTF-8; lone surrogates count as U+FFFD, which is how they are encoded. */
function utf8Bytes(path: string): number {
  let bytes = 0;
  for (let index = 0; index < path.length; index++) {
    const unit = path.charCodeAt(index);
    if (unit < 0x80) bytes += 1;
    else if (unit < 0x800) bytes += 2;
    else if (unit >= 0xd800 && unit < 0xdc00 && (path.charCodeAt(index + 1) & 0xfc00) === 0xdc00) {
      bytes += 4;
      index++;
    } else bytes += 3;
  }
  return bytes;
}

/** True if a plain ustar header holds `path`: ASCII, and cut at the first slash that leaves a short enough name. */
function fitsHeader(path: string, pathBytes: number): boolean {
  if (pathBytes !== path.length) return false;
  if (pathBytes <= NAME_BYTES_MAX) return true;
  const cut = path.indexOf('/', pathBytes - NAME_BYTES_MAX - 1);
  return cut !== -1 && cut <= PREFIX_BYTES_MAX;
}

function secondsOf(modifiedMs: number): number {
  const seconds = Math.floor(modifiedMs / 1000);
  return Number.isNaN(seconds) ? 0 : Math.max(-SECONDS_MAX, Math.min(SECONDS_MAX, seconds));
}

const fitsSeconds = (seconds: number): boolean => seconds >= 0 && seconds <= HEADER_SECONDS_MAX;

/** Length of a pax record `LENGTH KEY=VALUE\n`, whose length counts its own digits. */
function paxRecordBytes(keyBytes: number, valueBytes: number): number {
  const rest = keyBytes + valueBytes + 3; // The blank, the equals sign and the line's end.
  let bytes = rest + String(rest).length;
  // One more digit may be needed for the sum.
  if (String(bytes).length > String(rest).length) bytes = rest + String(bytes).length;
  return bytes;
}

function headerBytes(entry: TreeEntry): number {
  const pathBytes = utf8Bytes(entry.path);
  const seconds = secondsOf(entry.modifiedMs);
  if (fitsHeader(entry.path, pathBytes) && fitsSeconds(seconds)) return TAR_BLOCK_BYTES;
  const path = paxRecordBytes('path'.length, pathBytes);
  const time = fitsSeconds(seconds) ? 0 : paxRecordBytes('mtime'.length, String(seconds).length);
  return TAR_BLOCK_BYTES + blocks(path + time) + TAR_BLOCK_BYTES;
}

/** The method of tar-stream's `Pack` that makes a header on the spot; `entry`, its public one, makes it a moment later. */
const ENCODE = '_encode';

interface HeaderPack {
  push(bytes: Uint8Array): boolean;
  [ENCODE](header: object): void;
}

/** tar-stream's headers, without the stream. */
class HeaderEncoder {
  readonly #parts: Uint8Array[] = [];
  readonly #pack: HeaderPack;

  constructor() {
    // Its types leave the method out; the tests compare every header with what the whole stream gives.
    this.#pack = pack() as object as HeaderPack;
    this.#pack.push = (bytes): boolean => this.#parts.push(bytes) > 0;
  }

  encode(entry: TreeEntry): Uint8Array {
    const seconds = secondsOf(entry.modifiedMs);
    this.#pack[ENCODE]({
      name: entry.path,
      type: entry.directory ? 'directory' : 'file',
      mode: entry.directory || entry.executable ? EXECUTABLE_MODE : FILE_MODE,
      uid: 0,
      gid: 0,
      size: entry.bytes,
      mtime: new Date(Math.max(0, Math.min(HEADER_SECONDS_MAX, seconds)) * 1000),
      ...(fitsSeconds(seconds) ? {} : { pax: { mtime: String(seconds) } }),
    });
    return joined(this.#parts.splice(0));
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const [first] = parts;
  if (first && parts.length === 1) return first;
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/**
 * The tar archive of `entries`, in their order: [header, content, zeros up to a block] each, and two zero blocks at the end.
 * Its bytes follow from the entries alone, so any range can be made at any time, by anybody who has the same list.
 * Throws `RangeError` for a length that is no whole number of bytes, or a directory with content. Paths are taken as they are.
 */
export class TarLayout {
  /** Length of the whole archive. */
  readonly bytes: number;
  readonly #entries: readonly TreeEntry[];
  /** The directory that all others lie in, if there is one: the first in the archive. */
  readonly #root: TreeEntry | undefined;
  readonly #count: number;
  /** Where each entry's header begins; one more than there are entries: where the end marker begins. */
  readonly #starts: Float64Array;
  readonly #headers: Map<number, Uint8Array> = new Map();
  readonly #encoder: HeaderEncoder = new HeaderEncoder();

  /** `root`: a directory to put before the entries, and before the path of each. */
  constructor(entries: readonly TreeEntry[], root?: { readonly name: string; readonly modifiedMs: number }) {
    this.#entries = entries;
    this.#root = root && { path: root.name, directory: true, bytes: 0, modifiedMs: root.modifiedMs, executable: false };
    this.#count = entries.length + (root ? 1 : 0);
    this.#starts = new Float64Array(this.#count + 1);
    let at = 0;
    for (let index = 0; index < this.#count; index++) {
      const entry = this.#entry(index);
      if (entry === undefined) break;
      if (!Number.isSafeInteger(entry.bytes) || entry.bytes < 0 || (entry.directory && entry.bytes > 0)) {
        throw new RangeError(
          `entries[${index}].bytes: expected 0 for a directory or an integer from 0, got ${entry.bytes}`,
        );
      }
      at += headerBytes(entry) + blocks(entry.bytes);
      this.#starts[index + 1] = at;
    }
    this.bytes = at + TAR_END_BYTES;
    if (!Number.isSafeInteger(this.bytes))
      throw new RangeError(`entries: an archive of ${this.bytes} bytes is too long`);
  }

  /**
   * The archive's bytes from .. to - 1, in order; the lengths of the pieces sum up to to - from. Empty ones are left out.
   * Throws `RangeError` unless 0 <= from <= to <= bytes, all whole numbers.
   */
  *pieces(from: number, to: number): Generator<TarPiece, void, undefined> {
    if (!Number.isSafeInteger(from) || !Number.isSafeInteger(to) || from < 0 || to < from || to > this.bytes) {
      throw new RangeError(`pieces: expected 0 <= from <= to <= ${this.bytes}, got ${from} and ${to}`);
    }
    let at = from;
    for (let index = this.#entryAt(from); at < to && index < this.#count; index++) {
      for (const piece of this.#entryPieces(index, at, to)) {
        at += piece.kind === 'bytes' ? piece.bytes.length : piece.length;
        yield piece;
      }
    }
    if (at < to) yield { kind: 'zeros', length: to - at };
  }

  /** What of entry `index` lies in from .. to - 1. */
  *#entryPieces(index: number, from: number, to: number): Generator<TarPiece, void, undefined> {
    const entry = this.#entry(index);
    const start = this.#starts[index];
    const end = this.#starts[index + 1];
    if (entry === undefined || start === undefined || end === undefined) return;
    const contentStart = end - blocks(entry.bytes);
    const contentEnd = contentStart + entry.bytes;
    if (from < contentStart) {
      const header = this.#header(index, entry, contentStart - start);
      yield { kind: 'bytes', bytes: header.subarray(Math.max(0, from - start), to - start) };
    }
    const offset = Math.max(from, contentStart) - contentStart;
    const length = Math.min(to, contentEnd) - contentStart - offset;
    if (length > 0) yield { kind: 'entry', entry: this.#root ? index - 1 : index, offset, length };
    const zeros = Math.min(to, end) - Math.max(from, contentEnd);
    if (zeros > 0) yield { kind: 'zeros', length: zeros };
  }

  /** The entry that holds byte `at`; how many entries there are, if it belongs to the end marker. */
  #entryAt(at: number): number {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#starts[middle + 1] ?? 0) <= at) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** As it stands in the archive. */
  #entry(index: number): TreeEntry | undefined {
    if (this.#root === undefined) return this.#entries[index];
    if (index === 0) return this.#root;
    const entry = this.#entries[index - 1];
    return entry && { ...entry, path: `${this.#root.path}/${entry.path}` };
  }

  #header(index: number, entry: TreeEntry, bytes: number): Uint8Array {
    const kept = this.#headers.get(index);
    if (kept) return kept;
    const header = this.#encoder.encode(entry);
    if (header.length !== bytes)
      throw new Error(`header of ${entry.path}: expected ${bytes} bytes, got ${header.length}`);
    if (this.#headers.size >= HEADERS_KEPT_MAX) {
      for (const oldest of this.#headers.keys()) {
        this.#headers.delete(oldest);
        break;
      }
    }
    this.#headers.set(index, header);
    return header;
  }
}
