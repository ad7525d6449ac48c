// The journal of a received file: what it says after it was cut or damaged anywhere, and that it never leads the data.
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Journal, PartIndex, readHeader, readJournal, type PartIndexOptions } from '../../src/io/store-journal.ts';

const HEADER = {
  facts: { name: '"שלום"\n🐟', bytes: 100_000, modifiedMs: 5, folder: { entries: 2, contentBytes: 7 } },
  chunkBytes: 1000,
};

const digest = (text: string): Uint8Array => new Uint8Array(createHash('sha256').update(text).digest());

function record(chunk: number, sha256: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(36);
  bytes.writeUInt32BE(chunk);
  bytes.set(sha256, 4);
  return bytes;
}

let directory: string;
let path: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rockpool-journal-'));
  path = join(directory, 'have');
});

afterEach(() => rm(directory, { recursive: true }));

/** What a journal says, as text; undefined if it is none. */
async function said(place = path): Promise<string | undefined> {
  const claims = new Map<number, string>();
  const read = await readJournal(place, (chunk, sha256) => {
    if (sha256 === undefined) claims.delete(chunk);
    else claims.set(chunk, Buffer.from(sha256).toString('hex'));
  });
  return read && JSON.stringify([...claims].toSorted());
}

describe('a journal', () => {
  /** Appends three times; resolves to the length and what it says before and after each. */
  async function write(): Promise<{ readonly length: number; readonly says: string | undefined }[]> {
    const journal = await Journal.create(path, HEADER);
    const states = [{ length: (await stat(path)).size, says: await said() }];
    const batches = [
      [1, 2, 3, 4, 5].map((chunk) => record(chunk, digest(`a${chunk}`))),
      [record(2, new Uint8Array(32))],
      [2, 60, 99].map((chunk) => record(chunk, digest(`b${chunk}`))),
    ];
    for (const [index, batch] of batches.entries()) {
      await journal.append(Buffer.concat(batch), index === 1);
      states.push({ length: (await stat(path)).size, says: await said() });
    }
    return states;
  }

  test('tells of which file it is, and of each chunk the last it heard', async () => {
    const states = await write();
    expect(await readHeader(path)).toEqual(HEADER);
    expect(states.map(({ says }) => JSON.parse(says ?? '').map(([chunk]: [number]) => chunk))).toEqual([
      [],
      [1, 2, 3, 4, 5],
      [1, 3, 4, 5],
      [1, 2, 3, 4, 5, 60, 99],
    ]);
  });

  test('cut at any byte says what it said before, or is none', async () => {
    const states = await write();
    const whole = await readFile(path);
    const cut = join(directory, 'cut');
    for (let length = 0; length <= whole.length; length += 1) {
      await writeFile(cut, whole.subarray(0, length));
      const before = states.findLast((state) => state.length <= length);
      expect([length, await said(cut)]).toEqual([length, before?.says]);
    }
  });

  test('with any byte changed says what it said before that byte, or is none', async () => {
    const states = await write();
    const whole = await readFile(path);
    const changed = join(directory, 'changed');
    const start = states[0]?.length ?? 0;
    for (let at = 0; at < whole.length; at += 1) {
      const bytes = Buffer.from(whole);
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      await writeFile(changed, bytes);
      const before = at < start ? [undefined, '[]'] : [states.findLast((state) => state.length <= at)?.says];
      expect(before).toContain(await said(changed));
    }
  });

  test('that was cut goes on where it was whole, and what lay behind the cut stays unsaid', async () => {
    const states = await write();
    const whole = await readFile(path);
    // A hole of zeros in the second batch, as a power cut leaves it, with a good third one behind.
    whole.fill(0, states[1]?.length, (states[1]?.length ?? 0) + 36);
    await writeFile(path, whole);
    const journal = await Journal.open(path, () => undefined);
    await journal?.append(record(7, digest('c')), false);
    expect(JSON.parse((await said()) ?? '').map(([chunk]: [number]) => chunk)).toEqual([1, 2, 3, 4, 5, 7]);
  });

  test('holds more than one seal covers', async () => {
    const many = { ...HEADER, facts: { ...HEADER.facts, bytes: 10_000_000 } };
    const journal = await Journal.create(path, many);
    const chunks = Array.from({ length: 10_000 }, (_, chunk) => chunk);
    await journal.append(Buffer.concat(chunks.map((chunk) => record(chunk, digest(String(chunk))))), false);
    await journal.append(record(5, new Uint8Array(32)), false);
    expect(JSON.parse((await said()) ?? '')).toHaveLength(9_999);
  });

  test.each([
    ['empty', ''],
    ['no JSON', 'fish\n'],
    ['of another version', '{"version":2,"facts":{"name":"a","bytes":1,"modifiedMs":0},"chunkBytes":1}\n'],
    ['of a senseless size', '{"version":1,"facts":{"name":"a","bytes":-1,"modifiedMs":0},"chunkBytes":1}\n'],
    ['of no chunk size', '{"version":1,"facts":{"name":"a","bytes":1,"modifiedMs":0},"chunkBytes":0}\n'],
    ['of too many chunks', '{"version":1,"facts":{"name":"a","bytes":9e15,"modifiedMs":0},"chunkBytes":1}\n'],
    ['null', 'null\n'],
    ['endless', ' '.repeat(100_000)],
  ])('is none if it is %s', async (_what, text) => {
    await writeFile(path, text);
    expect(await readHeader(path)).toBeUndefined();
    expect(await said()).toBeUndefined();
    expect(await Journal.open(path, () => undefined)).toBeUndefined();
  });
});

