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
      if (handle?.kind === 'directory') return { kind: 'folder', folder: handleFolder(handle), handle };
      if (entry !== null && isFolder(entry)) return { kind: 'folder', folder: entryFolder(entry) };
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
        if (child.kind === 'directory') yield handleFolder(child);
        else yield { kind: 'file', name: child.name, file: () => child.getFile() };
      }
    },
  };
}

export function entryFolder(entry: FileSystemDirectoryEntry): FolderNode {
  return {
    kind: 'folder',
    name: entry.name,
    async *children() {
      const reader = entry.createReader();
      // A reader gives a hundred or so at a time, and none at the end.
      for (;;) {
        const batch = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
        if (batch.length === 0) return;
        for (const child of batch) {
          if (isFolder(child)) yield entryFolder(child);
          else if (isFile(child)) yield entryFile(child);
        }
      }
    },
  };
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

function entryFile(entry: FileSystemFileEntry): FileNode {
  const file = (): Promise<File> => new Promise((resolve, reject) => entry.file(resolve, reject));
  return { kind: 'file', name: entry.name, file };
}

const isFolder = (entry: FileSystemEntry): entry is FileSystemDirectoryEntry => entry.isDirectory;
const isFile = (entry: FileSystemEntry): entry is FileSystemFileEntry => entry.isFile;
