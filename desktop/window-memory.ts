// What pages keep beyond their own life: choices such as the theme. A browser keeps them by address, and the host's is another at
// each start.
import { join } from 'node:path';
import { z } from 'zod';
import { HostError, KEPT_LETTERS_MAX, KEPT_MAX } from '../src/remote/host-face.ts';
import { LastingJson } from './lasting-json.ts';

const TEXTS = z.record(z.string(), z.string()).catch({});

export class WindowMemory {
  readonly #file: LastingJson;
  #texts: Readonly<Record<string, string>>;

  private constructor(file: LastingJson, texts: Readonly<Record<string, string>>) {
    this.#file = file;
    this.#texts = texts;
  }

  /** `data`: the data directory. Rejects with the file system's error. */
  static async open(data: string): Promise<WindowMemory> {
    const file = new LastingJson(join(data, 'window.json'), 'What the window remembers');
    return new WindowMemory(file, TEXTS.parse(await file.read()));
  }

  get texts(): Readonly<Record<string, string>> {
    return this.#texts;
  }

  /** '' removes it. Rejects with `refused` if that is too much, with a StoreError if it cannot be kept. */
  async keep(key: string, text: string): Promise<void> {
    const others = Object.entries(this.#texts).filter(([each]) => each !== key);
    const next = text === '' ? others : [...others, [key, text] as const];
    if (next.length > KEPT_MAX || key.length + text.length > KEPT_LETTERS_MAX) {
      throw new HostError('refused', 'That is too much to remember.');
    }
    this.#texts = Object.fromEntries(next);
    await this.#file.write(this.#texts);
  }
}
