// Writes down every transfer as it begins and as it ends, so that it can be found again later. One line for one file with
// one person, however often it was interrupted.
import { signal, type Signal } from '@preact/signals';
import type { TransferView } from '../src/client.ts';
import type { History, HistoryRecord } from '../src/io/history.ts';

/** Counts changes of the history, so that what shows it knows when to look again. */
export const historyVersion: Signal<number> = signal(0);

export class HistoryKeeper {
  readonly #history: Pick<History, 'put'>;
  readonly #known = new Map<string, { readonly startedMs: number; readonly end: string | undefined }>();

  constructor(history: Pick<History, 'put'>) {
    this.#history = history;
  }

  /** Takes what was told of a transfer; `nowMs` is the wall clock. */
  note(transfer: TransferView, pool: string, nowMs: number): void {
    const id = recordId(transfer, pool);
    const known = this.#known.get(id);
    // What waits for its turn has not begun; what ended before it began was never a transfer.
    if (known === undefined && !hasBegun(transfer)) return;
    if (known !== undefined && known.end === transfer.end) return;
    const startedMs = known?.startedMs ?? nowMs - transfer.seconds * 1000;
    this.#known.set(id, { startedMs, end: transfer.end });
    this.#history
      .put(recordOf(transfer, id, pool, startedMs, nowMs))
      .then(() => {
        historyVersion.value += 1;
      })
      // A line that cannot be written down hinders no transfer.
      .catch(() => undefined);
  }
}

function hasBegun({ state, end, doneBytes, bytes }: TransferView): boolean {
  return state === 'running' || doneBytes > 0 || (bytes === 0 && end === 'verified');
}

/** The same after a reload: numbers of transfers begin anew then, names and sizes do not. */
function recordId({ id, name, bytes }: TransferView, pool: string): string {
  return [pool, id, bytes, name].join('/');
}

function recordOf(view: TransferView, id: string, pool: string, startedMs: number, nowMs: number): HistoryRecord {
  const { direction, name, peerName, folder, end, location } = view;
  return {
    id,
    direction,
    name,
    bytes: folder?.contentBytes ?? view.bytes,
    peerName,
    pool,
    startedMs,
    ...(folder === undefined ? {} : { entries: folder.entries }),
    ...(view.state === 'ended' && end !== undefined ? { end, endedMs: nowMs } : {}),
    ...(location === undefined ? {} : { location }),
  };
}
