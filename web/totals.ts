// Many transfers as one: how far all that is under way has come, how fast it moves, and how long it will take.
import type { TransferView } from '../src/client.ts';

export interface Totals {
  /** Transfers under way: running or waiting for their turn. */
  readonly count: number;
  readonly doneBytes: number;
  readonly bytes: number;
  readonly downBytesPerSecond: number;
  readonly upBytesPerSecond: number;
  /** Of the slower direction; undefined while nobody can tell. */
  readonly secondsLeft: number | undefined;
}

type Moving = Pick<TransferView, 'direction' | 'state' | 'bytes' | 'doneBytes' | 'bytesPerSecond'>;

/** What is paused, waits for somebody, or has ended counts nothing: it does not move towards its end. */
export function totalsOf(transfers: Iterable<Moving>): Totals {
  let count = 0;
  let doneBytes = 0;
  let bytes = 0;
  const left = { in: 0, out: 0 };
  const speed = { in: 0, out: 0 };
  for (const transfer of transfers) {
    if (transfer.state !== 'running' && transfer.state !== 'queued') continue;
    count += 1;
    doneBytes += transfer.doneBytes;
    bytes += transfer.bytes;
    left[transfer.direction] += transfer.bytes - transfer.doneBytes;
    if (transfer.state === 'running') speed[transfer.direction] += transfer.bytesPerSecond;
  }
  return {
    count,
    doneBytes,
    bytes,
    downBytesPerSecond: speed.in,
    upBytesPerSecond: speed.out,
    secondsLeft: slower(seconds(left.in, speed.in), seconds(left.out, speed.out)),
  };
}

function seconds(bytes: number, bytesPerSecond: number): number | undefined {
  if (bytes <= 0) return 0;
  return bytesPerSecond < 1 ? undefined : bytes / bytesPerSecond;
}

function slower(one: number | undefined, other: number | undefined): number | undefined {
  if (one === undefined || other === undefined) return undefined;
  const most = Math.max(one, other);
  return most > 0 ? most : undefined;
}
