// TLS of the server's own: pages and websockets over it, and a certificate that changes while it runs.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { connect } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import type { RunningServer } from '../../signaling/server.ts';
import { TlsFilesError, TlsKeeper } from '../../signaling/tls.ts';
import { startServer } from './load-server.ts';
import { idOf, RawClient } from './raw-client.ts';
import { FIRST_PAIR, SECOND_PAIR, type TestPair } from './tls-pairs.ts';

let folder: string;
let files: { certificate: string; key: string };
const open: { close(): Promise<void> | void }[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rockpool-tls-'));
  files = { certificate: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
});
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});
afterAll(() => rm(folder, { recursive: true }));

async function write({ cert, key }: Partial<TestPair>): Promise<void> {
  if (cert !== undefined) await writeFile(files.certificate, cert);
  if (key !== undefined) await writeFile(files.key, key);
}

async function start(): Promise<RunningServer> {
  await write(FIRST_PAIR);
  const server = await startServer({ tls: files, closeMs: 200 });
  open.push(server);
  return server;
}

/** Whose certificate a new connection is shown. */
async function shown({ port }: RunningServer): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const { CN } = socket.getPeerCertificate().subject;
  socket.destroy();
  return String(CN);
}

describe('the server', () => {
  test('speaks https and wss', async () => {
    const server = await start();
    expect(server.url).toBe(`https://127.0.0.1:${server.port}`);
    const client = await RawClient.open(server.url, { ca: FIRST_PAIR.cert });
    client.join('a', 'blue');
    expect((await client.next('welcome')).self).toBe(idOf('a'));
    client.socket.terminate();
  });

  test('shows a renewed certificate to whoever comes then, and keeps who is there', async () => {
    const server = await start();
    const client = await RawClient.open(server.url, { ca: FIRST_PAIR.cert });
    expect(await shown(server)).toBe('rockpool test a');
    await write(SECOND_PAIR);
    await server.reloadTls();
    expect(await shown(server)).toBe('rockpool test b');
    client.join('a', 'blue');
    await client.next('welcome');
    client.socket.terminate();
  });

  test('goes on with what it has while the files do not fit', async () => {
    const server = await start();
    await write({ cert: SECOND_PAIR.cert });
    await server.reloadTls();
    expect(await shown(server)).toBe('rockpool test a');
    await write({ key: SECOND_PAIR.key });
    await server.reloadTls();
    expect(await shown(server)).toBe('rockpool test b');
  });

  test.each([
    ['no PEM', { cert: 'x', key: 'y' }],
    ['a key of another certificate', { cert: FIRST_PAIR.cert, key: SECOND_PAIR.key }],
  ])('does not start with %s, and names the files', async (_, pair) => {
    await write(pair);
    const error: unknown = await startServer({ tls: files }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TlsFilesError);
    expect(String(error)).toContain(files.certificate);
  });
});

test('a change of the files is seen without a word', async () => {
  await write(FIRST_PAIR);
  const keeper = await TlsKeeper.open({ files, logger: pino({ level: 'silent' }), watchMs: 20 });
  open.push(keeper);
  const renewed = new Promise<string>((resolve) => (keeper.onRenewed = ({ cert }) => resolve(cert.toString())));
  await write(SECOND_PAIR);
  expect(await renewed).toBe(SECOND_PAIR.cert);
});
