#!/usr/bin/env node
// The entry of `rockpool`: gives the commands the real terminal, network and signals, and ends with their exit code.
import { homedir, hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { FileFacts } from '../src/io/store.ts';
import { EXIT, type Cli, type OpenPoolOptions, type StopSignal } from './io.ts';
import { reasonOf } from './errors.ts';
import { run } from './run.ts';

/** The app, built beside this. */
const webRoot = fileURLToPath(new URL('../web', import.meta.url));

const stop = new AbortController();
/** Set once node-datachannel is loaded: its threads must end before the process does. */
let shutdownTransports: (() => void) | undefined;
/** Set once a server runs with files that may be read again. */
let reloadServer: (() => Promise<void>) | undefined;
/** Set once this process is at a device's keys: the next one may have them. */
let releaseKeys: (() => Promise<void>) | undefined;

const cli: Cli = {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  hostname: hostname(),
  home: homedir(),
  stop: stop.signal,
  openLog: async (path, onError) => (await import('../src/io/log-writer.ts')).openLog(path, onError),
  openPool,
  desktop: async (options) => {
    const { startDesktop } = await import('../desktop/start.ts');
    return startDesktop({ ...options, env: process.env, home: homedir(), webRoot, stop: stop.signal });
  },
  serve: async (settings) => {
    const { startServing } = await import('../signaling/serving.ts');
    const serving = await startServing(settings, { webRoot, logTo: process.stderr });
    reloadServer = serving.reload;
    return serving;
  },
};

// Loaded only by the commands that need them, so that `help` is instant and needs no native code.
async function openPool(options: OpenPoolOptions): ReturnType<Cli['openPool']> {
  const { server, name, relayOnly, data, into, shown, onLeftOut, onAccountLost, onRefused } = options;
  const [{ PoolClient }, links, { FileStore }, { SqliteTalkStore }, deviceKeys, { ServerAccounts }, { openSocket }] =
    await Promise.all([
      import('../src/client.ts'),
      import('../src/io/link-node.ts'),
      import('../src/io/store-files.ts'),
      import('../src/io/talk-sqlite.ts'),
      import('../src/io/device-keys-files.ts'),
      import('../src/io/server-accounts.ts'),
      import('../src/io/socket-node.ts'),
    ]);
  const { keys, slot, account, keepAccount, release } = await deviceKeys.holdDeviceKeys(data);
  releaseKeys = release;
  const talk = await SqliteTalkStore.open(deviceKeys.talkFolder(data, slot));
  shutdownTransports = links.shutdownTransports;
  /** The client names what it offers by keys of its own; only here both key and path are known. */
  class TellingStore extends FileStore {
    override async add(key: string, source: string, chunkBytes: number): Promise<FileFacts> {
      const facts = await super.add(key, source, chunkBytes);
      const count = this.leftOut(key);
      if (count > 0) onLeftOut(source, count);
      return facts;
    }
  }
  const accounts = new ServerAccounts({ server, data });
  const ticket = (pool: string): Promise<string> =>
    accounts.ticket(pool, { keys, name, type: 'terminal' }, shown).catch((error: unknown) => {
      if (accounts.refused !== undefined) onRefused(accounts.refused);
      throw error;
    });
  return new PoolClient<string>({
    server,
    name,
    device: 'terminal',
    relayOnly,
    keys,
    ticket,
    account,
    onAccount: (next) => void keepAccount(next).catch(onAccountLost),
    platform: {
      talk,
      transport: links.nodeTransport,
      store: new TellingStore(into === undefined ? {} : { into }),
      webSocket: openSocket,
    },
  });
}

function onSignal(signal: StopSignal): void {
  // A second Ctrl+C means now.
  if (stop.signal.aborted) process.exit(EXIT[signal]);
  stop.abort(signal);
}
process.on('SIGINT', () => onSignal('SIGINT'));
process.on('SIGTERM', () => onSignal('SIGTERM'));
// For a service it means to read its files again; for everything else, that the terminal is gone.
process.on('SIGHUP', () => (reloadServer === undefined ? onSignal('SIGTERM') : void reloadServer()));
// Whoever read our output has gone (`rockpool join | head`): nothing is left to do, but leaving is still polite.
process.stdout.on('error', () => stop.abort('SIGTERM'));
process.stderr.on('error', () => undefined);

let code: number;
try {
  code = await run(process.argv.slice(2), cli);
} catch (error) {
  process.stderr.write(`rockpool: something went wrong inside: ${reasonOf(error)}\n`);
  if (process.env['ROCKPOOL_DEBUG'] && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  code = EXIT.failed;
}
// Left behind, it would be found out: its process is gone.
await releaseKeys?.().catch(() => undefined);
try {
  shutdownTransports?.();
} catch (error) {
  // What was asked for is done by now; the process ends below in any case.
  process.stderr.write(`rockpool: the network did not stop in time: ${reasonOf(error)}\n`);
}
process.exitCode = code;
process.stdin.destroy();
// Whatever else still holds the event loop does not hold the person.
setTimeout(() => process.exit(code), 200).unref();
