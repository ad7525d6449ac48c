// Progress of every running transfer. On a terminal: lines redrawn in place on stderr. Elsewhere: a plain line now and
// then. In json mode: `progress` events.
import type { TransferView } from '../src/pool/views.ts';
import type { Output } from './io.ts';
import type { Live, Screen } from './screen.ts';
import { formatEta, formatSpeed, nameColumnsIn, percentOf, progressLine, roundSeconds } from './format.ts';
import { safeLine } from './safe-text.ts';

const DRAW_EVERY_MS = 100;
const EVENT_EVERY_MS = 250;
const PLAIN_EVERY_MS = 5000;
/** Lines at once: the rest is counted in one more line, so the region never outgrows a small terminal. */
const LINES_MAX = 8;
const COLUMNS_DEFAULT = 80;

export class Board implements Live {
  readonly #screen: Screen;
  readonly #output: Output;
  readonly #now: () => number;
  /** Running transfers only; the pool bounds how many there are. */
  readonly #running = new Map<string, TransferView>();
  readonly #saidAtMs = new Map<string, number>();
  #drawnLines = 0;
  #drawnAtMs = -DRAW_EVERY_MS;

  /** `now` in ms, monotonic. */
  constructor(screen: Screen, output: Output, now: () => number = () => performance.now()) {
    this.#screen = screen;
    this.#output = output;
    this.#now = now;
    if (screen.drawable) screen.live = this;
  }

  /** Takes what changed of a transfer. */
  update(transfer: TransferView): void {
    if (transfer.state === 'ended') {
      this.#saidAtMs.delete(transfer.id);
      if (this.#running.delete(transfer.id) && this.#screen.drawable) this.#draw();
      return;
    }
    const isNew = !this.#running.has(transfer.id);
    this.#running.set(transfer.id, transfer);
    if (this.#screen.json) this.#sayEvery(transfer, EVENT_EVERY_MS, () => this.#sayEvent(transfer));
    else if (!this.#screen.drawable) this.#sayPlainly(transfer, isNew);
    else if (isNew || this.#now() - this.#drawnAtMs >= DRAW_EVERY_MS) this.#draw();
  }

  close(): void {
    this.#running.clear();
    if (this.#screen.drawable) this.#screen.live = undefined;
  }

  hide(): void {
    this.#output.write(this.#erasing());
    this.#drawnLines = 0;
  }

  show(): void {
    this.#draw();
  }

  // One write: erase line by line while overwriting, so nothing blinks.
  #draw(): void {
    const lines = this.#lines();
    const up = this.#drawnLines > 0 ? `\r\u001b[${this.#drawnLines}A` : '';
    const body = lines.map((line) => `${line}\u001b[K\n`).join('');
    if (up + body !== '') this.#output.write(`${up}${body}\u001b[J`);
    this.#drawnLines = lines.length;
    this.#drawnAtMs = this.#now();
  }

  #erasing(): string {
    return this.#drawnLines > 0 ? `\r\u001b[${this.#drawnLines}A\u001b[J` : '';
  }

  #lines(): string[] {
    // One column short of the edge: some terminals wrap when the last column is written.
    const columns = Math.max(1, (this.#output.columns ?? COLUMNS_DEFAULT) - 1);
    const linesMax = Math.max(1, Math.min(LINES_MAX, (this.#output.rows ?? LINES_MAX + 2) - 2));
    const all = [...this.#running.values()];
    const shown = all.slice(0, linesMax);
    const nameColumns = Math.max(0, ...shown.map((transfer) => nameColumnsIn(transfer.name, columns)));
    const lines = shown.map((transfer) => progressLine(transfer, columns, nameColumns));
    if (all.length > linesMax) lines.push(`and ${all.length - linesMax} more`.slice(0, columns));
    return lines;
  }

  #sayPlainly(transfer: TransferView, isNew: boolean): void {
    // The start is said by the offer; the first plain line may wait.
    if (isNew) this.#saidAtMs.set(transfer.id, this.#now());
    this.#sayEvery(transfer, PLAIN_EVERY_MS, () => {
      const { bytes, doneBytes, bytesPerSecond } = transfer;
      const eta = formatEta(bytes - doneBytes, bytesPerSecond);
      const way = `${transfer.direction === 'in' ? 'from' : 'to'} ${safeLine(transfer.peerName)}`;
      const figures = `${percentOf(doneBytes, bytes)}%, ${formatSpeed(bytesPerSecond)}, ${eta}`;
      this.#screen.note(`${safeLine(transfer.name)} ${way}: ${figures}`);
    });
  }

  #sayEvent(transfer: TransferView): void {
    this.#screen.event('progress', {
      transfer: transfer.id,
      direction: transfer.direction,
      name: transfer.name,
      peer: transfer.peer,
      peerName: transfer.peerName,
      bytes: transfer.doneBytes,
      total: transfer.bytes,
      bytesPerSecond: Math.round(transfer.bytesPerSecond),
      seconds: roundSeconds(transfer.seconds),
    });
  }

  #sayEvery(transfer: TransferView, everyMs: number, say: () => void): void {
    const saidAtMs = this.#saidAtMs.get(transfer.id);
    if (saidAtMs !== undefined && this.#now() - saidAtMs < everyMs) return;
    this.#saidAtMs.set(transfer.id, this.#now());
    say();
  }
}
