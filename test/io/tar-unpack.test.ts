// Archives that arrive: what the sink is told, what it never hears of, and how broken ones and broken ends are noticed.
import { execFileSync } from 'node:child_process';
import { createReadStream, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { StoreError } from '../../src/io/store.ts';
import { unpackTar, type TreeSink, type UnpackLimits } from '../../src/io/tar-unpack.ts';
import { archived, failure, inPieces, LONG, MemorySink, MIXED, resealed, type Header } from './tar-archives.ts';

// A busy machine is no failure.
jest.setTimeout(60_000);

async function drain(content: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const piece of content) expect(piece.length).toBeGreaterThan(0);
}

describe('an archive', () => {
  test.each([
    [1, 1],
    [511, 1],
    [512, 1],
    [513, 4],
    [4_096, 1],
    [10_000_000, 4],
  ])('is unpacked from pieces of %i bytes, %i files at once', async (size, filesAtOnce) => {
    const archive = await archived(...MIXED);
    const sink = new MemorySink();
    const result = await unpackTar(inPieces(archive, size), sink, { filesAtOnce });
    expect(result).toEqual({ files: 5, directories: 4, bytes: 4 + 1_500 + 1 + 70_000 });
    const [longFolder = ''] = LONG.split('/');
    expect(Object.fromEntries(sink.directories)).toEqual({
      folder: 5_000,
      [longFolder]: 0,
      late: 9_000,
      'empty folder': 0,
    });
    expect(Object.fromEntries(sink.files)).toEqual({
      'folder/file': { text: 'text', modifiedMs: 1_700_000_000_000, executable: true },
      'folder/empty': { text: '', modifiedMs: 0, executable: false },
      [LONG]: { text: 'x'.repeat(1_500), modifiedMs: 0, executable: false },
      'late/child': { text: '1', modifiedMs: 7_000, executable: false },
      'שלום 🐟': { text: 'y'.repeat(70_000), modifiedMs: 0, executable: false },
    });
    // First with the time of what is in it, then with its own.
    expect(sink.calls.filter((call) => call === 'late')).toHaveLength(2);
  });

  test('of nothing is unpacked to nothing', async () => {
    expect(await unpackTar(inPieces(await archived()), new MemorySink())).toEqual({
      files: 0,
      directories: 0,
      bytes: 0,
    });
  });

  test('keeps the times of an extended header, also those before 1970', async () => {
    const sink = new MemorySink();
    const archive = await archived(
      [{ name: 'a', pax: { mtime: '1700000000.123456' } }],
      [{ name: 'b', pax: { mtime: '-86400' } }],
      [{ name: 'c', pax: { mtime: 'nonsense' }, mtime: new Date(3_000) }],
      [{ name: 'd', pax: { mtime: '1e300' } }],
    );
    await unpackTar(inPieces(archive), sink);
    expect([...sink.files.values()].map((made) => made.modifiedMs)).toEqual([
      1_700_000_000_123, -86_400_000, 3_000, 8.64e15,
    ]);
  });

  test('is handed on without copying where a file arrives in one piece', async () => {
    const archive = new Uint8Array(await archived([{ name: 'a' }, 'x'.repeat(1_000)]));
    const pieces: Uint8Array[] = [];
    await unpackTar(
      (async function* () {
        yield archive;
      })(),
      {
        directory: () => Promise.resolve(),
        file: async (_path, _facts, content) => {
          for await (const piece of content) pieces.push(piece);
        },
      },
    );
    expect(pieces).toHaveLength(1);
    expect(pieces[0]?.buffer).toBe(archive.buffer);
  });

  test('may be read in part: the rest of a file is passed over', async () => {
    const read: string[] = [];
    const archive = await archived(
      [{ name: 'a' }, 'a'.repeat(200_000)],
      [{ name: 'b' }, 'b'.repeat(900)],
      [{ name: 'c' }],
    );
    const result = await unpackTar(inPieces(archive, 1_000), {
      directory: () => Promise.resolve(),
      file: async (made, _facts, content) => {
        read.push(made);
        if (made === 'b') return;
        await content[Symbol.asyncIterator]().next();
      },
    });
    expect(read).toEqual(['a', 'b', 'c']);
    expect(result.files).toBe(3);
  });

  test('is read no faster than the sink writes', async () => {
    const archive = await archived([{ name: 'a' }, 'a'.repeat(3_000_000)]);
    let yielded = 0;
    let written = 0;
    let aheadMax = 0;
    await unpackTar(
      (async function* () {
        for await (const piece of inPieces(archive, 50_000)) {
          yielded += piece.length;
          aheadMax = Math.max(aheadMax, yielded - written);
          yield piece;
        }
      })(),
      {
        directory: () => Promise.resolve(),
        file: async (_path, _facts, content) => {
          for await (const piece of content) {
            for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
            written += piece.length;
          }
        },
      },
    );
    expect(written).toBe(3_000_000);
    expect(aheadMax).toBeLessThanOrEqual(250_000);
  });

  test.each([0, -1, 1.5, Number.NaN])('is not unpacked to %p files at once', (filesAtOnce) => {
    expect(() => unpackTar(inPieces(new Uint8Array(1_024)), new MemorySink(), { filesAtOnce })).toThrow(RangeError);
  });

  test('hands out small files at once, as many as it may, and large ones by themselves', async () => {
    const small = Array.from({ length: 40 }, (_, index) => [{ name: `small ${index}` }, `${index}`] as const);
    const large = [1, 2, 3].map((index) => [{ name: `large ${index}` }, 'l'.repeat(300_000)] as const);
    const archive = await archived(...small, ...large);
    const counts = { small: 0, smallMax: 0, large: 0, largeMax: 0 };
    const result = await unpackTar(
      inPieces(archive),
      {
        directory: () => Promise.resolve(),
        file: async (_path, { bytes }, content) => {
          const kind = bytes > 262_144 ? 'large' : 'small';
          counts[kind]++;
          counts[`${kind}Max`] = Math.max(counts[`${kind}Max`], counts[kind]);
          await new Promise((resolve) => setImmediate(resolve));
          await drain(content);
          counts[kind]--;
        },
      },
      { filesAtOnce: 7 },
    );
    expect(result.files).toBe(43);
    expect(counts).toEqual({ small: 0, smallMax: 7, large: 0, largeMax: 1 });
  });
});

