// One small file of JSON that is replaced whole, so that a kill leaves what was there before or what came after.
import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { codeOf, failure } from '../src/io/final-name.ts';
import { writePrivately } from '../src/io/private-file.ts';

const FOLDER_MODE = 0o700;

export class LastingJson {
  readonly #path: string;
  readonly #what: string;
  #value: unknown;
  /** Resolves when the write that has not begun is done: it takes whatever is the value by then. */
  #waiting: Promise<void> | undefined;
  #last: Promise<unknown> = Promise.resolve();

  /** `what`: the subject of what an error says. */
  constructor(path: string, what: string) {
    this.#path = path;
    this.#what = what;
  }

  /** Undefined if there is none yet, or it is not JSON. Rejects with the file system's error. */
  async read(): Promise<unknown> {
    const text = await readFile(this.#path, 'utf8').catch((error: unknown) => {
      if (codeOf(error) === 'ENOENT') return '';
      throw error;
    });
    try {
      return JSON.parse(text);
    } catch {
      return undefined;
    }
  }

  /** Resolves once this value, or a later one, is on disk. Rejects with a StoreError. */
  write(value: unknown): Promise<void> {
    this.#value = value;
    this.#waiting ??= this.#last.then(async () => {
      this.#waiting = undefined;
      try {
        await mkdir(dirname(this.#path), { recursive: true, mode: FOLDER_MODE });
        await writePrivately(this.#path, `${JSON.stringify(this.#value)}\n`);
      } catch (error) {
        throw failure('store-failed', `${this.#what} cannot be kept`, error);
      }
    });
    this.#last = this.#waiting.catch(() => undefined);
    return this.#waiting;
  }

  /** Resolves when all that was written is on disk, or has failed to get there. */
  async settled(): Promise<void> {
    await this.#last;
  }
}
