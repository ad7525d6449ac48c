// Progress of every transfer that has not ended, and of every second look at one. On a terminal: lines redrawn in place on stderr.
// Elsewhere: a plain line now and then. In json mode: `progress` and `checking` events.
import type { TransferView } from '../src/pool/views.ts';
import type { Output } from './io.ts';
import type { Live, Screen } from './screen.ts';
import { moving, nameColumnsIn, paceParts, percentOf, progressLine, wayWords } from './format.ts';
import { columnsOf, safeLine } from './safe-text.ts';
import { checkingFields, progressFields } from './transfers.ts';

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
  readonly #numberOf: (transfer: TransferView) => number | undefined;
  /** What moves; the pool bounds how many transfers there are. */
  readonly #running = new Map<string, TransferView>();
  readonly #saidAtMs = new Map<string, number>();
  #prompt: Live | undefined;
  #drawnLines = 0;
  #drawnAtMs = -DRAW_EVERY_MS;

  /** `now` in ms, monotonic. `numberOf`: what people call a transfer, where they give commands. */
  constructor(
    screen: Screen,
    output: Output,
    {
      now = () => performance.now(),
      numberOf = () => undefined,
    }: {
      readonly now?: () => number;
      readonly numberOf?: ((transfer: TransferView) => number | undefined) | undefined;
    } = {},
  ) {
    this.#screen = screen;
    this.#output = output;
    this.#now = now;
    this.#numberOf = numberOf;
    if (screen.drawable) screen.live = this;
  }

  /** A prompt below the progress lines. Only on a terminal that can be drawn on. */
  set prompt(prompt: Live | undefined) {
    this.#prompt?.hide();
    this.#prompt = prompt;
    prompt?.show();
  }

  /** `text` was typed at the prompt, and Enter: it goes above the progress lines; or, if it is not to stay, away. */
  typed(text: string, stays: boolean): void {
    if (stays && this.#drawnLines === 0) return;
    const columns = this.#output.columns ?? COLUMNS_DEFAULT;
    const typedLines = Math.floor(columnsOf(text) / columns) + 1;
    this.#output.write(`\r\u001b[${typedLines + this.#drawnLines}A\u001b[J${stays ? `${text}\n` : ''}`);
    this.#drawnLines = 0;
    this.#drawLines();
  }

  /** Takes what changed of a transfer. */
  update(transfer: TransferView): void {
    const now = moving(transfer);
    if (now === undefined) {
      this.#saidAtMs.delete(transfer.id);
      if (this.#running.delete(transfer.id) && this.#screen.drawable) this.#draw();
      return;
    }
    const before = this.#running.get(transfer.id);
    this.#running.set(transfer.id, now);
    const isNews = before?.state !== now.state;
    if (this.#screen.json) this.#sayEvent(now, isNews);
    else if (!this.#screen.drawable) this.#sayPlainly(now, before, isNews);
    else if (isNews || this.#now() - this.#drawnAtMs >= DRAW_EVERY_MS) this.#draw();
  }

  close(): void {
    this.#running.clear();
    this.prompt = undefined;
    if (this.#screen.drawable) this.#screen.live = undefined;
  }

  hide(): void {
    this.#prompt?.hide();
    this.#output.write(this.#erasing());
    this.#drawnLines = 0;
  }

  show(): void {
    this.#drawLines();
    this.#prompt?.show();
  }

  #draw(): void {
    this.#prompt?.hide();
    this.#drawLines();
    this.#prompt?.show();
  }

  // One write: erase line by line while overwriting, so nothing blinks.
  #drawLines(): void {
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
    const labels = shown.map((transfer) => this.#label(transfer));
    const room = Math.max(1, columns - Math.max(0, ...labels.map((label) => label.length)));
    const nameColumns = Math.max(0, ...shown.map((transfer) => nameColumnsIn(transfer.name, room)));
    const lines = shown.map((transfer, at) => `${labels[at] ?? ''}${progressLine(transfer, room, nameColumns)}`);
    if (all.length > linesMax) lines.push(`and ${all.length - linesMax} more`.slice(0, columns));
    return lines;
  }

  #label(transfer: TransferView): string {
    const number = this.#numberOf(transfer);
    return number === undefined ? '' : `${String(number).padStart(2)}  `;
  }

  #sayPlainly(transfer: TransferView, before: TransferView | undefined, isNews: boolean): void {
    // The start is said by the offer; the first plain line may wait.
    if (before === undefined) this.#saidAtMs.set(transfer.id, this.#now());
    // What does not move is said once.
    else if (transfer.state === 'running' || isNews) {
      const atOnce = isNews && before.state !== 'queued';
      this.#sayEvery(transfer, atOnce ? 0 : PLAIN_EVERY_MS, () => {
        const figures = [`${percentOf(transfer.doneBytes, transfer.bytes)}%`, ...paceParts(transfer)].join(', ');
        this.#screen.note(`${this.#label(transfer)}${safeLine(transfer.name)} ${wayWords(transfer)}: ${figures}`);
      });
    }
  }

  #sayEvent(transfer: TransferView, isNews: boolean): void {
    const everyMs = transfer.state === 'running' ? EVENT_EVERY_MS : PLAIN_EVERY_MS;
    this.#sayEvery(transfer, isNews ? 0 : everyMs, () => {
      const [event, fields] =
        transfer.recheck === undefined
          ? ['progress', progressFields(transfer)]
          : ['checking', checkingFields(transfer)];
      this.#screen.event(event, { number: this.#numberOf(transfer), ...fields });
    });
  }

  #sayEvery(transfer: TransferView, everyMs: number, say: () => void): void {
    const saidAtMs = this.#saidAtMs.get(transfer.id);
    if (saidAtMs !== undefined && this.#now() - saidAtMs < everyMs) return;
    this.#saidAtMs.set(transfer.id, this.#now());
    say();
  }
}