describe('what is refused', () => {
  const before: readonly [Header, string] = [{ name: 'before' }, 'written'];

  /** Unpacks `before` and then the archive; only `before` may reach the sink. */
  async function refusal(archive: Buffer, limits: Partial<UnpackLimits> = {}): Promise<string> {
    const first = await archived(before);
    const sink = new MemorySink();
    const error = await failure(
      unpackTar(inPieces(Buffer.concat([first.subarray(0, 1_024), archive])), sink, { ...limits }),
    );
    expect(error.code).toBe('store-failed');
    expect(sink.calls).toEqual(['before']);
    return error.message;
  }

  test.each<[Header['type'], string]>([
    ['symlink', 'a symbolic link'],
    ['link', 'a hard link'],
    ['character-device', 'a device'],
    ['block-device', 'a device'],
    ['fifo', 'a named pipe'],
    ['contiguous-file', 'a contiguous file'],
  ])('a %s', async (type = 'file', words) => {
    const archive = await archived([{ name: 'dir/odd', type, linkname: '/etc/passwd' }]);
    expect(await refusal(archive)).toBe(`refused "dir/odd": it is ${words}`);
  });

  test.each(['S', 'D', 'M', 'V', 'X', '8', '\u00ff'])('an entry of type %j', async (flag) => {
    const archive = await archived([{ name: 'odd' }]);
    archive.write(flag, 156, 'latin1');
    expect(await refusal(resealed(archive))).toBe('refused "odd": it is neither a file nor a folder');
  });

  test('a sparse file of the newer kind', async () => {
    const archive = await archived([{ name: 'odd', pax: { 'GNU.sparse.major': '1' } }, 'x']);
    expect(await refusal(archive)).toBe('refused "odd": it is a sparse file');
  });

  test('a folder with content', async () => {
    const archive = await archived([{ name: 'odd', type: 'directory' }]);
    archive.write('00000001000 ', 124, 'latin1');
    expect(await refusal(resealed(archive))).toBe('refused "odd": it is a folder with content of its own');
  });

  test.each([
    ['../a', '".." would lead out of the folder'],
    ['/a', 'the path is absolute'],
    ['C:a', 'the path names a drive'],
    ['a\\b', 'the path has a backslash in it'],
    ['a\nb', 'the path has a control character in it'],
    ['a//b', 'the path has an empty name in it'],
    ['./a', '"." is no name of its own'],
    ['nul.txt', 'Windows reserves the name "nul.txt"'],
    ['BEFORE', 'some systems take "BEFORE" for "before", which is here too'],
    ['before', 'the path is there twice'],
    ['before/a', '"before" is both a file and a folder'],
  ])('a file at %j', async (name, words) => {
    expect(await refusal(await archived([{ name }, 'x']))).toMatch(`: ${words}`);
    expect(await refusal(await archived([{ name, pax: { comment: 'long form' } }, 'x']))).toMatch(`: ${words}`);
  });

  test('nothing that only Windows forbids, where that does not matter', async () => {
    const sink = new MemorySink();
    const archive = await archived([{ name: 'nul.txt' }], [{ name: 'dir/a:b.' }], [{ name: 'what? ' }]);
    await unpackTar(inPieces(archive), sink, { portable: false });
    expect([...sink.files.keys()]).toEqual(['nul.txt', 'dir/a:b.', 'what? ']);
  });

  test('what lies beside the one folder that there is to be', async () => {
    const sink = new MemorySink();
    const one = await archived(
      [{ name: 'sea/', type: 'directory' }],
      [{ name: 'sea/a' }, '1'],
      [{ name: 'sea/b/c' }, '2'],
    );
    await unpackTar(inPieces(one), sink, { inOneFolder: true });
    expect(sink.calls).toEqual(['a', 'b', 'b/c']);
    for (const beside of ['lake/a', 'b', 'seaside']) {
      const archive = await archived([{ name: 'sea/a' }, '1'], [{ name: beside }, '2']);
      const unpacked = unpackTar(inPieces(archive), new MemorySink(), { inOneFolder: true });
      await expect(unpacked).rejects.toThrow(`refused "${beside}": it lies beside the folder`);
    }
  });

  test('more bytes than were declared', async () => {
    const limits = { bytes: 7 + 10 };
    expect(await refusal(await archived([{ name: 'a' }, 'x'.repeat(11)]), limits)).toBe(
      'refused "a": more than 17 bytes in all',
    );
    await unpackTar(inPieces(await archived([{ name: 'a' }, 'x'.repeat(17)])), new MemorySink(), limits);
  });

  test('more entries than were declared, with the parents they imply', async () => {
    const archive = await archived([{ name: 'a/b/c' }]);
    expect(await refusal(archive, { entries: 3 })).toBe('refused "a/b/c": more than 3 files and folders');
    const all = await archived(before, [{ name: 'a/b/c' }]);
    await unpackTar(inPieces(all), new MemorySink(), { entries: 4 });
  });

  test.each(['-1', '9007199254740992', 'nonsense'])(
    'a size of %s',
    async (size) => {
      const archive = await archived([{ name: 'a', pax: { size } }, 'x']);
      const error = await failure(unpackTar(inPieces(archive), new MemorySink()));
      expect(error.message).toMatch(/its size makes no sense|is damaged/u);
    },
    10_000,
  );
});

