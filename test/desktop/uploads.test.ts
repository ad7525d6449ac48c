// What a window uploads, over real HTTP: where it comes to lie, what is left of one that was cut short, and the sweep.
import { once } from 'node:events';
import { createServer, request as httpRequest, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { mkdtemp, readdir, readFile, rm, stat, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Uploads } from '../../desktop/uploads.ts';

let home: string;
let folder: string;
let uploads: Uploads;
let server: Server;
let port: number;
/** How the last upload was taken. */
let outcome: Promise<{ readonly path: string }>;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'rockpool-uploads-'));
  folder = join(home, 'uploads');
  uploads = new Uploads(folder);
  server = createServer((request, response) => {
    outcome = uploads.take(request, decodeURIComponent((request.url ?? '').slice(1)));
    outcome.then(
      ({ path }) => response.end(path),
      () => response.destroy(),
    );
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  ({ port } = server.address() as AddressInfo); // A listening TCP server's address is always an AddressInfo.
});

afterEach(async () => {
  server.close();
  server.closeAllConnections();
  await rm(home, { recursive: true });
});

async function upload(name: string, body: string): Promise<string> {
  const url = `http://127.0.0.1:${port}/${encodeURIComponent(name)}`;
  return (await fetch(url, { method: 'PUT', body })).text();
}

const weeksAgo = async (path: string, weeks: number): Promise<void> => {
  const seconds = Date.now() / 1000 - weeks * 7 * 24 * 60 * 60;
  await utimes(dirname(path), seconds, seconds);
};

describe('an upload', () => {
  test('lies under its name, each in a folder of its own, and is nobody else’s to read', async () => {
    const [one, two] = [await upload('fish.txt', 'one'), await upload('fish.txt', 'two')];
    expect([basename(one), basename(two)]).toEqual(['fish.txt', 'fish.txt']);
    expect([await readFile(one, 'utf8'), await readFile(two, 'utf8')]).toEqual(['one', 'two']);
    expect((await stat(one)).mode & 0o077).toBe(0);
    expect((await stat(dirname(one))).mode & 0o077).toBe(0);
    expect(await readFile(await upload('empty', ''), 'utf8')).toBe('');
  });

  test.each(['../../fish', '/etc/passwd', 'C:\\x', 'CON', 'a\0b', '..', `${'é'.repeat(200)}.txt`])(
    'called %j stays below the folder',
    async (name) => {
      const path = await upload(name, 'x');
      expect(dirname(dirname(path))).toBe(folder);
      expect(await readdir(dirname(path))).toEqual([basename(path)]);
      expect(Buffer.byteLength(basename(path))).toBeLessThanOrEqual(255);
    },
  );

  test('that is cut short leaves nothing', async () => {
    const taken = once(server, 'request');
    const socket = connect(port, '127.0.0.1');
    socket.write('PUT /fish HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nsome of it');
    await taken;
    while ((await readdir(folder).catch(() => [])).length === 0) await new Promise(setImmediate);
    socket.destroy();
    await expect(outcome).rejects.toMatchObject({ name: 'HostError', code: 'store-failed' });
    expect(await readdir(folder)).toEqual([]);
  });

  test('reaches the disk before the whole of it has come', async () => {
    const taken = once(server, 'request');
    const request = httpRequest({ port, method: 'PUT', path: '/fish' });
    request.write('first');
    await taken;
    const written = async (): Promise<string> => {
      const [own] = await readdir(folder).catch(() => []);
      return own === undefined ? '' : readFile(join(folder, own, 'fish'), 'utf8').catch(() => '');
    };
    while ((await written()) !== 'first') await new Promise((resolve) => setTimeout(resolve, 5));
    request.end(' and last');
    expect(await readFile((await outcome).path, 'utf8')).toBe('first and last');
    request.destroy();
  });
});

describe('the sweep', () => {
  test('removes what is old and not kept', async () => {
    const [fresh, kept, old] = [await upload('fresh', ''), await upload('kept', ''), await upload('old', '')];
    await weeksAgo(kept, 2);
    await weeksAgo(old, 2);
    await uploads.sweep(new Set([kept]));
    expect((await readdir(folder)).toSorted()).toEqual([fresh, kept].map((path) => basename(dirname(path))).toSorted());
  });

  test('has nothing to do where nothing was uploaded', async () => {
    await uploads.sweep(new Set());
    expect(await readdir(home)).toEqual([]);
  });
});
