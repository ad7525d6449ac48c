// Runs the garbage collector, for tests that ask what is still held.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Throws an Error if this Node has no collector to call. */
export function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect !== 'function') throw new Error('no garbage collector to call');
  collect();
}