describe('an index', () => {
  const options = (flushData: () => Promise<void>): PartIndexOptions => ({
    flushBytes: 5000,
    flushMs: 60_000,
    flushData,
  });

  test('claims nothing before the data is flushed, and then all of it', async () => {
    let release: () => void = () => undefined;
    const flushed = new Promise<void>((resolve) => {
      release = resolve;
    });
    const index = await PartIndex.create(
      path,
      HEADER,
      options(() => flushed),
    );
    for (let chunk = 0; chunk < 5; chunk += 1) index.note(chunk, digest('x'));
    const done = index.flush();
    expect(await said()).toBe('[]');
    release();
    await done;
    expect(JSON.parse((await said()) ?? '')).toHaveLength(5);
    await index.close();
  });

  test('flushes by itself after so many bytes, and no sooner', async () => {
    let flushes = 0;
    const index = await PartIndex.create(
      path,
      HEADER,
      options(async () => void (flushes += 1)),
    );
    for (let chunk = 0; chunk < 4; chunk += 1) index.note(chunk, digest('x'));
    await index.close();
    expect([flushes, await said()]).toEqual([0, '[]']);

    await rm(path);
    const other = await PartIndex.create(
      path,
      HEADER,
      options(async () => void (flushes += 1)),
    );
    for (let chunk = 0; chunk < 5; chunk += 1) other.note(chunk, digest('x'));
    await other.close();
    expect([flushes, JSON.parse((await said()) ?? '').length]).toEqual([1, 5]);
  });

  test('claims nothing any more once the data could not be flushed', async () => {
    let fails = true;
    const index = await PartIndex.create(
      path,
      HEADER,
      options(() => (fails ? Promise.reject(new Error('no disk')) : Promise.resolve())),
    );
    index.note(1, digest('x'));
    await expect(index.flush()).rejects.toThrow('no disk');
    fails = false;
    index.note(2, digest('y'));
    await expect(index.flush()).rejects.toThrow('no disk');
    expect(() => index.expectFlushed()).toThrow('no disk');
    expect(await said()).toBe('[]');
  });

  test('enters later what the journal had no room for', async () => {
    const index = await PartIndex.create(
      path,
      HEADER,
      options(async () => undefined),
    );
    const header = await readFile(path);
    await rm(path);
    index.note(1, digest('x'));
    await expect(index.flush()).rejects.toMatchObject({ code: 'ENOENT' });
    await writeFile(path, header);
    await index.flush();
    expect(JSON.parse((await said()) ?? '')).toHaveLength(1);
  });

  test('takes a claim back before it says that the chunk may be written', async () => {
    const index = await PartIndex.create(
      path,
      HEADER,
      options(async () => undefined),
    );
    index.note(1, digest('x'));
    expect(index.release(1)).toBeUndefined();
    index.note(1, digest('x'));
    await index.flush();
    await index.release(1);
    expect(await said()).toBe('[]');
    expect(index.has(1)).toBe(false);
  });

  test('takes a claim back that is on its way to the journal', async () => {
    const index = await PartIndex.create(
      path,
      HEADER,
      options(async () => undefined),
    );
    index.note(1, digest('x'));
    const flushed = index.flush();
    await Promise.resolve();
    await index.release(1);
    await flushed;
    expect(await said()).toBe('[]');
  });

  test('does not believe claims of what lies past the end of the data', async () => {
    const index = await PartIndex.create(
      path,
      HEADER,
      options(async () => undefined),
    );
    for (const chunk of [0, 1, 2]) index.note(chunk, digest('x'));
    await index.flush();
    const again = await PartIndex.open(
      path,
      HEADER,
      2_999,
      options(async () => undefined),
    );
    expect([0, 1, 2].map((chunk) => again?.has(chunk))).toEqual([true, true, false]);
    expect(again?.storedBytes).toBe(2_000);
    expect(Buffer.from(again?.sha256.subarray(64, 96) ?? []).equals(Buffer.alloc(32))).toBe(true);
    // Nor does it forget that the journal makes them.
    again?.note(0, digest('x'));
    await again?.release(2);
    expect(JSON.parse((await said()) ?? '').map(([chunk]: [number]) => chunk)).toEqual([0, 1]);
  });
});
