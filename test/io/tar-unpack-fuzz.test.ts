// Real archives, changed at random: whatever comes of them, the sink is safe and the caller hears of it.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { StoreError } from '../../src/io/store.ts';
import { TarLayout, type TreeEntry } from '../../src/io/tar-layout.ts';
import { unpackTar, type Unpacked, type UnpackLimits } from '../../src/io/tar-unpack.ts';
import { archived, inPieces, MemorySink, MIXED, resealed } from './tar-archives.ts';

describe('mutated archives', () => {
  const limits: UnpackLimits = { bytes: 500_000, entries: 60, portable: true, filesAtOnce: 1, inOneFolder: false };

  async function originals(): Promise<Buffer[]> {
    const entries: TreeEntry[] = MIXED.map(([header, text = '']) => ({
      path: header.name.replace(/\/$/u, ''),
      directory: header.type === 'directory',
      bytes: header.type === 'directory' ? 0 : text.length,
      modifiedMs: -5_000,
      executable: false,
    }));
    const layout = new TarLayout(entries);
    const parts = [...layout.pieces(0, layout.bytes)].map((piece) =>
      piece.kind === 'bytes' ? piece.bytes : new Uint8Array(piece.length).fill(piece.kind === 'zeros' ? 0 : 65),
    );
    const folder = mkdtempSync(path.join(tmpdir(), 'tar-fuzz-'));
    try {
      mkdirSync(path.join(folder, 'n'.repeat(120)));
      writeFileSync(path.join(folder, 'n'.repeat(120), 'm'.repeat(200)), 'long name');
      writeFileSync(path.join(folder, 'short'), 'short');
      const made = ['gnu', 'pax'].map((format) =>
        execFileSync('tar', [`--format=${format}`, '-cf', '-', 'n'.repeat(120), 'short'], { cwd: folder }),
      );
      return [await archived(...MIXED), Buffer.concat(parts), ...made];
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  const at = fc.nat();
  type Mutation = (archive: Buffer) => Buffer;
  const change = (apply: (archive: Buffer) => unknown): Mutation => {
    return (archive) => {
      apply(archive);
      return archive;
    };
  };
  const block = (archive: Buffer, index: number): number => index % Math.max(1, Math.floor(archive.length / 512));
  const mutation = fc.oneof(
    fc.tuple(at, fc.nat(255)).map(([where, value]) => change((archive) => (archive[where % archive.length] = value))),
    at.map((where) => (archive: Buffer) => archive.subarray(0, where % (archive.length + 1))),
    fc.tuple(at, at).map(([a, b]) =>
      change((archive) => {
        const [one, other] = [block(archive, a) * 512, block(archive, b) * 512];
        const kept = Buffer.from(archive.subarray(one, one + 512));
        archive.copyWithin(one, other, other + 512);
        kept.copy(archive, other);
      }),
    ),
    fc.tuple(at, at, fc.nat(1_024)).map(([where, from, length]) => (archive: Buffer) => {
      const cut = where % (archive.length + 1);
      const start = from % (archive.length + 1);
      return Buffer.concat([archive.subarray(0, cut), archive.subarray(start, start + length), archive.subarray(cut)]);
    }),
    // Behind a checksum that is right again: names, sizes, types, and lengths of extended headers.
    fc
      .tuple(
        at,
        fc.constantFrom(0, 1, 50, 99, 100, 105, 124, 125, 130, 135, 136, 147, 156, 157, 257, 262, 345, 400),
        fc.oneof(
          fc.constantFrom('../', '/', '\\', 'C:', '\0', 'NUL', '77777777777', '-1', '\u0080\u00ff', '\u00ff', '9'),
          fc.constantFrom(...'0123456789xgLKSDMV'),
          fc.string({ unit: 'binary', maxLength: 12 }),
        ),
      )
      .map(([where, offset, text]) =>
        change((archive) => {
          const index = block(archive, where);
          if (archive.length < 512) return;
          archive.write(text, index * 512 + offset, 'latin1');
          resealed(archive, index);
        }),
      ),
    // Within extended headers: their records are text.
    fc
      .tuple(at, fc.constantFrom('-5 ', '999999 ', '0 ', ' size=-1\n', ' size=9e99\n', ' path=../x\n', 'path=', '='))
      .map(([where, text]) =>
        change((archive) => {
          const record = archive.indexOf(' path=', where % (archive.length + 1));
          if (record >= 2) archive.write(text, record - (where % 3), 'latin1');
        }),
      ),
  );

  test('end in time, within the limits and inside the target, or with a StoreError', async () => {
    const archives = await originals();
    const outcomes = { finished: 0, refused: 0, damaged: 0 };
    await fc.assert(
      fc.asyncProperty(
        fc.nat(archives.length - 1),
        fc.array(mutation, { minLength: 1, maxLength: 4 }),
        fc.constantFrom(100, 512, 5_000, 1_000_000),
        fc.constantFrom(1, 3),
        async (which, mutations, pieceBytes, filesAtOnce) => {
          let archive = Buffer.from(archives[which] ?? []);
          for (const mutate of mutations) if (archive.length > 0) archive = Buffer.from(mutate(archive));
          const sink = new MemorySink();
          const work = unpackTar(inPieces(archive, pieceBytes), sink, { ...limits, filesAtOnce });
          const result = await work.catch((error: unknown) => error);
          if (result instanceof StoreError) {
            outcomes[result.message.startsWith('refused') ? 'refused' : 'damaged']++;
            expect(result.message.length).toBeLessThan(1_000);
          } else {
            const { files, directories, bytes } = result as Unpacked;
            expect(files).toBe(sink.files.size);
            expect(directories).toBe(sink.directories.size);
            outcomes.finished++;
            expect(bytes).toBe([...sink.files.values()].reduce((sum, { text }) => sum + text.length, 0));
          }
          expect(sink.files.size + sink.directories.size).toBeLessThanOrEqual(limits.entries);
        },
      ),
      { numRuns: 3_000, timeout: 60_000 },
    );
    // The cases reach everywhere.
    for (const count of Object.values(outcomes)) expect(count).toBeGreaterThan(20);
  }, 300_000);
});
