// Work for the device's keys: what was handed out, and who waits for it. WebCrypto takes its time and machines have none.
import type { KeyOp, KeyResult, PoolOutput } from './ports.ts';

export class KeyWork {
  readonly #output: (output: PoolOutput) => void;
  readonly #waiting = new Map<number, (result: KeyResult) => void>();
  #next = 0;

  constructor(output: (output: PoolOutput) => void) {
    this.#output = output;
  }

  /** `then` is called from `done`, once, and sees for itself whether anybody still wants the result. */
  ask(op: KeyOp, then: (result: KeyResult) => void): void {
    const id = this.#next++;
    this.#waiting.set(id, then);
    this.#output({ kind: 'key', id, op });
  }

  done(id: number, result: KeyResult): void {
    const then = this.#waiting.get(id);
    this.#waiting.delete(id);
    then?.(result);
  }
}
