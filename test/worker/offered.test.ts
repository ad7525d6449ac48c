// What the worker keeps of offered files between hashing and reading: nothing of one that changed meanwhile, or is gone.
import { beforeEach, expect, test } from '@jest/globals';
import { sha256 } from '../../src/io/store-parts.ts';
import { OfferedFiles } from '../../worker/offered.ts';

const CHUNK = 256 * 1024;

/** A file that changes under the hands of whoever reads it: three chunks come, then an error. */
class ChangingFile extends File {
  override slice(): Blob {
    let pulls = 0;
    const broken = new ReadableStream<Uint8Array<ArrayBuffer>>({
      pull(controller) {
        pulls += 1;
        if (pulls > 3) throw new DOMException('it changed', 'NotReadableError');
        controller.enqueue(new Uint8Array(CHUNK));
      },
    });
    return Object.assign(super.slice(), { stream: () => broken });
  }
}

let offered: OfferedFiles;

beforeEach(() => {
  offered = new OfferedFiles(100 * CHUNK);
});

/** Until all that was being hashed before is hashed: threads take one after the other. */
async function hashed(): Promise<void> {
  await Promise.all(Array.from({ length: 16 }, () => sha256(new Uint8Array(CHUNK))));
}

test('chunks are kept to be read once', async () => {
  const file = new File([new Uint8Array(4 * CHUNK)], 'fish.bin');
  await offered.add('a', file, CHUNK);
  await offered.hash('a', 0, 4);
  expect(offered.cache.bytes).toBe(4 * CHUNK);
  await offered.read('a', 1);
  expect(offered.cache.bytes).toBe(3 * CHUNK);
});

test('nothing is kept of a file that changed while it was hashed', async () => {
  await offered.add('a', new ChangingFile([new Uint8Array(4 * CHUNK)], 'fish.bin'), CHUNK);
  await expect(offered.hash('a', 0, 4)).rejects.toMatchObject({ code: 'changed' });
  await hashed();
  expect(offered.cache.bytes).toBe(0);
});

test('nothing is kept of a file that was withdrawn while it was hashed', async () => {
  await offered.add('a', new File([new Uint8Array(4 * CHUNK)], 'fish.bin'), CHUNK);
  const hashing = offered.hash('a', 0, 4);
  offered.remove('a');
  await hashing;
  expect(offered.cache.bytes).toBe(0);
});
