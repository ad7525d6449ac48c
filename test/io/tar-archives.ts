// What the tests of unpacking share: archives by tar-stream's own hand, ways to feed and to break them, a sink that remembers.
import path from 'node:path';
import { expect } from '@jest/globals';
import { pack } from 'tar-stream';
import { StoreError } from '../../src/io/store.ts';
import type { TreeSink } from '../../src/io/tar-unpack.ts';

export type Header = Parameters<ReturnType<typeof pack>['entry']>[0];

/** Remembers everything; files as text. Fails the test if it is told of something before its parents. */
export class MemorySink implements TreeSink {
  readonly directories: Map<string, number> = new Map();
  readonly files: Map<string, { text: string; modifiedMs: number; executable: boolean }> = new Map();
  readonly calls: string[] = [];

  directory(made: string, modifiedMs: number): Promise<void> {
    this.#call(made);
    this.directories.set(made, modifiedMs);
    return Promise.resolve();
  }

  async file(
    made: string,
    { bytes, modifiedMs, executable }: Parameters<TreeSink['file']>[1],
    content: AsyncIterable<Uint8Array>,
  ): Promise<void> {
    this.#call(made);
    const parts: Uint8Array[] = [];
    for await (const part of content) parts.push(part);
    const all = Buffer.concat(parts);
    expect(all.length).toBe(bytes);
    this.files.set(made, { text: all.toString('latin1'), modifiedMs, executable });
  }

  #call(made: string): void {
    const parent = path.posix.dirname(made);
    expect(parent === '.' || this.directories.has(parent)).toBe(true);
    expect(path.posix.resolve('/target', made)).toBe(`/target/${made}`);
    this.calls.push(made);
  }
}

export async function archived(...entries: readonly (readonly [header: Header, text?: string])[]): Promise<Buffer> {
  const packing = pack();
  for (const [header, text = ''] of entries) packing.entry({ mtime: new Date(0), ...header }, Buffer.from(text));
  packing.finalize();
  const parts: Uint8Array[] = [];
  for await (const part of packing) if (part instanceof Uint8Array) parts.push(part);
  return Buffer.concat(parts);
}

/** `bytes` in pieces of `size`, plain Uint8Arrays. */
export async function* inPieces(bytes: Uint8Array, size = 65_536): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; at < bytes.length; at += size) yield new Uint8Array(bytes.subarray(at, at + size));
}

export async function failure(work: Promise<unknown>): Promise<StoreError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof StoreError)) throw new Error('expected a StoreError', { cause: error });
  return error;
}

/** A header's checksum, made right again after it was changed. */
export function resealed(archive: Buffer, block = 0): Buffer {
  const header = archive.subarray(block * 512, block * 512 + 512);
  header.fill(' ', 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return archive;
}

export const LONG: string = `${'long name '.repeat(20)}of a folder/${'é'.repeat(100)}`;

export const MIXED: readonly (readonly [Header, string?])[] = [
  [{ name: 'folder', type: 'directory', mtime: new Date(5_000) }],
  [{ name: 'folder/file', mode: 0o755, mtime: new Date(1_700_000_000_000) }, 'text'],
  [{ name: 'folder/empty' }],
  [{ name: LONG }, 'x'.repeat(1_500)],
  [{ name: 'late/child', mtime: new Date(7_000) }, '1'],
  [{ name: 'late', type: 'directory', mtime: new Date(9_000) }],
  [{ name: 'שלום 🐟' }, 'y'.repeat(70_000)],
  [{ name: 'empty folder/', type: 'directory' }],
];
