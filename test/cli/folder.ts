// A folder of its own for each test of a file, gone after it.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach } from '@jest/globals';

export interface TestFolder {
  /** The whole path; another one in each test. */
  readonly path: string;
  /** Writes a file, with the folders it is in, and gives its whole path. `name` may hold slashes. */
  file(name: string, content: string | Uint8Array): Promise<string>;
}

/** To be called where a test file begins, or in a `describe`. */
export function testFolder(): TestFolder {
  let path = '';
  beforeEach(async () => {
    path = await mkdtemp(join(tmpdir(), 'rockpool-test-'));
  });
  afterEach(() => rm(path, { recursive: true, force: true }));
  return {
    get path() {
      return path;
    },
    file: async (name, content) => {
      const whole = join(path, name);
      await mkdir(dirname(whole), { recursive: true });
      await writeFile(whole, content);
      return whole;
    },
  };
}
