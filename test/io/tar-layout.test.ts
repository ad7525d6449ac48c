// The archive that follows from a list of entries: byte for byte tar-stream's, and one that the system's tar can read.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  closeSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { pack } from 'tar-stream';
import { TarLayout, type TarPiece, type TreeEntry } from '../../src/io/tar-layout.ts';

// A busy machine is no failure.
jest.setTimeout(60_000);

const GIB = 2 ** 30;

const file = (path: string, bytes: number, modifiedMs = 1_700_000_000_000, executable = false): TreeEntry => ({
  path,
  directory: false,
  bytes,
  modifiedMs,
  executable,
});
const folder = (path: string, modifiedMs = 1_700_000_000_000): TreeEntry => ({
  path,
  directory: true,
  bytes: 0,
  modifiedMs,
  executable: false,
});

/** Byte `offset` of the content of entry `entry`. */
const contentByte = (entry: number, offset: number): number => (entry * 31 + offset * 7 + 1) & 0xff;

function pieceBytes(piece: TarPiece): Uint8Array {
  if (piece.kind === 'bytes') return piece.bytes;
  if (piece.kind === 'zeros') return new Uint8Array(piece.length);
  return Uint8Array.from({ length: piece.length }, (_, index) => contentByte(piece.entry, piece.offset + index));
}

const bytesOf = (layout: TarLayout, from = 0, to = layout.bytes): Buffer =>
  Buffer.concat([...layout.pieces(from, to)].map(pieceBytes));

/** What tar-stream is told of an entry; times it cannot hold go into an extended header. */
function headerOf({
  path,
  directory,
  bytes,
  modifiedMs,
  executable,
}: TreeEntry): Parameters<ReturnType<typeof pack>['entry']>[0] {
  const seconds = Math.floor(modifiedMs / 1000);
  const held = Math.max(0, Math.min(2 ** 31 - 1, seconds));
  return {
    name: path,
    type: directory ? 'directory' : 'file',
    mode: directory || executable ? 0o755 : 0o644,
    size: bytes,
    mtime: new Date(held * 1000),
    ...(held === seconds ? {} : { pax: { mtime: `${seconds}` } }),
  };
}

/** The whole archive, by tar-stream's own stream. */
async function streamed(entries: readonly TreeEntry[]): Promise<Buffer> {
  const packing = pack();
  for (const [index, entry] of entries.entries()) {
    const content = Buffer.from(Array.from({ length: entry.bytes }, (_, offset) => contentByte(index, offset)));
    if (entry.directory) packing.entry(headerOf(entry));
    else packing.entry(headerOf(entry), content);
  }
  packing.finalize();
  const parts: Uint8Array[] = [];
  for await (const part of packing) if (part instanceof Uint8Array) parts.push(part);
  return Buffer.concat(parts);
}

/** Only the header, for contents too long to be made. */
async function streamedHeader(entry: TreeEntry): Promise<Buffer> {
  const packing = pack();
  const parts: Uint8Array[] = [];
  packing.on('data', (part) => {
    if (part instanceof Uint8Array) parts.push(part);
  });
  packing.on('error', () => {});
  packing.entry(headerOf(entry)).on('error', () => {});
  await new Promise((resolve) => setImmediate(resolve));
  packing.destroy();
  return Buffer.concat(parts);
}

/** Lengths beside those where the form of a header changes: 100 and 155 bytes, and what is beyond both. */
const component = fc.oneof(
  fc.constantFrom(1, 2, 50, 95, 98, 99, 100, 101, 150, 154, 155, 156, 157, 255).map((length) => 'x'.repeat(length)),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 12 }),
  fc.constantFrom('é', 'e\u0301', '🐟', 'שלום', '\ud83d', 'ü'.repeat(120)),
);
const treePath = fc
  .array(
    component.map((name) => name.replaceAll(/[/\0]/gu, '_')),
    { minLength: 1, maxLength: 6 },
  )
  .map((names) => names.join('/'));
const time = fc.oneof(
  fc.integer({ min: 0, max: 2_000_000_000_000 }),
  fc.double({ min: -1e13, max: 1e13, noNaN: true }),
  fc.constantFrom(-1, 0, 999, 2_147_483_647_999, 2_147_483_648_000, -8.64e15, 8.64e15),
);
const entry = fc
  .record({ path: treePath, directory: fc.boolean(), bytes: fc.nat(2_000), modifiedMs: time, executable: fc.boolean() })
  .map((made) => ({ ...made, bytes: made.directory ? 0 : made.bytes }));

