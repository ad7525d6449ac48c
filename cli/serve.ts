// `rockpool serve`: reads its options, runs the server and says where it is, with a link to a pool nobody is in yet.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { CONFIG_OPTION, OptionsError, readSettings, SERVE_OPTIONS, type ServeSettings } from '../signaling/options.ts';
import { helpReference } from '../signaling/options-reference.ts';
import type { Serving } from '../signaling/serving.ts';
import { freshPoolCode } from '../src/wire/fresh-names.ts';
import { poolLink } from '../src/wire/pool-code.ts';
import { codeOf, reasonOf } from './errors.ts';
import { EXIT, stopped, type Cli } from './io.ts';
import { COMMON, UsageError, usageWords } from './options.ts';
import { Screen } from './screen.ts';
import { tellFailure } from './session.ts';

const HELP = `rockpool serve [--port N] [--host H] [--config FILE] [--json] [OPTION...]

Serves the app and introduces devices to each other. Prints its address and a
link to a fresh pool. Messages and files never pass through it. Ctrl+C stops
it; open connections between devices live on. SIGTERM sends devices away first,
each with a time to come back.

  --json           one JSON object a line on stdout, words on stderr
  --config FILE    options in a JSON file, such as { "port": 9000 }

Every option below may also stand in the environment (--public-url as
ROCKPOOL_PUBLIC_URL) and in the file ("public-url"). Flags count before the
environment, and that before the file. Flags can be read by everybody on the
machine: secrets belong in the environment or the file.

${helpReference()}
Examples
  rockpool serve
  rockpool serve --host 0.0.0.0 --port 9000

Exit code: 0 stopped, 1 could not listen, 2 wrong usage.
`;

export function serveHelp(cli: Pick<Cli, 'stdout'>): number {
  cli.stdout.write(HELP);
  return EXIT.ok;
}

/** Resolves to the exit code once stopped. Rejects with a UsageError on options that cannot be followed. */
export async function serve(cli: Cli, args: readonly string[]): Promise<number> {
  const { flags, json, help } = readFlags(args);
  if (help) return serveHelp(cli);
  const screen = new Screen(cli, json);
  const settings = settingsOf(flags, cli.env);
  let serving: Serving;
  try {
    serving = await cli.serve(settings);
  } catch (error) {
    tellFailure(screen, whyNot(error, settings));
    return EXIT.failed;
  }
  tellOpen(screen, serving);
  await stopped(cli.stop);
  if (cli.stop.reason === 'SIGTERM') {
    screen.event('draining', { seconds: settings.drainSeconds });
    screen.note(`Sending everyone away over ${settings.drainSeconds} s, each with a time to come back.`);
    screen.note('Connections between devices live on. Another signal stops at once.');
    await serving.drain();
  } else {
    screen.note('Stopping. Connections between devices live on.');
    await serving.close();
  }
  screen.event('stopped');
  return EXIT.ok;
}

function tellOpen(screen: Screen, { url, port, metricsUrl, stunPort }: Serving): void {
  const pool = freshPoolCode((into) => crypto.getRandomValues(into));
  const link = poolLink(url, pool);
  screen.event('listening', { url, port, pool, link, metricsUrl, stunPort });
  screen.line(`Rockpool is open at ${screen.paint(url, 'strong')}`);
  screen.line(`A pool to start with: ${screen.paint(link, 'good')}`);
  if (metricsUrl !== undefined) screen.note(`Metrics: ${metricsUrl}`);
  if (stunPort !== undefined) screen.note(`STUN: UDP port ${stunPort}`);
  screen.note('Ctrl+C stops it.');
}

interface Flags {
  readonly flags: Readonly<Record<string, string | undefined>>;
  readonly json: boolean;
  readonly help: boolean;
}

function readFlags(args: readonly string[]): Flags {
  const names = [CONFIG_OPTION, ...SERVE_OPTIONS.map(({ name }) => name)];
  const options = { ...COMMON, ...Object.fromEntries(names.map((name) => [name, { type: 'string' } as const])) };
  try {
    const { json, help, ...given } = parseArgs({ args: [...args], options }).values;
    const flags = Object.fromEntries(Object.entries(given).map(([name, value]) => [name, String(value)]));
    const blank = Object.keys(flags).find((name) => flags[name]?.trim() === '');
    if (blank !== undefined) throw new UsageError(`--${blank} needs a value.`);
    return { flags, json: json === true, help: help === true };
  } catch (error) {
    throw new UsageError(usageWords(error));
  }
}

function settingsOf(flags: Flags['flags'], env: Cli['env']): ServeSettings {
  try {
    return readSettings({ flags, env, readFile: (path) => readFileSync(path, 'utf8') });
  } catch (error) {
    throw error instanceof OptionsError ? new UsageError(error.message) : error;
  }
}

function whyNot(error: unknown, { host, port }: ServeSettings): string {
  const { address = host, port: wanted = port } = placeOf(error);
  switch (codeOf(error)) {
    case 'EADDRINUSE':
      return `Port ${wanted} is taken. Stop what listens there, or choose another with ${flagOf(wanted, port)}.`;
    case 'EACCES':
      return `Port ${wanted} needs rights you do not have. Choose one above 1023 with ${flagOf(wanted, port)}.`;
    case 'EADDRNOTAVAIL':
    case 'EAFNOSUPPORT':
    case 'ENOTFOUND':
      return `${address} is not an address of this machine. Choose another with --host.`;
    case 'bus':
      return `${reasonOf(error)}.`;
    default:
      return `Could not serve on ${host}, port ${port}: ${reasonOf(error)}.`;
  }
}

/** What the system could not listen on, if it says so: the app's port, or one beside it. */
function placeOf(error: unknown): { readonly address?: string; readonly port?: number } {
  if (typeof error !== 'object' || error === null) return {};
  return {
    ...('address' in error && typeof error.address === 'string' && { address: error.address }),
    ...('port' in error && typeof error.port === 'number' && { port: error.port }),
  };
}

const flagOf = (wanted: number, port: number): string => (wanted === port ? '--port' : '--stun-port or --metrics-port');
