// The two ways in which a benchmark moves a file from one end to another: as an offer that is accepted and verified, and through a
// bare channel. Both move a small one before the clock runs.
import { mbitPerSecond } from '../harness.ts';
import type { PairEnd, Seat } from '../pages/pair/end.ts';
import { connectRaw, MIB, PATIENCE_MS, patiently, type Pair, type PairFiles } from './pair.ts';

/**
 * Moved both ways of measuring before the clock runs, so that neither pays for compiling code, opening windows and
 * growing files for the first time.
 */
export const WARM_UP_BYTES: number = 16 * MIB;

/** An end that moves less than this has failed: an error then, and not a wait without end. */
const SLOWEST_MBIT = 2;

/** As much of an end as offers and receives. */
export type Mover = Pick<PairEnd, 'join' | 'offer' | 'receive'>;

export interface Movers {
  readonly sender: Mover;
  readonly receiver: Mover;
  readonly files: PairFiles;
}

/** Megabits a second of a file that the receiver holds verified, from its `accept` on. */
export async function moveOffered(
  { sender, receiver, files }: Movers,
  seat: Omit<Seat, 'name'>,
  bytes: number,
): Promise<number> {
  await sender.join({ ...seat, name: 'Sender' });
  await receiver.join({ ...seat, name: 'Receiver' });
  const move = async (file: string, size: number): Promise<number> => {
    await sender.offer(file);
    return (await within(size, receiver.receive(size))).ms;
  };
  await move(files.warm, WARM_UP_BYTES);
  return mbitPerSecond(bytes, await move(files.measured, bytes));
}

/** Megabits a second through the bare channel, from the receiver's request to the last byte. */
export async function moveRaw(ends: Pair, bytes: number): Promise<number> {
  await connectRaw(ends);
  const move = async (size: number): Promise<number> => {
    await ends.sender.rawSend(size);
    const { ms } = await within(size, ends.receiver.rawReceive({ bytes: size, withinMs: undefined }));
    return ms;
  };
  await move(WARM_UP_BYTES);
  return mbitPerSecond(bytes, await move(bytes));
}

function within<T>(bytes: number, work: Promise<T>): Promise<T> {
  return patiently(PATIENCE_MS + (bytes * 8) / 1000 / SLOWEST_MBIT, `${bytes} bytes`, work);
}
