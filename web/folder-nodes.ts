// Folders as browsers show them, brought to one shape: handles (File System Access), entries (dropped, elsewhere), and the
// flat list of a folder input. Also what was dropped, read while the drop still lasts.
import type { PickedFile } from './parcels.ts';
import type { FileNode, FolderNode } from './tree-walk.ts';

/** A handle outlives the page: with it the same thing can be offered again after a reload. */
export type Dropped =
  | ({ readonly kind: 'file' } & PickedFile)
  | { readonly kind: 'folder'; readonly folder: FolderNode; readonly handle?: FileSystemDirectoryHandle };

/** What is dropped or pasted. To be called while its event is dispatched: afterwards the browser takes it back. */
export function readTransfer(data: DataTransfer): Promise<readonly Dropped[]> {
  const found = [...data.items]
    .filter((item) => item.kind === 'file')
    .map(async (item): Promise<Dropped | undefined> => {
      const file = item.getAsFile();
      const entry = item.webkitGetAsEntry();
      // Refused for what was not dragged from a disk; the file or the entry is there all the same.
      const handle = await item.getAsFileSystemHandle?.().catch(() => null);
      const entered = entry !== null && isFolder(entry) ? entry : undefined;
      if (handle?.kind === 'directory') {
        const folder = entered === undefined ? handleFolder(handle) : droppedFolder(handle, entered);
        return { kind: 'folder', folder, handle };
      }
      if (entered !== undefined) return { kind: 'folder', folder: entryFolder(entered) };
      if (file === null) return undefined;
      return handle?.kind === 'file' ? { kind: 'file', file, handle } : { kind: 'file', file };
    });
  return Promise.all(found).then((things) => things.filter((thing) => thing !== undefined));
}

export function handleFolder(handle: FileSystemDirectoryHandle): FolderNode {
  return {
    kind: 'folder',
    name: handle.name,
    async *children() {
      for await (const child of handle.values()) {
        yield child.kind === 'directory' ? handleFolder(child) : handleFile(child);
      }
    },
  };
}

export function entryFolder(entry: FileSystemDirectoryEntry): FolderNode {
  return {
    kind: 'folder',
    name: entry.name,
    async *children() {
      for await (const child of entriesIn(entry)) yield* entryNode(child);
    },
  };
}

/**
 * Read through the handle, which takes a third of the time, and what that lacks through the entry: Chromium's handles hide
 * files whose names it holds to be unsafe, `notes.txt~` and `desktop.ini` among them.
 */
function droppedFolder(handle: FileSystemDirectoryHandle, entry: FileSystemDirectoryEntry): FolderNode {
  return {
    kind: 'folder',
    name: handle.name,
    async *children() {
      const entries = new Map<string, FileSystemEntry>();
      for await (const child of entriesIn(entry)) entries.set(child.name, child);
      for await (const child of handle.values()) {
        const twin = entries.get(child.name);
        entries.delete(child.name);
        if (child.kind === 'file') yield handleFile(child);
        else yield twin !== undefined && isFolder(twin) ? droppedFolder(child, twin) : handleFolder(child);
      }
      for (const hidden of entries.values()) yield* entryNode(hidden);
    },
  };
}

async function* entriesIn(folder: FileSystemDirectoryEntry): AsyncGenerator<FileSystemEntry, void, undefined> {
  const reader = folder.createReader();
  // A reader gives a hundred or so at a time, and none at the end.
  for (;;) {
    const batch = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (batch.length === 0) return;
    yield* batch;
  }
}

/** The folder that an `<input webkitdirectory>` listed. Such a list knows no empty folders. Undefined for none. */
export function listedFolder(files: readonly File[]): FolderNode | undefined {
  const [first] = files;
  if (first === undefined) return undefined;
  const name = first.webkitRelativePath.split('/')[0] ?? first.name;
  const root: Listed = { folders: new Map(), files: [] };
  for (const file of files) {
    let place = root;
    for (const part of file.webkitRelativePath.split('/').slice(1, -1)) {
      const known = place.folders.get(part);
      const below: Listed = known ?? { folders: new Map(), files: [] };
      if (known === undefined) place.folders.set(part, below);
      place = below;
    }
    place.files.push(file);
  }
  return listed(name, root);
}

interface Listed {
  readonly folders: Map<string, Listed>;
  readonly files: File[];
}

function listed(name: string, place: Listed): FolderNode {
  return {
    kind: 'folder',
    name,
    async *children() {
      for (const file of place.files) yield { kind: 'file', name: file.name, file: () => Promise.resolve(file) };
      for (const [below, content] of place.folders) yield listed(below, content);
    },
  };
}

function handleFile(handle: FileSystemFileHandle): FileNode {
  return { kind: 'file', name: handle.name, file: () => handle.getFile() };
}

/** Nothing for what is neither. */
function* entryNode(entry: FileSystemEntry): Generator<FolderNode | FileNode, void, undefined> {
  if (isFolder(entry)) yield entryFolder(entry);
  if (!isFile(entry)) return;
  const file = (): Promise<File> => new Promise((resolve, reject) => entry.file(resolve, reject));
  yield { kind: 'file', name: entry.name, file };
}

const isFolder = (entry: FileSystemEntry): entry is FileSystemDirectoryEntry => entry.isDirectory;
const isFile = (entry: FileSystemEntry): entry is FileSystemFileEntry => entry.isFile;
