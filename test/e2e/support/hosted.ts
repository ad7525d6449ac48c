// A real `rockpool desktop` without a window of its own: a test opens its page in the browser that it has, as anybody may who is told
// the address. The real window is test/desktop's.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ROCKPOOL } from '../../cli/terminal.ts';

/** How long it may take to say an address, milliseconds. */
const PATIENCE_MS = 20_000;

export class Hosted {
  /** The person's own folder. */
  readonly home: string;
  /** Where received files go. */
  readonly into: string;
  readonly #data: string;
  readonly #entry: string;
  readonly #host: ChildProcess;

  private constructor(folder: string, host: ChildProcess, entry: string) {
    this.home = join(folder, 'home');
    this.into = join(folder, 'in');
    this.#data = join(folder, 'data');
    this.#host = host;
    this.#entry = entry;
  }

  /** With everything that is its own in `folder`; `words`: more of its command line. */
  static async start(folder: string, ...words: readonly string[]): Promise<Hosted> {
    await mkdir(join(folder, 'home', 'Documents'), { recursive: true });
    await mkdir(join(folder, 'data'), { mode: 0o700 });
    const { host, entry } = await open(folder, '--into', join(folder, 'in'), '--name', 'Mara', ...words);
    return new Hosted(folder, host, entry);
  }

  /** Lets one page in, once; `again`: another one. */
  async entry(again: boolean = false): Promise<string> {
    if (!again) return this.#entry;
    const { entry } = await open(join(this.#data, '..'));
    return entry;
  }

  async stop(): Promise<void> {
    if (this.#host.exitCode !== null) return;
    const ended = new Promise((resolve) => this.#host.once('exit', resolve));
    this.#host.kill('SIGTERM');
    await ended;
  }
}

/** Starts it, or asks the one that runs there already. */
async function open(
  folder: string,
  ...words: readonly string[]
): Promise<{ readonly host: ChildProcess; readonly entry: string }> {
  const env = { ...process.env, HOME: join(folder, 'home'), XDG_CONFIG_HOME: join(folder, 'config') };
  const all = [ROCKPOOL, 'desktop', '--window', 'none', '--data', join(folder, 'data'), ...words];
  const host = spawn(process.execPath, all, { stdio: ['ignore', 'ignore', 'pipe'], env });
  let said = '';
  const entry = new Promise<string>((resolve, reject) => {
    const limit = setTimeout(() => reject(new Error(`rockpool desktop: no address\n${said}`)), PATIENCE_MS);
    host.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      const [, address] = /^Open (\S+)$/mu.exec(said) ?? [];
      if (address === undefined) return;
      clearTimeout(limit);
      resolve(address);
    });
  });
  return { host, entry: await entry };
}
