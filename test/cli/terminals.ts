// What a file of tests with real terminals begins with: one server for all of them, and for each test a pool and a folder.
// Whatever a test started is killed when it is over.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from '@jest/globals';
import { testFolder } from './folder.ts';
import { Terminal } from './terminal.ts';

export const MIB: number = 1024 * 1024;

export interface Terminals {
  /** Runs `rockpool serve` as long as the file's tests run. */
  readonly server: Terminal;
  readonly url: string;
  /** Another one in each test. */
  readonly pool: string;
  /** `rockpool ...argv`. */
  start(...argv: readonly string[]): Terminal;
  /** `rockpool command` in the test's pool at the server, unless `rest` names another. */
  rockpool(command: string, ...rest: readonly string[]): Terminal;
  /** Writes a file of random bytes into `out` in the test's folder, and gives its whole path. */
  fileOf(name: string, bytes: number): Promise<string>;
  /** The whole path of something in the test's folder. */
  at(...names: readonly string[]): string;
}

/** To be called where a test file begins. `limitMs`: for the server to start, and to end. */
export function testTerminals(limitMs: number): Terminals {
  const started: Terminal[] = [];
  let pools = 0;
  let serving: { readonly terminal: Terminal; readonly url: string } | undefined;
  const served = (): NonNullable<typeof serving> => {
    if (serving === undefined) throw new Error('there is a server only while tests run');
    return serving;
  };
  const start = (...argv: readonly string[]): Terminal => {
    const terminal = new Terminal(...argv);
    started.push(terminal);
    return terminal;
  };

  beforeAll(async () => {
    const terminal = new Terminal('serve', '--port', '0');
    serving = { terminal, url: String((await terminal.event('listening'))['url']) };
  }, limitMs);

  afterAll(async () => {
    const { terminal } = served();
    terminal.stop('SIGTERM');
    expect(await terminal.exit).toBe(0);
  }, limitMs);

  beforeEach(() => void (pools += 1));

  afterEach(async () => {
    const ended = started.splice(0);
    for (const terminal of ended) terminal.stop('SIGKILL');
    await Promise.all(ended.map((terminal) => terminal.exit));
  });
  // Hooks run in this order: the folder goes when nobody writes into it any more.
  const folder = testFolder();

  const pool = (): string => `test-pool-${pools}`;
  return {
    get server() {
      return served().terminal;
    },
    get url() {
      return served().url;
    },
    get pool() {
      return pool();
    },
    start,
    rockpool: (command, ...rest) => start(command, '--pool', pool(), '--server', served().url, ...rest),
    fileOf: (name, bytes) => folder.file(join('out', name), randomBytes(bytes)),
    at: (...names) => join(folder.path, ...names),
  };
}
