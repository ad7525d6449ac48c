// The exports of conversations that one window reads: asked for piece by piece, so that nothing is held but what is next.
import type { TalkHistory } from '../io/talk-face.ts';
import { EXPORTS_MAX } from './calls.ts';
import { HostError } from './host-face.ts';

/** UTF-16 units that are joined to one answer: few answers, and each far below what a message may have. */
const PIECES_UNITS = 64 * 1024;

export class Exports {
  readonly #history: TalkHistory;
  readonly #open = new Map<number, AsyncIterator<string>>();
  #numbers = 0;

  constructor(history: TalkHistory) {
    this.#history = history;
  }

  /** Throws a HostError `refused` beyond EXPORTS_MAX. */
  open(pool: string, format: 'json' | 'markdown'): number {
    if (this.#open.size >= EXPORTS_MAX) throw new HostError('refused', 'Too many conversations are read out at once.');
    const number = this.#numbers++;
    this.#open.set(number, this.#history.export(pool, format)[Symbol.asyncIterator]());
    return number;
  }

  /** Undefined at its end, which closes it, and of one that is not open. Rejects with what the export rejects with. */
  async next(number: number): Promise<string | undefined> {
    const pieces = this.#open.get(number);
    if (pieces === undefined) return undefined;
    let joined = '';
    while (joined.length < PIECES_UNITS) {
      const next = await pieces.next();
      if (next.done === true) {
        this.#open.delete(number);
        break;
      }
      joined += next.value;
    }
    return joined === '' ? undefined : joined;
  }

  async close(number: number): Promise<void> {
    const pieces = this.#open.get(number);
    this.#open.delete(number);
    await pieces?.return?.();
  }

  closeAll(): void {
    // Nobody is there to hear that one could not be ended.
    for (const number of this.#open.keys()) void this.close(number).catch(() => undefined);
  }
}
