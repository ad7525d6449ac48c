// A folder of many small files from one Node process to another, from offering it until it stands unpacked at the other end,
// against `tar` piped through a bare reliable channel and unpacked by `tar -x`.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { inTurn, measureRounds, type BenchmarkOptions, type BenchmarkResult, wholeOption } from './harness.ts';
import { openProcessEnd, type ProcessEnd } from './pair/ends.ts';
import { makeFiles } from './pair/folder-of-files.ts';
import { connectRaw, PATIENCE_MS, patiently, withPlace, type Place } from './pair/pair.ts';

export const about: string = 'A folder of many small files, Node to Node, against tar through a raw channel';
/** Even, so that each contender goes first as often as second. */
export const rounds = 2;
export const defaults: Record<string, string> = { files: '100000', 'file-bytes': '10000' };

/** A file that takes longer, ms, is an error then, and not a wait without end. */
const FILE_MS_MAX = 10;

export async function run(options: BenchmarkOptions): Promise<BenchmarkResult> {
  const files = wholeOption(options.values['files'], 'files');
  const fileBytes = wholeOption(options.values['file-bytes'], 'file-bytes');
  return withPlace('node', 1, 1, async (place, server) => {
    const folder = join(place.directory, 'folder');
    options.log(`making ${files} files of ${fileBytes} bytes`);
    await makeFiles(folder, files, () => fileBytes);
    const patienceMs = PATIENCE_MS + files * FILE_MS_MAX;
    return measureRounds(options, async (round) => {
      const seat = { server, pool: `folder-${round}` };
      const [ours = {}, tar = {}] = await inTurn(round, [
        () => withEnds((ends) => measureOurs(ends, place, seat, folder, patienceMs)),
        () => withEnds((ends) => measureTar(ends, place, folder, patienceMs)),
      ]);
      const { ours_s: oursSeconds = NaN } = ours;
      const { tar_s: tarSeconds = NaN } = tar;
      return { ...ours, ...tar, ratio_to_tar: tarSeconds / oursSeconds };
    });
  });
}

interface Ends {
  readonly sender: ProcessEnd;
  readonly receiver: ProcessEnd;
}

async function withEnds<T>(measure: (ends: Ends) => Promise<T>): Promise<T> {
  const [sender, receiver] = [openProcessEnd(), openProcessEnd()];
  try {
    return await measure({ sender: sender.end, receiver: receiver.end });
  } finally {
    await sender.close();
    await receiver.close();
  }
}

/** Seconds: of the whole, until it is offered, until its last chunk is in, until it stands unpacked. */
async function measureOurs(
  { sender, receiver }: Ends,
  { received: into, clear }: Place,
  seat: { readonly server: string; readonly pool: string },
  folder: string,
  patienceMs: number,
): Promise<Record<string, number>> {
  await sender.join({ ...seat, name: 'Sender', into });
  await receiver.join({ ...seat, name: 'Receiver', into });
  await receiver.meet(1);
  await settledDisk();
  try {
    const receiving = receiver.receive(undefined);
    const beganMs = performance.now();
    await sender.offer(folder);
    const offeredMs = performance.now();
    const { ms, storedMs } = await patiently(patienceMs, 'the folder', receiving);
    return {
      ours_s: (performance.now() - beganMs) / 1000,
      ours_offer_s: (offeredMs - beganMs) / 1000,
      ours_transfer_s: storedMs / 1000,
      ours_unpack_s: (ms - storedMs) / 1000,
    };
  } finally {
    await clear();
  }
}

async function measureTar(
  ends: Ends,
  { received, clear }: Place,
  folder: string,
  patienceMs: number,
): Promise<Record<string, number>> {
  await connectRaw(ends);
  await settledDisk();
  try {
    await ends.sender.rawTarSend(folder);
    const ms = await patiently(patienceMs, 'tar', ends.receiver.rawTarReceive(received));
    return { tar_s: ms / 1000 };
  } finally {
    await clear();
  }
}

/** What an earlier contender wrote and removed is on disk: nobody waits for it beside its own. */
async function settledDisk(): Promise<void> {
  await promisify(execFile)('sync');
}