describe('the archive of a list of entries', () => {
  test('is byte for byte what tar-stream makes of them', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { maxLength: 8 }), async (entries) => {
        const layout = new TarLayout(entries);
        const expected = await streamed(entries);
        expect(layout.bytes).toBe(expected.length);
        expect(bytesOf(layout).equals(expected)).toBe(true);
      }),
      { numRuns: 400 },
    );
  });

  test('has the header tar-stream makes, whatever the length of the path', async () => {
    for (const unit of ['a', 'é']) {
      for (let length = 1; length <= 1_100; length++) {
        const made = file(unit + 'x'.repeat(length - 1), 0);
        const expected = await streamedHeader(made);
        const layout = new TarLayout([made]);
        expect([length, layout.bytes - 1_024]).toEqual([length, expected.length]);
        expect(bytesOf(layout, 0, expected.length).equals(expected)).toBe(true);
      }
    }
  });

  test('has the header tar-stream makes where the length of a record gets one more digit and that takes a block', async () => {
    for (let length = 960; length <= 1_000; length++) {
      for (let digits = 1; digits <= 12; digits++) {
        const made = file('x'.repeat(length), 0, -(10 ** (digits - 1)) * 1_000);
        const expected = await streamedHeader(made);
        expect([length, digits, new TarLayout([made]).bytes - 1_024]).toEqual([length, digits, expected.length]);
      }
    }
  });

  test('has the header tar-stream makes, whatever the size', async () => {
    const sizes = fc.oneof(
      fc.constantFrom(8 * GIB - 1, 8 * GIB, 8 * GIB + 1, 9 * GIB, 2 ** 40, 2 ** 52 + 1),
      fc.maxSafeNat().map((bytes) => Math.floor(bytes / 2)),
    );
    await fc.assert(
      fc.asyncProperty(sizes, treePath, time, async (bytes, path, modifiedMs) => {
        const made = file(path, bytes, modifiedMs);
        const expected = await streamedHeader(made);
        const layout = new TarLayout([made]);
        expect(bytesOf(layout, 0, expected.length).equals(expected)).toBe(true);
        expect(layout.bytes).toBe(expected.length + Math.ceil(bytes / 512) * 512 + 1_024);
      }),
      { numRuns: 300 },
    );
  });

  test('is the same from any byte to any other', () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 8 }), fc.nat(), fc.nat(), (entries, a, b) => {
        const layout = new TarLayout(entries);
        const [from = 0, to = 0] = [a % (layout.bytes + 1), b % (layout.bytes + 1)].sort((x, y) => x - y);
        const part = bytesOf(layout, from, to);
        expect(part.length).toBe(to - from);
        expect(part.equals(bytesOf(layout).subarray(from, to))).toBe(true);
        for (const piece of layout.pieces(from, to)) expect(pieceBytes(piece).length).toBeGreaterThan(0);
      }),
      { numRuns: 1_000 },
    );
  });

  test('is the same in chunks of any size, asked for in any order and again', () => {
    const entries = Array.from({ length: 900 }, (_, index) => file(`folder/${index}${'é'.repeat(index % 90)}`, index));
    const layout = new TarLayout(entries);
    const whole = bytesOf(layout);
    const starts = Array.from({ length: Math.ceil(layout.bytes / 10_007) }, (_, index) => index * 10_007);
    for (const from of [...starts, ...starts.toReversed(), ...starts.slice(0, 3)]) {
      const to = Math.min(layout.bytes, from + 10_007);
      expect(bytesOf(layout, from, to).equals(whole.subarray(from, to))).toBe(true);
    }
  });

  test('puts a folder before all entries, and before their paths', () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 8 }), fc.nat(), (entries, modifiedMs) => {
        const root = { path: 'reef', directory: true, bytes: 0, modifiedMs, executable: false };
        const within = entries.map((each) => ({ ...each, path: `reef/${each.path}` }));
        const layout = new TarLayout(entries, { name: 'reef', modifiedMs });
        expect(layout.bytes).toBe(new TarLayout([root, ...within]).bytes);
        const named = [...layout.pieces(0, layout.bytes)].flatMap((piece) =>
          piece.kind === 'entry' ? [piece.entry] : [],
        );
        expect(named).toEqual(entries.flatMap(({ bytes }, index) => (bytes > 0 ? [index] : [])));
        expect(bytesOf(layout, 0, 512).equals(bytesOf(new TarLayout([root]), 0, 512))).toBe(true);
      }),
    );
  });

  test('names an entry for every byte of its content, and nothing beyond', () => {
    const layout = new TarLayout([folder('a'), file('a/b', 1_000), file('a/c', 512), file('a/d', 0)]);
    expect([...layout.pieces(512, layout.bytes)].map((piece) => ({ ...piece, bytes: undefined }))).toEqual([
      { kind: 'bytes' },
      { kind: 'entry', entry: 1, offset: 0, length: 1_000 },
      { kind: 'zeros', length: 24 },
      { kind: 'bytes' },
      { kind: 'entry', entry: 2, offset: 0, length: 512 },
      { kind: 'bytes' },
      { kind: 'zeros', length: 1_024 },
    ]);
    expect([...layout.pieces(1_024 + 17, 1_024 + 20)]).toEqual([{ kind: 'entry', entry: 1, offset: 17, length: 3 }]);
    expect([...layout.pieces(1_024, 1_024)]).toEqual([]);
  });

  test('of nothing is its end', () => {
    expect([...new TarLayout([]).pieces(0, 1_024)]).toEqual([{ kind: 'zeros', length: 1_024 }]);
  });

  test('takes times no date can hold for the nearest that one can, or for 1970', () => {
    const of = (modifiedMs: number): Buffer => bytesOf(new TarLayout([file('a', 0, modifiedMs)]));
    expect(of(Number.NaN)).toEqual(of(0));
    expect(of(1e300)).toEqual(of(8.64e15));
    expect(of(-Infinity)).toEqual(of(-8.64e15));
  });
});

