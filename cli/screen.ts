// Owns what is written: content to stdout, notes to stderr, JSON lines instead of content in json mode, and one live
// region (progress lines or a prompt) at the bottom of a terminal that steps aside whenever a line is printed.
import type { Cli, Output } from './io.ts';
import { safeJson } from './safe-text.ts';

/** Something that lives on the terminal's last lines. */
export interface Live {
  hide(): void;
  show(): void;
}

export type Tone = 'plain' | 'good' | 'bad' | 'quiet' | 'strong';

// Kelp for what went well, coral for what needs attention, as in the app.
const SGR: Readonly<Record<Tone, string>> = {
  plain: '',
  good: '\u001b[36m',
  bad: '\u001b[91m',
  quiet: '\u001b[2m',
  strong: '\u001b[1m',
};

export class Screen {
  readonly json: boolean;
  /** Whether progress and prompts may be drawn on stderr. */
  readonly drawable: boolean;
  readonly #stdout: Output;
  readonly #stderr: Output;
  readonly #env: Cli['env'];
  #live: Live | undefined;

  constructor(cli: Pick<Cli, 'stdout' | 'stderr' | 'env'>, json: boolean) {
    this.json = json;
    this.#stdout = cli.stdout;
    this.#stderr = cli.stderr;
    this.#env = cli.env;
    this.drawable = !json && cli.stderr.isTTY === true && cli.env['TERM'] !== 'dumb';
  }

  /** Shows `live` below everything printed from now on; undefined removes it. */
  set live(live: Live | undefined) {
    this.#live?.hide();
    this.#live = live;
    live?.show();
  }

  /** One JSON object on stdout; nothing unless in json mode. Fields that are undefined are left out. */
  event(event: string, fields: object = {}): void {
    if (this.json) this.#print(this.#stdout, safeJson({ event, ...fields }));
  }

  /** What the command is for: messages, verified files. On stdout; nothing in json mode. */
  line(text: string, tone: Tone = 'plain'): void {
    if (!this.json) this.#print(this.#stdout, this.#paint(this.#stdout, text, tone));
  }

  /** What goes on beside that: who comes, what waits, what went wrong. On stderr, in json mode too. */
  note(text: string, tone: Tone = 'quiet'): void {
    this.#print(this.#stderr, this.#paint(this.#stderr, text, tone));
  }

  /** A command that was not followed, and why. */
  refuse(message: string): void {
    this.event('refused', { message });
    this.note(message, 'bad');
  }

  /** Text inside a line: painted if `line` would be. */
  paint(text: string, tone: Tone): string {
    return this.#paint(this.#stdout, text, tone);
  }

  #print(output: Output, text: string): void {
    this.#live?.hide();
    output.write(`${text}\n`);
    this.#live?.show();
  }

  #paint(output: Output, text: string, tone: Tone): string {
    const colours = output.isTTY === true && !this.#env['NO_COLOR'] && this.#env['TERM'] !== 'dumb';
    return colours && tone !== 'plain' ? `${SGR[tone]}${text}\u001b[0m` : text;
  }
}
