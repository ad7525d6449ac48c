// Walks a folder that somebody dropped or picked into the list of its entries: in one order whatever the browser's, empty
// folders kept, what cannot be sent left out and named. Reads many places at a time and never holds the page up.

/** A folder as some browser interface shows it. `children` may be asked for once. */
export interface FolderNode {
  readonly kind: 'folder';
  readonly name: string;
  children(): AsyncIterable<FolderNode | FileNode>;
}

export interface FileNode {
  readonly kind: 'file';
  readonly name: string;
  /** Rejects if it is gone or may not be read. */
  file(): Promise<File>;
}

/** Paths are relative to the folder, parts joined by `/`. A folder comes before what is in it. */
export type WalkedEntry =
  { readonly path: string; readonly file: File } | { readonly path: string; readonly directory: true };

export interface Walked {
  readonly entries: readonly WalkedEntry[];
  readonly files: number;
  readonly folders: number;
  /** Of all files together. */
  readonly bytes: number;
  /** What cannot go along, and why: a sentence for each, at most LEFT_OUT_MAX. */
  readonly leftOut: readonly string[];
  readonly leftOutCount: number;
}

/** `check` says why an entry cannot be sent, in a sentence that names it, or nothing. */
export interface WalkOptions {
  readonly check: (path: string, directory: boolean) => string | undefined;
  readonly onProgress?: (files: number, bytes: number) => void;
  readonly signal?: AbortSignal;
}

/** Entries of one folder: each is an object of the browser's, and a tab must live with all of them. */
export const ENTRIES_MAX = 200_000;
/** Folders within folders; deeper trees are loops. */
export const DEPTH_MAX = 64;
/** Questions to the browser under way at a time: a few keep the disk busy, more only queue. */
const AT_ONCE = 24;
/** Left-out entries that are named; the rest is counted. */
export const LEFT_OUT_MAX = 100;

export class TooManyEntries extends Error {
  constructor() {
    super(`There are more than ${ENTRIES_MAX.toLocaleString()} files in it. Pack it as one archive first.`);
    this.name = 'TooManyEntries';
  }
}

/** Rejects with TooManyEntries, with the signal's reason, or with what the browser says of a folder it cannot list. */
export async function walkFolder(root: FolderNode, options: WalkOptions): Promise<Walked> {
  return new Walk(options).run(root);
}

interface Branch {
  readonly path: string;
  readonly folders: Branch[];
  readonly files: { readonly path: string; readonly file: File }[];
}

class Walk {
  readonly #options: WalkOptions;
  readonly #gate = new Gate(AT_ONCE);
  readonly #leftOut: string[] = [];
  #leftOutCount = 0;
  #entries = 0;
  #files = 0;
  #bytes = 0;

  constructor(options: WalkOptions) {
    this.#options = options;
  }

  async run(root: FolderNode): Promise<Walked> {
    const trunk: Branch = { path: '', folders: [], files: [] };
    await this.#list(root, trunk, 1);
    const entries = [...inOrder(trunk)];
    return {
      entries,
      files: this.#files,
      folders: entries.length - this.#files,
      bytes: this.#bytes,
      leftOut: this.#leftOut,
      leftOutCount: this.#leftOutCount,
    };
  }

  async #list(folder: FolderNode, branch: Branch, depth: number): Promise<void> {
    const children = await this.#gate.run(() => this.#children(folder));
    await Promise.all(
      children.map(async (child) => {
        const path = branch.path === '' ? child.name : `${branch.path}/${child.name}`;
        const directory = child.kind === 'folder';
        const problem = this.#options.check(path, directory);
        if (problem !== undefined) return this.#leave(problem);
        // A check may let it pass; a walk that went on would not end.
        if (directory && depth >= DEPTH_MAX) return this.#leave(`“${path}” lies too deep.`);
        if (child.kind === 'file') return this.#take(child, path, branch);
        const below: Branch = { path, folders: [], files: [] };
        branch.folders.push(below);
        return this.#list(child, below, depth + 1);
      }),
    );
  }

  async #children(folder: FolderNode): Promise<(FolderNode | FileNode)[]> {
    const children: (FolderNode | FileNode)[] = [];
    for await (const child of folder.children()) {
      this.#options.signal?.throwIfAborted();
      this.#entries += 1;
      if (this.#entries > ENTRIES_MAX) throw new TooManyEntries();
      children.push(child);
    }
    return children;
  }

  async #take(child: FileNode, path: string, branch: Branch): Promise<void> {
    const file = await this.#gate.run(() => {
      this.#options.signal?.throwIfAborted();
      return child.file().catch(() => undefined);
    });
    if (file === undefined) return this.#leave(`“${path}” cannot be read.`);
    branch.files.push({ path, file });
    this.#files += 1;
    this.#bytes += file.size;
    this.#options.onProgress?.(this.#files, this.#bytes);
  }

  #leave(sentence: string): void {
    this.#leftOutCount += 1;
    if (this.#leftOut.length < LEFT_OUT_MAX) this.#leftOut.push(sentence);
  }
}

/** Sorted folder by folder: the same tree gives the same list, so a folder offered again is the same archive. */
function* inOrder(branch: Branch): Generator<WalkedEntry> {
  yield* branch.files.toSorted(byPath);
  for (const folder of branch.folders.toSorted(byPath)) {
    yield { path: folder.path, directory: true };
    yield* inOrder(folder);
  }
}

/** By code units: the same in every locale. */
function byPath(one: { readonly path: string }, other: { readonly path: string }): number {
  return one.path < other.path ? -1 : one.path > other.path ? 1 : 0;
}

/** Lets a bounded number of tasks run at a time. */
class Gate {
  readonly #max: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(max: number) {
    this.#max = max;
  }

  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#max) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#running += 1;
    try {
      return await task();
    } finally {
      // The place goes to the next in line, or is free.
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }
}
