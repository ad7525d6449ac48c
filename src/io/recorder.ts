// Writes every transfer of a stay into the history: once when it begins, and once when it ends. A transfer that is left
// unfinished keeps its first record only.
import type { TransferView } from '../pool/views.ts';
import type { History, HistoryRecord } from './history.ts';

export class Recorder {
  readonly #history: History;
  readonly #pool: string;
  readonly #onError: (error: unknown) => void;
  readonly #wallMs: () => number;
  /** Of transfers that run; the pool bounds how many there are. */
  readonly #running = new Map<string, HistoryRecord>();
  #last: Promise<void> = Promise.resolve();
  #failed = false;

  /** `onError` hears once that the history cannot be written; nothing more is written then. */
  constructor(history: History, pool: string, onError: (error: unknown) => void, wallMs: () => number = Date.now) {
    this.#history = history;
    this.#pool = pool;
    this.#onError = onError;
    this.#wallMs = wallMs;
  }

  take(transfer: TransferView): void {
    const { id, end, location, direction } = transfer;
    // What is looked at once more was written down when it ended.
    if (transfer.recheck !== undefined) return;
    const known = this.#running.get(id);
    if (transfer.state !== 'ended') {
      if (known === undefined) this.#begin(transfer);
      return;
    }
    // This device left: what it receives goes on another time.
    if (direction === 'in' && end === 'peer-left') return;
    const record = known ?? this.#begin(transfer);
    this.#running.delete(id);
    this.#put({
      ...record,
      endedMs: this.#wallMs(),
      ...(end === undefined ? {} : { end }),
      ...(location === undefined ? {} : { location }),
    });
  }

  /** Resolves when everything that was taken is written, or cannot be. */
  close(): Promise<void> {
    return this.#last;
  }

  #begin({ id, direction, name, bytes, folder, peerName }: TransferView): HistoryRecord {
    const startedMs = this.#wallMs();
    const record: HistoryRecord = {
      // Taken again, a transfer has the same id.
      id: `${startedMs}/${id}`,
      direction,
      name,
      bytes: folder?.contentBytes ?? bytes,
      ...(folder === undefined ? {} : { entries: folder.entries }),
      peerName,
      pool: this.#pool,
      startedMs,
    };
    this.#running.set(id, record);
    this.#put(record);
    return record;
  }

  #put(record: HistoryRecord): void {
    if (this.#failed) return;
    this.#last = this.#history.put(record).catch((error: unknown) => {
      if (!this.#failed) this.#onError(error);
      this.#failed = true;
    });
  }
}
