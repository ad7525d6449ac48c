// FileStore after a crash at any instant: every write and flush of a real store is recorded, then the directory is made
// as a crash between any two of them could leave it, and a new store must claim nothing that is not there.
import type { FileHandle } from 'node:fs/promises';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, extname, join } from 'node:path';
import { expect, jest, test } from '@jest/globals';
import type { FileFacts, KeptPart } from '../../src/io/store.ts';
import { Random } from '../../src/sim/random.ts';
import { chunksOf, sha256Of } from '../worker/store-suite.ts';

const CHUNK = 512;
const CHUNKS = 24;
const SCENARIOS = 30;
const CUTS = 20;

/** Some thousand flushes each: a busy disk takes its time. */
const TIMEOUT_MS = 60_000;

type Event =
  | { readonly kind: 'made' | 'flushing' | 'flushed'; readonly file: string; readonly flush: number }
  | { readonly kind: 'write'; readonly file: string; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: 'truncate'; readonly file: string; readonly length: number };

/** Of the files in one directory. */
let recording: { readonly directory: string; readonly events: Event[] } | undefined;
let flushes = 0;

/** Passes everything on to the real file, and notes what a disk would see. */
function recorded(handle: FileHandle, file: string, events: Event[]): FileHandle {
  return new Proxy(handle, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property);
      if (typeof value !== 'function') return value;
      return async (...args: unknown[]): Promise<unknown> => {
        flushes += 1;
        const flush = flushes;
        const flushing = property === 'datasync' || property === 'sync';
        if (flushing) events.push({ kind: 'flushing', file, flush });
        if (property === 'truncate') events.push({ kind: 'truncate', file, length: Number(args[0]) });
        const [bytes, offset, length, at] = args;
        if (property === 'write' && bytes instanceof Uint8Array) {
          const copy = bytes.slice(Number(offset), Number(offset) + Number(length));
          events.push({ kind: 'write', file, at: Number(at), bytes: copy });
        }
        const result: unknown = await Reflect.apply(value, target, args);
        if (flushing) events.push({ kind: 'flushed', file, flush });
        return result;
      };
    },
  });
}

const real = await import('node:fs/promises');
jest.unstable_mockModule('node:fs/promises', () => ({
  ...real,
  open: async (...args: Parameters<typeof real.open>) => {
    const handle = await real.open(...args);
    const path = String(args[0]);
    const file = extname(path);
    if (recording?.directory !== dirname(path) || (file !== '.part' && file !== '.have')) return handle;
    if (args[1] === 'wx') recording.events.push({ kind: 'made', file, flush: 0 });
    return recorded(handle, file, recording.events);
  },
}));
const { FileStore } = await import('../../src/io/store-files.ts');

const facts: FileFacts = { name: 'fish', bytes: CHUNKS * CHUNK - 100, modifiedMs: 0 };
const ID = 'abcdefghijkl';

const holds = (kept: KeptPart | undefined, chunk: number): boolean =>
  (((kept?.bitmap[chunk >> 3] ?? 0) >> (chunk & 7)) & 1) === 1;
const claimOf = (kept: KeptPart | undefined, chunk: number): Buffer =>
  Buffer.from(kept?.sha256.subarray(chunk * 32, chunk * 32 + 32) ?? []);

/** Receives `version` as the share machine does: what is claimed rightly stays, what may be there is looked at. */
async function receive(
  store: InstanceType<typeof FileStore>,
  version: readonly Uint8Array[],
  random: Random,
  until: number,
): Promise<{ readonly kept: KeptPart | undefined; readonly written: number[] }> {
  const kept = await store.create('a', facts, CHUNK);
  const written: number[] = [];
  const order = version.map((_, chunk) => ({ chunk, key: random.u32() })).sort((a, b) => a.key - b.key);
  for (let at = 0; at < until;) {
    const group = order.slice(at, Math.min(until, at + random.integer(1, 5)));
    at += group.length;
    await Promise.all(
      group.map(async ({ chunk }) => {
        const bytes = version[chunk] ?? new Uint8Array();
        const sha256 = sha256Of(bytes);
        if (holds(kept, chunk) && claimOf(kept, chunk).equals(sha256)) return;
        if (chunk < (kept?.maybeChunks ?? 0) && (await store.check('a', chunk, sha256))) return;
        written.push(chunk);
        expect(await store.write('a', chunk, bytes.slice(), sha256)).toBe(true);
      }),
    );
  }
  return { kept, written };
}

