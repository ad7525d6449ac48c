// The page that bench/chunk-size.ts drives: one pass through the worker's store for each call.
import { WorkerStore } from '../../../worker/store-worker.ts';
import { measurePass, type PassTimes } from './measure.ts';

/** One pass with chunks of `chunkBytes`, of the file that is picked. */
export type MeasureChunkSize = (chunkBytes: number) => Promise<PassTimes>;

declare global {
  var measureChunkSize: MeasureChunkSize;
}

globalThis.measureChunkSize = async (chunkBytes) => {
  const file = document.querySelector<HTMLInputElement>('#source')?.files?.[0];
  if (file === undefined) throw new Error('no file is picked');
  // A store of its own each time: its files go when the next one starts.
  const store = new WorkerStore();
  try {
    const { bytes, offerMs, receiveMs } = await measurePass(store, file, chunkBytes);
    return { bytes, offerMs, receiveMs };
  } finally {
    await store.close();
  }
};
