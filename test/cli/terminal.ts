// A real `rockpool` in a process of its own, in json mode: what it says, what it is told, how it ends.
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** Made by `npm run build`, which the test command runs first. */
export const ROCKPOOL: string = fileURLToPath(new URL('../../dist/node/rockpool.js', import.meta.url));
/** Where terminals of this process keep history and stored offers. */
const STATE = mkdtempSync(join(tmpdir(), 'rockpool-state-'));
process.once('exit', () => rmSync(STATE, { recursive: true, force: true }));
const PATIENCE_MS = 20_000;

export type TerminalEvent = Readonly<Record<string, unknown>> & { readonly event: string };

export class Terminal {
  readonly events: TerminalEvent[] = [];
  stderr = '';
  /** Exit code, or 128 + signal as shells count. */
  readonly exit: Promise<number>;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #words: string;
  #checks: (() => void)[] = [];
  #ended = false;

  /** Starts `rockpool ...argv --json`. */
  constructor(...argv: readonly string[]) {
    this.#words = argv.slice(0, 2).join(' ');
    // Whoever runs the tests has a history of their own.
    const env = { ...process.env, XDG_STATE_HOME: STATE };
    this.#child = spawn(process.execPath, [ROCKPOOL, ...argv, '--json'], { stdio: 'pipe', env });
    this.#child.stdin.on('error', () => undefined); // It may end before it has read everything.
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      this.events.push(JSON.parse(line) as TerminalEvent);
      this.#check();
    });
    this.exit = new Promise((resolve) => {
      this.#child.on('close', (code) => {
        this.#ended = true;
        this.#check();
        resolve(code ?? 128);
      });
    });
  }

  /** The first event called `name` that fits, be it there already or still to come. Rejects if it ends without. */
  async event(name: string, fits: (event: TerminalEvent) => boolean = () => true): Promise<TerminalEvent> {
    const find = (): TerminalEvent | undefined => this.events.find((each) => each.event === name && fits(each));
    await new Promise<void>((resolve, reject) => {
      const fail = (why: string): void => reject(new Error(`${this.#words}: no ${name} ${why}\n${this.#story()}`));
      const limit = setTimeout(() => fail(`within ${PATIENCE_MS} ms`), PATIENCE_MS);
      const check = (): void => {
        if (find() === undefined && !this.#ended) return;
        clearTimeout(limit);
        this.#checks = this.#checks.filter((each) => each !== check);
        if (find() === undefined) fail('before its end');
        else resolve();
      };
      this.#checks.push(check);
      check();
    });
    return find() as TerminalEvent;
  }

  all(name: string): TerminalEvent[] {
    return this.events.filter((each) => each.event === name);
  }

  say(line: string): void {
    this.#child.stdin.write(`${line}\n`);
  }

  endInput(): void {
    this.#child.stdin.end();
  }

  stop(signal: 'SIGINT' | 'SIGTERM' | 'SIGKILL'): void {
    this.#child.kill(signal);
  }

  #check(): void {
    for (const check of this.#checks) check();
  }

  #story(): string {
    const events = this.events.slice(-10).map((each) => JSON.stringify(each));
    return [...events, this.stderr].join('\n');
  }
}

export async function sha256Of(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}