describe('a broken archive', () => {
  test('that is cut anywhere is noticed', async () => {
    const archive = await archived(...MIXED.slice(0, 6));
    for (let length = 0; length < archive.length; length += length % 512 === 511 ? 1 : 511) {
      const error = await failure(unpackTar(inPieces(archive.subarray(0, length)), new MemorySink()));
      expect([length, error.message]).toEqual([length, expect.stringMatching(/^the archive is cut short /u)]);
    }
  });

  test('that ends in a file full of zeros is noticed', async () => {
    const archive = await archived([{ name: 'zeros' }, '\0'.repeat(4_096)]);
    const error = await failure(unpackTar(inPieces(archive.subarray(0, -1_024)), new MemorySink()));
    expect(error.message).toBe('the archive is cut short in or after "zeros"');
  });

  test.each<[string, (archive: Buffer) => Buffer]>([
    ['garbage', () => Buffer.alloc(4_096, 'garbage')],
    ['a wrong checksum', (archive) => (archive.write('x', 1_024), archive)],
    ['a format from elsewhere', (archive) => (archive.write('other', 1_024 + 257), resealed(archive, 2))],
    ['garbage at its end', (archive) => Buffer.concat([archive, Buffer.alloc(512, 'x')])],
  ])('of %s is noticed', async (_what, broken) => {
    const archive = broken(await archived([{ name: 'first' }, 'x'], [{ name: 'second' }]));
    const error = await failure(unpackTar(inPieces(archive), new MemorySink()));
    expect(error.code).toBe('store-failed');
    expect(error.message).toMatch(/^the archive is damaged /u);
  });
});