describe('programming errors', () => {
  test.each([
    ['a negative size', file('a', -1)],
    ['half a byte', file('a', 1.5)],
    ['no size', file('a', Number.NaN)],
    ['more than can be counted', file('a', Number.MAX_SAFE_INTEGER)],
    ['a folder with content', { ...folder('a'), bytes: 1 }],
  ])('throw: %s', (_what, made) => {
    expect(() => new TarLayout([made])).toThrow(RangeError);
  });

  test.each([
    [-1, 5],
    [5, 4],
    [0, 2_049],
    [0.5, 4],
    [0, Number.NaN],
  ])('throw: bytes from %p to %p', (from, to) => {
    const layout = new TarLayout([file('a', 1)]);
    expect(layout.bytes).toBe(2_048);
    expect(() => [...layout.pieces(from, to)]).toThrow(RangeError);
  });
});

describe("the system's tar", () => {
  let place = '';
  beforeEach(() => {
    place = mkdtempSync(path.join(tmpdir(), 'tar-layout-'));
  });
  afterEach(() => {
    rmSync(place, { recursive: true, force: true });
  });

  const tar = (...args: string[]): string =>
    execFileSync('tar', args, {
      stdio: 'pipe',
      cwd: place,
      encoding: 'utf8',
      env: { ...process.env, TZ: 'UTC', LC_ALL: 'C.UTF-8' },
    });

  /** Writes the archive piece by piece; contents are left as holes if `sparse`. */
  function write(layout: TarLayout, sparse = false): void {
    const archive = openSync(path.join(place, 'archive.tar'), 'w');
    let at = 0;
    for (const piece of layout.pieces(0, layout.bytes)) {
      if (piece.kind === 'entry' && sparse) at += piece.length;
      else {
        const bytes = pieceBytes(piece);
        at += writeSync(archive, bytes, 0, bytes.length, at);
      }
    }
    closeSync(archive);
    truncateSync(path.join(place, 'archive.tar'), layout.bytes);
  }

  test('unpacks the very tree: empty folders and files, long, Unicode and deep names, times and modes', () => {
    const deep = Array.from({ length: 40 }, (_, depth) => `level ${depth}`).join('/');
    const entries: TreeEntry[] = [
      folder('empty folder', 86_400_000),
      file('empty file', 0),
      file('one block', 512),
      file('run me', 513, 1_234_567_890_000, true),
      file(`${'n'.repeat(251)}.txt`, 10),
      file('é'.repeat(127), 11),
      file('nfc-é', 12),
      file('nfd-e\u0301', 13),
      file('🐟👩‍👩‍👧', 14),
      file('שלום עולם', 15),
      file('line: "quoted" * ?', 16),
      file('before 1970', 17, -86_400_000),
      file('after 2038', 18, 4_102_444_800_000),
      folder('parent'),
      file(`parent/${'m'.repeat(99)}`, 19),
      file(`parent/${'m'.repeat(100)}`, 20),
      file(`parent/${'m'.repeat(101)}`, 21),
      ...deep.split('/').map((_, depth, names) => folder(names.slice(0, depth + 1).join('/'))),
      file(`${deep}/at the bottom`, 300_000),
    ];
    for (const [index, made] of entries.entries()) {
      const target = path.join(place, 'expected', made.path);
      mkdirSync(made.directory ? target : path.dirname(target), { recursive: true });
      if (made.directory) continue;
      writeFileSync(target, pieceBytes({ kind: 'entry', entry: index, offset: 0, length: made.bytes }));
      if (made.executable) chmodSync(target, 0o755);
      utimesSync(target, made.modifiedMs / 1000, made.modifiedMs / 1000);
    }
    write(new TarLayout(entries));
    mkdirSync(path.join(place, 'unpacked'));
    tar('-xf', 'archive.tar', '-C', 'unpacked');
    execFileSync('diff', ['-r', 'expected', 'unpacked'], { cwd: place });
    for (const made of entries) {
      const stats = statSync(path.join(place, 'unpacked', made.path));
      expect([made.path, stats.mtimeMs, (stats.mode & 0o100) !== 0]).toEqual([
        made.path,
        made.modifiedMs,
        made.directory || made.executable,
      ]);
    }
  });

  test('lists files of 9 GiB', () => {
    const layout = new TarLayout([file('huge', 9 * GIB), file(`${'é'.repeat(100)}`, 9 * GIB + 1), file('after', 3)]);
    write(layout, true);
    expect(statSync(path.join(place, 'archive.tar')).size).toBe(layout.bytes);
    const sizes = tar('-tvf', 'archive.tar').trim().split('\n');
    expect(sizes.map((line) => line.split(/\s+/u).slice(2, 4).join(' '))).toEqual([
      '9663676416 2023-11-14',
      '9663676417 2023-11-14',
      '3 2023-11-14',
    ]);
  });
});
