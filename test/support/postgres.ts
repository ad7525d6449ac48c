// A real PostgreSQL for a test file: Debian's binaries (or those on the PATH) on a cluster of its own in a temporary directory,
// reached over a socket there. It refuses to run as root, so as root it runs as `postgres` or `nobody`.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

export interface Postgres {
  /** Of a database that is made empty. */
  create(name: string): Promise<string>;
  /** kill -9 of the server, and its start on what it left. Resolves when it answers again. */
  crash(): Promise<void>;
  stop(): Promise<void>;
}

/** Where `initdb` and `postgres` are; undefined if the machine has none. */
export function findPostgres(): string | undefined {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [
    ...versions.map((version) => join(debian, version, 'bin')),
    ...(process.env['PATH'] ?? '').split(delimiter),
  ];
  return folders.find((folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')));
}

/** `bin`: what `findPostgres` found. */
export async function startPostgres(bin: string): Promise<Postgres> {
  const directory = await mkdtemp(join(tmpdir(), 'rockpool-pg-'));
  const user = process.getuid?.() === 0 ? unprivileged() : undefined;
  if (user !== undefined) chownSync(directory, user.uid, user.gid);
  const data = join(directory, 'data');
  const as = { ...user, cwd: directory };
  const cluster = ['-D', data, '-U', 'rockpool', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'];
  execFileSync(join(bin, 'initdb'), cluster, { ...as, stdio: ['ignore', 'ignore', 'inherit'] });

  // Small, so that it starts quickly; nothing is set that bears on what is on disk when.
  const settings = ['listen_addresses=', 'shared_buffers=8MB', 'max_connections=40', 'jit=off', 'autovacuum=off'];
  const options = ['-D', data, '-k', directory, ...settings.flatMap((setting) => ['-c', setting])];
  const start = (): ChildProcess => spawn(join(bin, 'postgres'), options, { ...as, stdio: 'ignore' });
  const urlOf = (name: string): string => `postgresql://rockpool@${encodeURIComponent(directory)}/${name}`;
  let server = start();
  const hasEnded = (): boolean => server.exitCode !== null || server.signalCode !== null;

  /** The server's backends of before leave by themselves once they see it gone; until then a new one refuses to start. */
  const answering = async (): Promise<void> => {
    for (let attempt = 0; attempt < 600; attempt += 1) {
      if (hasEnded()) server = start();
      if (await answers(urlOf('postgres'))) return;
      await sleep(50);
    }
    throw new Error('PostgreSQL does not start');
  };
  const end = async (signal: 'SIGKILL' | 'SIGQUIT'): Promise<void> => {
    if (hasEnded()) return;
    const exited = once(server, 'exit');
    server.kill(signal);
    await exited;
  };

  await answering();
  return {
    create: async (name) => {
      await query(urlOf('postgres'), `create database ${name}`);
      return urlOf(name);
    },
    crash: async () => {
      await end('SIGKILL');
      server = start();
      await answering();
    },
    stop: async () => {
      await end('SIGQUIT');
      await rm(directory, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

async function answers(url: string): Promise<boolean> {
  try {
    await query(url, 'select 1');
    return true;
  } catch {
    return false;
  }
}

async function query(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  // One that is cut off while it closes says so.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query(sql);
  } finally {
    await client.end();
  }
}

function unprivileged(): { readonly uid: number; readonly gid: number } {
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  for (const wanted of ['postgres', 'nobody']) {
    const [, , uid, gid] = users.find(([name]) => name === wanted) ?? [];
    if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  }
  throw new Error('PostgreSQL does not run as root, and there is no user `postgres` or `nobody`');
}
