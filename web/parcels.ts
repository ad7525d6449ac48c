// What goes out together: files, as many as one offer takes, or one folder. And what can be said of it before it goes.
import type { FileTree } from '../src/io/file-tree.ts';
import { EntryGuard } from '../src/io/entry-path.ts';
import type { HostPath } from '../src/remote/host-face.ts';
import { assertNever } from './assert.ts';
import { countOf } from './format.ts';
import { walkFolder, type FolderNode, type WalkOptions } from './tree-walk.ts';

/** Files in one offer; more become several offers. */
const OFFER_MAX = 500;

export interface PickedFile {
  readonly file: File;
  /** With it, it can be offered again after a reload. */
  readonly handle?: FileSystemFileHandle;
  /** Made up on the way here, as a pasted picture is: nowhere on the disk to be picked again. */
  readonly fleeting?: boolean;
}

export type Parcel = LocalParcel | PathParcel;

/** What a browser reads itself. */
export type LocalParcel =
  | { readonly kind: 'files'; readonly files: readonly PickedFile[]; readonly bytes: number }
  | {
      readonly kind: 'folder';
      readonly tree: FileTree;
      readonly handle?: FileSystemDirectoryHandle;
      readonly files: number;
      readonly folders: number;
      readonly bytes: number;
    };

/** What lies on the host's disk: files, or one folder. */
export interface PathParcel {
  readonly kind: 'paths';
  readonly things: readonly HostPath[];
  readonly bytes: number;
}

/** A folder that was read, and what of it cannot go along. */
export interface ReadFolder {
  readonly parcel: Extract<Parcel, { kind: 'folder' }>;
  readonly leftOut: readonly string[];
  readonly leftOutCount: number;
}

export function fileParcels(files: readonly PickedFile[]): LocalParcel[] {
  return inOffers(files).map((some) => {
    return { kind: 'files', files: some, bytes: some.reduce((sum, { file }) => sum + file.size, 0) };
  });
}

export function pathParcels(paths: readonly HostPath[]): PathParcel[] {
  const files = paths.filter(({ folder }) => folder === undefined);
  const folders = paths.filter(({ folder }) => folder !== undefined);
  return [...inOffers(files), ...folders.map((folder) => [folder])].map((things) => {
    return { kind: 'paths', things, bytes: things.reduce((sum, { bytes }) => sum + bytes, 0) };
  });
}

function inOffers<Thing>(things: readonly Thing[]): (readonly Thing[])[] {
  const count = Math.ceil(things.length / OFFER_MAX);
  return Array.from({ length: count }, (_, at) => things.slice(at * OFFER_MAX, (at + 1) * OFFER_MAX));
}

/** Rejects as walkFolder does. */
export async function folderParcel(
  folder: FolderNode,
  handle: FileSystemDirectoryHandle | undefined,
  options: Pick<WalkOptions, 'onProgress' | 'signal'> = {},
): Promise<ReadFolder> {
  const guard = new EntryGuard();
  const check = (path: string, directory: boolean): string | undefined => {
    const problem = guard.add(path, directory);
    return problem && `${problem.message}.`;
  };
  const { entries, leftOut, leftOutCount, ...counts } = await walkFolder(folder, { ...options, check });
  const tree: FileTree = { name: folder.name, entries };
  return {
    parcel: { kind: 'folder', tree, ...counts, ...(handle === undefined ? {} : { handle }) },
    leftOut,
    leftOutCount,
  };
}

/** What the client is handed. */
export function sourcesOf(parcel: LocalParcel): readonly (File | FileTree)[] {
  return parcel.kind === 'folder' ? [parcel.tree] : parcel.files.map(({ file }) => file);
}

/** `“photos”`, `“a.txt”`, `3 files`. */
export function parcelName(parcel: Parcel): string {
  const names = namesOf(parcel);
  return names.length === 1 ? `“${names.join('')}”` : countOf(names.length, 'file');
}

function namesOf(parcel: Parcel): readonly string[] {
  switch (parcel.kind) {
    case 'folder':
      return [parcel.tree.name];
    case 'files':
      return parcel.files.map(({ file }) => file.name);
    case 'paths':
      return parcel.things.map(({ name }) => name);
    default:
      return assertNever(parcel);
  }
}

/** `1,234 files in 56 folders`; the folder itself is one of them. */
export function folderSummary(files: number, folders: number): string {
  return folders === 0 ? countOf(files, 'file') : `${countOf(files, 'file')} in ${countOf(folders + 1, 'folder')}`;
}