describe('failures around it', () => {
  test.each([1, 4])('of the sink end it, and reach the caller (%i files at once)', async (filesAtOnce) => {
    const archive = await archived(...Array.from({ length: 200 }, (_, index) => [{ name: `f${index}` }, 'x'] as const));
    const full = new StoreError('no-space', 'the disk is full');
    for (const thrown of [full, new Error('EIO')]) {
      let running = 0;
      let thrownYet = false;
      let callsAfter = 0;
      const error = await failure(
        unpackTar(
          inPieces(archive, 512),
          {
            directory: () => Promise.resolve(),
            file: async (made) => {
              if (thrownYet) callsAfter++;
              running++;
              await new Promise((resolve) => setImmediate(resolve));
              running--;
              if (made !== 'f20') return;
              thrownYet = true;
              throw thrown;
            },
          },
          { filesAtOnce },
        ),
      );
      expect(error.message).toBe(thrown === full ? full.message : '"f20" could not be written: EIO');
      expect(error.code).toBe(thrown === full ? 'no-space' : 'store-failed');
      expect(running).toBe(0);
      expect(callsAfter).toBe(0);
    }
  });

  test.each([1, 4])(
    'of the archive end it, and whoever reads it is done with (%i files at once)',
    async (filesAtOnce) => {
      const archive = await archived([{ name: 'a' }, 'x'.repeat(100_000)], [{ name: 'b' }]);
      for (const [thrown, code] of [
        [new StoreError('unreadable', 'gone'), 'unreadable'],
        [new Error('gone'), 'store-failed'],
      ] as const) {
        const ends: unknown[] = [];
        const error = await failure(
          unpackTar(
            (async function* () {
              yield* inPieces(archive.subarray(0, 50_000), 1_000);
              throw thrown;
            })(),
            {
              directory: () => Promise.resolve(),
              file: async (_path, _facts, content) => {
                try {
                  await drain(content);
                } catch (reason) {
                  ends.push(reason);
                  throw new Error('as told', { cause: reason });
                }
              },
            },
            { filesAtOnce },
          ),
        );
        expect(error.code).toBe(code);
        expect(error.message).toMatch(/gone$/u);
        // A file that is held until it is complete is never begun.
        expect(ends).toEqual(filesAtOnce === 1 ? [error] : []);
      }
    },
  );

  test('of the sink end the reading of the archive', async () => {
    const archive = await archived([{ name: 'a' }, 'x'.repeat(100_000)]);
    let closed = false;
    await failure(
      unpackTar(
        (async function* () {
          try {
            yield* inPieces(archive, 1_000);
          } finally {
            closed = true;
          }
        })(),
        { directory: () => Promise.resolve(), file: () => Promise.reject(new Error('no')) },
      ),
    );
    expect(closed).toBe(true);
  });
});

describe("the system's tar", () => {
  let place = '';
  beforeEach(() => {
    place = mkdtempSync(path.join(tmpdir(), 'tar-unpack-'));
  });
  afterEach(() => {
    rmSync(place, { recursive: true, force: true });
  });

  const diskSink = (target: string): TreeSink => ({
    directory: async (made) => {
      await mkdir(path.join(target, made), { recursive: true });
    },
    file: async (made, _facts, content) => writeFile(path.join(target, made), content, { flag: 'wx' }),
  });

  test.each(['gnu', 'pax', 'ustar'])('makes archives that are unpacked alike (%s)', async (format) => {
    const from = path.join(place, 'tree');
    const names = ['plain', 'x'.repeat(99), 'y'.repeat(100), 'deep/er/est/file', 'empty', 'café', '🐟'];
    if (format !== 'ustar') names.push('z'.repeat(255), `${'d'.repeat(200)}/${'é'.repeat(120)}`);
    mkdirSync(path.join(from, 'empty folder'), { recursive: true });
    for (const [index, name] of names.entries()) {
      mkdirSync(path.dirname(path.join(from, name)), { recursive: true });
      writeFileSync(path.join(from, name), Buffer.alloc(name === 'empty' ? 0 : index * 1_000 + 1, name));
      utimesSync(path.join(from, name), 1_600_000_000.5, 1_600_000_000.5);
    }
    execFileSync('tar', [`--format=${format}`, '-cf', 'archive.tar', 'tree'], { cwd: place });
    mkdirSync(path.join(place, 'out'));
    const result = await unpackTar(
      createReadStream(path.join(place, 'archive.tar'), { highWaterMark: 262_144 }),
      diskSink(path.join(place, 'out')),
      { filesAtOnce: 4 },
    );
    expect(result.files).toBe(names.length);
    execFileSync('diff', ['-r', 'tree', 'out/tree'], { cwd: place });
  });

  test('makes archives with links, and they are refused', async () => {
    mkdirSync(path.join(place, 'tree'));
    symlinkSync('/etc', path.join(place, 'tree/link'));
    execFileSync('tar', ['-cf', 'archive.tar', 'tree'], { cwd: place });
    const error = await failure(unpackTar(createReadStream(path.join(place, 'archive.tar')), new MemorySink()));
    expect(error.message).toBe('refused "tree/link": it is a symbolic link');
  });
});