/** One file as it may lie on the disk; undefined if it is not there. */
function remains(events: readonly Event[], file: string, loses: boolean, random: Random): Buffer | undefined {
  const own = events.filter((event) => event.file === file);
  if (!own.some(({ kind }) => kind === 'made')) return undefined;
  const last = own.findLast((event) => event.kind === 'flushed');
  const flushed = own.findIndex((e) => e.kind === 'flushing' && last?.kind === 'flushed' && e.flush === last.flush);
  let bytes = Buffer.alloc(0);
  const put = (at: number, part: Uint8Array): void => {
    if (bytes.length < at + part.length) bytes = Buffer.concat([bytes, Buffer.alloc(at + part.length - bytes.length)]);
    bytes.set(part, at);
  };
  for (const [index, event] of own.entries()) {
    const fate =
      index < flushed || !loses ? 'whole' : random.pick(['whole', 'whole', 'lost', 'torn', 'zeros'] as const);
    if (event.kind === 'truncate' && fate === 'whole') bytes = bytes.subarray(0, event.length);
    if (event.kind !== 'write' || fate === 'lost') continue;
    const cut = random.below(event.bytes.length + 1);
    // The last write may be cut short by a mere kill as well.
    if (fate === 'torn' || (index === own.length - 1 && random.chance(0.3)))
      put(event.at, event.bytes.subarray(0, cut));
    // Room was made, and nothing written there yet; where something lay, that stays.
    else if (fate === 'zeros')
      put(Math.max(event.at, bytes.length), new Uint8Array(Math.max(0, event.at + cut - bytes.length)));
    else put(event.at, event.bytes);
  }
  return bytes;
}

async function scenario(seed: number): Promise<{ readonly events: readonly Event[]; readonly newer: Uint8Array[] }> {
  const into = await mkdtemp(join(tmpdir(), 'rockpool-crash-'));
  const random = new Random(seed);
  const older = chunksOf(random.bytes(facts.bytes), CHUNK);
  const newer = older.map((bytes) => (random.chance(0.3) ? random.bytes(bytes.length) : bytes));
  const events: Event[] = [];
  recording = { directory: into, events };
  try {
    for (const [version, until] of [
      [older, 16],
      [newer, 20],
      [newer, CHUNKS],
    ] as const) {
      const store = new FileStore({ into, limits: { flushBytes: 4 * CHUNK, flushMs: 2 } });
      await receive(store, version, random, until);
      await store.close();
    }
  } finally {
    recording = undefined;
    await rm(into, { recursive: true });
  }
  return { events, newer };
}

test.each(Array.from({ length: SCENARIOS }, (_, seed) => seed))(
  `claims only what is there, after each of ${CUTS} crashes (seed %d)`,
  async (seed) => {
    const { events, newer } = await scenario(seed);
    let claims = 0;
    for (let cut = 0; cut < CUTS; cut += 1) {
      const random = new Random(seed * 1000 + cut);
      const before = events.slice(0, random.integer(1, events.length));
      const loses = random.chance(0.6);
      const into = await mkdtemp(join(tmpdir(), 'rockpool-crashed-'));
      const [part, have] = ['.part', '.have'].map((file) => remains(before, file, loses, random));
      for (const [file, bytes] of [
        ['part', part],
        ['have', have],
      ] as const) {
        if (bytes !== undefined) await writeFile(join(into, `.rockpool-${ID}.${file}`), bytes);
      }

      const store = new FileStore({ into, limits: { flushBytes: 4 * CHUNK } });
      const kept = await store.create('a', facts, CHUNK);
      for (let chunk = 0; chunk < CHUNKS; chunk += 1) {
        if (!holds(kept, chunk)) continue;
        claims += 1;
        const there = part?.subarray(chunk * CHUNK, (chunk + 1) * CHUNK) ?? new Uint8Array();
        expect([seed, cut, chunk, claimOf(kept, chunk).toString('hex')]).toEqual([
          seed,
          cut,
          chunk,
          Buffer.from(sha256Of(there)).toString('hex'),
        ]);
      }
      await store.keep('a');

      const { written } = await receive(store, newer, random, CHUNKS);
      if (kept !== undefined) {
        // Nothing is asked for again that lay there.
        const there = chunksOf(part ?? new Uint8Array(), CHUNK);
        expect(
          written.filter((chunk) => newer[chunk] && Buffer.from(newer[chunk]).equals(there[chunk] ?? new Uint8Array())),
        ).toEqual([]);
      }
      const location = await store.finish('a');
      expect((await real.readFile(location)).equals(Buffer.concat(newer))).toBe(true);
      await store.close();
      await rm(into, { recursive: true });
    }
    expect(claims).toBeGreaterThan(CUTS);
  },
  TIMEOUT_MS,
);
