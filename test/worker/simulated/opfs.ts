// The origin private file system over a simulated disk, as far as the worker uses it: one directory of files, each open
// for writing once at a time, within a quota.
import { Content, SimulatedException, type Disk } from './disk.ts';

declare global {
  /** Workers have this, and these tests are checked with the types of a page. */
  interface FileSystemSyncAccessHandle {
    read(buffer: AllowSharedBufferSource, options?: { readonly at?: number }): number;
    write(buffer: AllowSharedBufferSource, options?: { readonly at?: number }): number;
    truncate(newSize: number): void;
    getSize(): number;
    flush(): void;
    close(): void;
  }
  interface FileSystemFileHandle {
    createSyncAccessHandle(): Promise<FileSystemSyncAccessHandle>;
  }
}

/** Resolves after a while of its own, as what another process does. */
export type Pause = () => Promise<void>;

interface FileHandle {
  createSyncAccessHandle(): Promise<FileSystemSyncAccessHandle>;
  getFile(): Promise<File>;
}

/** The root, or `rockpool`, which have nothing but one directory each. */
export class Parent<Child> {
  readonly #name: string;
  readonly #child: Child;

  constructor(name: string, child: Child) {
    this.#name = name;
    this.#child = child;
  }

  async getDirectoryHandle(name: string): Promise<Child> {
    if (name !== this.#name) throw notFound();
    return this.#child;
  }

  async *keys(): AsyncGenerator<string> {
    yield this.#name;
  }
}

/** `rockpool/cache`. */
export class SimulatedFiles {
  readonly #disk: Disk;
  readonly #pause: Pause;
  /** Files that somebody has open. */
  readonly open: Set<string> = new Set();

  constructor(disk: Disk, pause: Pause) {
    this.#disk = disk;
    this.#pause = pause;
  }

  async getFileHandle(name: string, { create = false }: { readonly create?: boolean } = {}): Promise<FileHandle> {
    await this.#pause();
    if (!this.#disk.files.has(name)) {
      if (!create) throw notFound();
      this.#disk.log.push({ kind: 'made', file: name });
      this.#disk.files.set(name, new Content());
    }
    return {
      createSyncAccessHandle: async () => {
        await this.#pause();
        const content = this.#content(name);
        if (this.open.has(name)) throw new SimulatedException('open', 'NoModificationAllowedError');
        this.open.add(name);
        return new SyncHandle(this.#disk, name, content, () => this.open.delete(name));
      },
      getFile: async () => {
        await this.#pause();
        const content = this.#content(name);
        return new File([content.slice(0, content.length)], name);
      },
    };
  }

  async removeEntry(name: string): Promise<void> {
    await this.#pause();
    if (this.open.has(name)) throw new SimulatedException('open', 'NoModificationAllowedError');
    if (!this.#disk.files.delete(name)) throw notFound();
    this.#disk.log.push({ kind: 'removed', file: name });
  }

  async *keys(): AsyncGenerator<string> {
    for (const name of Array.from(this.#disk.files.keys())) {
      await this.#pause();
      yield name;
    }
  }

  #content(name: string): Content {
    const content = this.#disk.files.get(name);
    if (content === undefined) throw notFound();
    return content;
  }
}

class SyncHandle implements FileSystemSyncAccessHandle {
  readonly #disk: Disk;
  readonly #file: string;
  readonly #content: Content;
  #onClose: (() => void) | undefined;

  constructor(disk: Disk, file: string, content: Content, onClose: () => void) {
    this.#disk = disk;
    this.#file = file;
    this.#content = content;
    this.#onClose = onClose;
  }

  read(buffer: AllowSharedBufferSource, { at = 0 } = {}): number {
    this.#expectOpen();
    const bytes = this.#content.slice(at, at + buffer.byteLength);
    bytesOf(buffer).set(bytes);
    return bytes.length;
  }

  write(buffer: AllowSharedBufferSource, { at = 0 } = {}): number {
    this.#expectRoom(at + buffer.byteLength);
    const bytes = bytesOf(buffer).slice();
    this.#disk.log.push({ kind: 'written', file: this.#file, at, bytes });
    this.#content.write(bytes, at);
    return bytes.length;
  }

  truncate(length: number): void {
    this.#expectRoom(length);
    this.#disk.log.push({ kind: 'truncated', file: this.#file, length });
    this.#content.length = length;
  }

  getSize(): number {
    this.#expectOpen();
    return this.#content.length;
  }

  flush(): void {
    this.#expectOpen();
    this.#disk.log.push({ kind: 'flushed', file: this.#file });
  }

  close(): void {
    this.#onClose?.();
    this.#onClose = undefined;
  }

  #expectOpen(): void {
    if (this.#onClose === undefined) throw new SimulatedException('closed', 'InvalidStateError');
  }

  #expectRoom(length: number): void {
    this.#expectOpen();
    const more = length - this.#content.length;
    if (more > 0 && this.#disk.usedBytes + more > this.#disk.quotaBytes) {
      throw new SimulatedException('full', 'QuotaExceededError');
    }
  }
}

const notFound = (): SimulatedException => new SimulatedException('not there', 'NotFoundError');

const bytesOf = (source: AllowSharedBufferSource): Uint8Array =>
  ArrayBuffer.isView(source)
    ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
    : new Uint8Array(source);
