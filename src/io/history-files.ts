// The history as a file of JSON lines that only ever grows, each record written with one append, so that several commands
// may write at once and a kill tears the last line at most. A full file is put aside; the one put aside before goes.
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf, failure } from './final-name.ts';
import { HISTORY_RECORDS_MAX, matchesQuery, type History, type HistoryRecord } from './history.ts';
import { StoreError } from './store.ts';

/** Length at which a file is put aside, bytes: some 7,000 transfers of two lines each, and as many in the one before. */
export const HISTORY_FILE_BYTES_MAX: number = 4 * 1024 * 1024;

/** Nobody else's business. */
const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;

const NEWLINE = 0x0a;

export class FileHistory implements History {
  readonly #folder: string;
  readonly #path: string;
  readonly #asidePath: string;
  readonly #fileBytesMax: number;
  /** The order of calls is the order of lines. */
  #last: Promise<unknown> = Promise.resolve();

  /** `folder` is made when the first record comes. */
  constructor(folder: string, fileBytesMax: number = HISTORY_FILE_BYTES_MAX) {
    this.#folder = folder;
    this.#path = join(folder, 'history.jsonl');
    this.#asidePath = join(folder, 'history.old.jsonl');
    this.#fileBytesMax = fileBytesMax;
  }

  put(record: HistoryRecord): Promise<void> {
    return this.#append(record);
  }

  remove(ids: readonly string[]): Promise<void> {
    return this.#append({ removed: ids });
  }

  clear(): Promise<void> {
    return this.#inTurn('The history cannot be cleared', async () => {
      for (const path of [this.#asidePath, this.#path]) await rm(path, { force: true });
    });
  }

  list(query: string, limit: number, beforeMs: number = Infinity): Promise<HistoryRecord[]> {
    return this.#inTurn('The history cannot be read', async () => {
      const records = new Map<string, HistoryRecord>();
      for (const path of [this.#asidePath, this.#path]) collect(await textOf(path), records);
      const found = [...records.values()]
        .toSorted((a, b) => b.startedMs - a.startedMs)
        .slice(0, HISTORY_RECORDS_MAX)
        .filter((record) => record.startedMs < beforeMs && matchesQuery(record, query));
      const last = found[limit - 1];
      return last === undefined
        ? found
        : found.filter((record, at) => at < limit || record.startedMs === last.startedMs);
    });
  }

  #append(line: object): Promise<void> {
    return this.#inTurn('The history cannot be written', async () => {
      await mkdir(this.#folder, { recursive: true, mode: FOLDER_MODE });
      const { size } = await stat(this.#path).catch(() => ({ size: 0 }));
      if (size >= this.#fileBytesMax) await rename(this.#path, this.#asidePath);
      const file = await open(this.#path, 'a+', FILE_MODE);
      try {
        const last = new Uint8Array([NEWLINE]);
        const { size: end } = await file.stat();
        if (end > 0) await file.read(last, 0, 1, end - 1);
        // What a kill tore is left behind as a line of its own.
        const bytes = new TextEncoder().encode(`${last[0] === NEWLINE ? '' : '\n'}${JSON.stringify(line)}\n`);
        const { bytesWritten } = await file.write(bytes);
        if (bytesWritten < bytes.length) throw new StoreError('no-space', 'There is no space left for the history');
      } finally {
        await file.close();
      }
    });
  }

  #inTurn<T>(what: string, work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work).catch((error: unknown) => {
      throw failure('store-failed', what, error);
    });
    this.#last = result.catch(() => undefined);
    return result;
  }
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return '';
    throw error;
  }
}

/** Later lines replace earlier ones of the same id; lines that say nothing are passed over. */
function collect(text: string, into: Map<string, HistoryRecord>): void {
  for (const line of text.split('\n')) {
    const fields = parseFields(line);
    if (fields === undefined) continue;
    if (Array.isArray(fields['removed'])) for (const id of fields['removed']) into.delete(String(id));
    else if (isRecord(fields)) into.set(fields.id, fields);
  }
}

function parseFields(line: string): Readonly<Record<string, unknown>> | undefined {
  if (line === '') return undefined;
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined; // Torn.
  }
}

function isRecord(fields: object): fields is HistoryRecord {
  const {
    id,
    direction,
    name,
    bytes,
    peerName,
    pool,
    startedMs,
    endedMs,
    end,
    entries,
    location,
  }: Partial<Record<keyof HistoryRecord, unknown>> = fields;
  const texts = [id, name, peerName, pool].every((text) => typeof text === 'string');
  const numbers = [bytes, startedMs].every((number) => typeof number === 'number');
  const optionalNumbers = [endedMs, entries].every((number) => number === undefined || typeof number === 'number');
  const optionalTexts = [end, location].every((text) => text === undefined || typeof text === 'string');
  return texts && numbers && optionalNumbers && optionalTexts && (direction === 'in' || direction === 'out');
}
