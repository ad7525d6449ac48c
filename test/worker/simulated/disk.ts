// What a browser keeps on disk for the worker: the cache's files and the database's rows, with a log of all that changed
// them, from which `crashed` makes a disk as a crash between any two changes may leave it.
import type { Random } from '../../../src/sim/random.ts';

export type Key = string | number | readonly Key[];

/** A row of the database; `value` undefined: it is gone. */
export interface Change {
  readonly table: string;
  readonly key: Key;
  readonly value: unknown;
}

export type DiskEvent =
  | { readonly kind: 'made' | 'removed' | 'flushed'; readonly file: string }
  | { readonly kind: 'written'; readonly file: string; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: 'truncated'; readonly file: string; readonly length: number }
  | { readonly kind: 'committed'; readonly strict: boolean; readonly changes: readonly Change[] };

/** A DOMException: Node's own is, within jest, no Error. */
export class SimulatedException extends Error {
  constructor(message: string, name: string) {
    super(message);
    this.name = name;
  }
}

type FileEvent = Exclude<DiskEvent, { kind: 'committed' }>;

/** A file's bytes; what was never written reads as zeros and takes no memory. */
export class Content {
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array();
  #length = 0;

  get length(): number {
    return this.#length;
  }

  set length(length: number) {
    if (length < this.#bytes.length) this.#bytes = this.#bytes.slice(0, length);
    this.#length = length;
  }

  write(bytes: Uint8Array, at: number): void {
    const end = at + bytes.length;
    if (end > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(end, 2 * this.#bytes.length));
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    this.#bytes.set(bytes, at);
    this.#length = Math.max(this.#length, end);
  }

  /** Bytes from .. to - 1, or to the end of the file. */
  slice(from: number, to: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(Math.max(0, Math.min(to, this.#length) - from));
    bytes.set(this.#bytes.subarray(from, from + bytes.length));
    return bytes;
  }
}

export class Disk {
  readonly files: Map<string, Content> = new Map();
  /** By table and key. */
  readonly rows: Map<string, Change> = new Map();
  readonly log: DiskEvent[] = [];
  quotaBytes: number = Infinity;

  get usedBytes(): number {
    return [...this.files.values()].reduce((sum, { length }) => sum + length, 0);
  }

  table(name: string): readonly Change[] {
    return [...this.rows.values()].filter(({ table }) => table === name);
  }

  commit(strict: boolean, changes: readonly Change[]): void {
    if (changes.length === 0) return;
    this.log.push({ kind: 'committed', strict, changes });
    this.apply(changes);
  }

  apply(changes: readonly Change[]): void {
    for (const change of changes) {
      const id = `${change.table} ${JSON.stringify(change.key)}`;
      if (change.value === undefined) this.rows.delete(id);
      else this.rows.set(id, change);
    }
  }
}

/**
 * A disk with what is left of the first `events` of `log`. Where power is lost too, of what was not flushed any write or
 * truncation may be there, missing, torn or zeros, a directory entry as it was before, and the last transactions that
 * were not strict may be missing, in order and whole.
 */
export function crashed(log: readonly DiskEvent[], events: number, powerLost: boolean, random: Random): Disk {
  const disk = new Disk();
  const files = new Map<string, FileEvent[]>();
  const commits: Extract<DiskEvent, { kind: 'committed' }>[] = [];
  for (const event of log.slice(0, events)) {
    if (event.kind === 'committed') commits.push(event);
    else if (event.kind === 'made') files.set(event.file, [event]);
    else files.get(event.file)?.push(event);
  }
  for (const [file, own] of files) {
    const left = remains(own, powerLost, random);
    if (left !== undefined) disk.files.set(file, left);
  }
  const lasting = commits.findLastIndex(({ strict }) => strict) + 1;
  // Now and then all that may be missing is; as a rule a little.
  const fewest = random.chance(0.3) ? lasting : Math.max(lasting, commits.length - 4);
  const kept = powerLost ? random.integer(fewest, commits.length) : commits.length;
  for (const { changes } of commits.slice(0, kept)) disk.apply(changes);
  return disk;
}

function remains(events: readonly FileEvent[], powerLost: boolean, random: Random): Content | undefined {
  const content = new Content();
  const flushed = events.findLastIndex(({ kind }) => kind === 'flushed');
  const removed = events.some(({ kind }) => kind === 'removed');
  if (removed && !(powerLost && random.chance(0.3))) return undefined;
  if (flushed < 0 && powerLost && random.chance(0.3)) return undefined;
  for (const [index, event] of events.entries()) {
    const safe = index < flushed || !powerLost;
    const fate = safe ? 'whole' : random.pick(['whole', 'whole', 'missing', 'torn', 'zeros'] as const);
    if (event.kind === 'truncated' && fate === 'whole') content.length = event.length;
    if (event.kind !== 'written' || fate === 'missing') continue;
    // The last write may be cut short without any loss of power.
    const torn = fate === 'torn' || (index === events.length - 1 && random.chance(0.3));
    const cut = torn || fate === 'zeros' ? random.below(event.bytes.length + 1) : event.bytes.length;
    if (fate !== 'zeros') content.write(event.bytes.subarray(0, cut), event.at);
    // Room was made, and nothing written there yet; where something lay, that stays.
    else content.length = Math.max(content.length, event.at + cut);
  }
  return content;
}
