// Live cursors: whether this device takes part, and the stream that carries the pointers. While it is off no stream is
// open: nothing is sent, nothing is heard. How they are drawn is components/cursors.tsx.
import { effect, signal, type Signal } from '@preact/signals';
import type { PoolClientFace } from '../src/client.ts';
import { pointerSchema } from '../src/io/control-frames.ts';
import { pointerSource } from '../src/io/control-sources.ts';
import { store } from './app.ts';
import type { CursorTable } from './cursor-table.ts';
import { loadCursors, saveCursors } from './storage.ts';

/** The number of the stream that carries pointers; the same in every version of the app. */
const STREAM = 1;
/** As often as most screens show something new. */
const HZ = 60;
/** A pointer that is this late would only jump back: milliseconds. */
const DEADLINE_MS = 150;
/** Half a second more or less of a still pointer disturbs nobody. */
const EXPIRE_EVERY_MS = 500;

/** True while this device shows its pointer and sees the others'. Remembered. */
export const cursorsOn: Signal<boolean> = signal(loadCursors());

export function toggleCursors(): void {
  cursorsOn.value = !cursorsOn.value;
  saveCursors(cursorsOn.value);
}

/** Sends the pointer over `board`, and keeps `table` as the others' are. Returns the way to stop. */
export function shareCursors(
  client: Pick<PoolClientFace<File>, 'control'>,
  board: HTMLElement,
  table: CursorTable,
): () => void {
  const stream = client.control({
    stream: STREAM,
    up: pointerSchema,
    hz: HZ,
    deadlineMs: DEADLINE_MS,
    source: pointerSource(board),
    onFrame: (peer, frame, { newest }) => {
      if (newest) table.hear(performance.now(), peer, frame);
    },
  });
  const stopWatching = effect(() => table.keepOnly(new Set(store.peers.value.map(({ id }) => id))));
  const timer = setInterval(() => table.expire(performance.now()), EXPIRE_EVERY_MS);
  return () => {
    stream.stop();
    stopWatching();
    clearInterval(timer);
  };
}
