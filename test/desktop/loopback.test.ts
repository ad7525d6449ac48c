// Who gets anything from the host's door: real requests over a real socket, as a page of ours, of another origin, and as another
// person's program make them.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { request, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { WebSocket } from 'ws';
import { openLoopback, type Loopback } from '../../desktop/loopback.ts';
import { Uploads } from '../../desktop/uploads.ts';
import { testFolder } from '../cli/folder.ts';

const folder = testFolder();

interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

let door: Loopback;
let pages: number;
let isReady: () => void;
/** What pages keep. */
const kept = { 'a "theme"': '<dark> & $&' };

beforeEach(async () => {
  const webRoot = join(folder.path, 'web');
  await folder.file('web/index.html', '<!doctype html>\n<html lang="en">\n<title>Rockpool</title></html>\n');
  await folder.file('web/assets/app.js', 'export const app = 1;\n');
  await folder.file('web/assets/app.js.br', 'compressed');
  await folder.file('secret.txt', 'not for anybody');
  await mkdir(join(folder.path, 'uploads'));
  pages = 0;
  const uploads = new Uploads(join(folder.path, 'uploads'));
  door = await openLoopback({
    webRoot,
    kept: () => kept,
    ready: new Promise<void>((resolve) => (isReady = resolve)),
    onSocket: (socket) => {
      pages += 1;
      socket.send('hello');
    },
    takeUpload: (taken, name) => uploads.take(taken, name),
  });
  isReady();
});

afterEach(() => door.close());

function ask(path: string, headers: OutgoingHttpHeaders = {}, method = 'GET', body = ''): Promise<Answered> {
  const { port } = new URL(door.origin);
  return new Promise((resolve, reject) => {
    const asking = request({ host: '127.0.0.1', port, path, method, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
    });
    asking.on('error', reject).end(body);
  });
}

const cookie = (): string => `${door.cookie().name}=${door.cookie().value}`;
const pathOf = (address: string): string => address.slice(door.origin.length);
const nothing = { body: '', headers: expect.not.objectContaining({ 'set-cookie': expect.anything() }) };

describe('the door', () => {
  test('lets in whoever has the address, once, and shows the app with what says that it is hosted', async () => {
    const { status, headers, body } = await ask(pathOf(door.entry()));
    expect(status).toBe(200);
    const [given = ''] = headers['set-cookie'] ?? [];
    expect(given).toBe(`${cookie()}; Path=/; HttpOnly; SameSite=Strict`);
    expect(given).toContain(new URL(door.origin).port);
    expect(body).toContain('location.replace');
    const app = await ask('/', { cookie: cookie() });
    const texts = '{&quot;a \\&quot;theme\\&quot;&quot;:&quot;<dark> &amp; $&amp;&quot;}';
    expect(app.body).toContain(`<html data-host data-kept="${texts}" lang="en">`);
    expect(app.headers['cache-control']).toBe('no-store');
    expect(app.headers['content-security-policy']).toContain("default-src 'none'");
    const script = await ask('/assets/app.js', { cookie: `other=1; ${cookie()}` });
    expect(script).toMatchObject({ status: 200, body: 'export const app = 1;\n' });
    expect(script.headers['content-type']).toContain('javascript');
  });

  test('takes each address once', async () => {
    const address = pathOf(door.entry());
    expect((await ask(address)).status).toBe(200);
    expect(await ask(address)).toMatchObject({ status: 403, ...nothing });
    expect(await ask('/enter?token=')).toMatchObject({ status: 403, ...nothing });
    expect(await ask('/enter')).toMatchObject({ status: 403, ...nothing });
  });

  test('knows sixteen addresses at a time', async () => {
    const addresses = Array.from({ length: 17 }, () => pathOf(door.entry()));
    expect((await ask(addresses[0] ?? '')).status).toBe(403);
    expect((await ask(addresses[1] ?? '')).status).toBe(200);
  });

  test.each(['/', '/assets/app.js', '/index.html', '/host', '/nothing'])(
    'gives nothing of %s to a program without the cookie',
    async (path) => {
      expect(await ask(path)).toMatchObject({ status: 403, ...nothing });
      const { name } = door.cookie();
      expect(await ask(path, { cookie: `${name}=` })).toMatchObject({ status: 403, ...nothing });
      expect(await ask(path, { cookie: `${name}=${'A'.repeat(43)}` })).toMatchObject({ status: 403, ...nothing });
    },
  );

  test.each(['localhost', 'evil.example', '127.0.0.1', '[::1]', ''])(
    'gives nothing to whoever calls it %s, cookie or not',
    async (name) => {
      const { port } = new URL(door.origin);
      const host = name === '127.0.0.1' ? name : `${name}:${port}`;
      expect(await ask('/', { cookie: cookie(), host })).toMatchObject({ status: 403, ...nothing });
      expect(await ask(pathOf(door.entry()), { host })).toMatchObject({ status: 403, ...nothing });
    },
  );

  test.each(['cross-site', 'same-site'])('gives nothing to what a %s page has begun', async (from) => {
    const headers = { cookie: cookie(), 'sec-fetch-site': from };
    expect(await ask('/', headers)).toMatchObject({ status: 403, ...nothing });
    // But a page of the disk is one as well, and leads to it.
    expect((await ask(pathOf(door.entry()), { 'sec-fetch-site': from })).status).toBe(200);
  });

  test.each(['/../secret.txt', '/assets/../../secret.txt', '/%2e%2e/secret.txt', '/assets/app.js.br', '//', '/assets'])(
    'has nothing at %s',
    async (path) => {
      expect((await ask(path, { cookie: cookie() })).body).not.toContain('anybody');
      expect([403, 404]).toContain((await ask(path, { cookie: cookie() })).status);
    },
  );
});

describe('uploads', () => {
  const put = (path: string, headers: OutgoingHttpHeaders): Promise<Answered> => ask(path, headers, 'PUT', 'content');

  test('of a page of ours are taken, under a name that is safe', async () => {
    const answered = await put('/upload/a%20b.txt', { cookie: cookie(), origin: door.origin });
    const { path } = JSON.parse(answered.body) as { path: string };
    expect(path.endsWith('a b.txt')).toBe(true);
    expect(await readFile(path, 'utf8')).toBe('content');
    const climbing = await put('/upload/..%2F..%2Fsecret.txt', { cookie: cookie(), origin: door.origin });
    const { path: inside } = JSON.parse(climbing.body) as { path: string };
    expect(inside.startsWith(join(folder.path, 'uploads'))).toBe(true);
    expect(await readFile(join(folder.path, 'secret.txt'), 'utf8')).toBe('not for anybody');
  });

  test('of anybody else are not', async () => {
    const origins = [
      undefined,
      'null',
      'http://evil.example',
      'http://127.0.0.1:1',
      door.origin.replace('http', 'https'),
    ];
    for (const origin of origins) {
      const headers = { cookie: cookie(), ...(origin !== undefined && { origin }) };
      expect(await put('/upload/a.txt', headers)).toMatchObject({ status: 403, ...nothing });
    }
    expect(await put('/upload/a.txt', { origin: door.origin })).toMatchObject({ status: 403, ...nothing });
    expect((await put('/upload/%ff', { cookie: cookie(), origin: door.origin })).status).toBe(400);
  });
});

describe('the websocket', () => {
  const connect = (headers: Record<string, string>, path = '/host'): WebSocket =>
    new WebSocket(`${door.origin.replace('http', 'ws')}${path}`, { headers });
  const refused = async (socket: WebSocket): Promise<string> => {
    const [error] = (await once(socket, 'error')) as [Error];
    return error.message;
  };

  test('opens for a page of ours', async () => {
    const socket = connect({ cookie: cookie(), origin: door.origin });
    const [said] = (await once(socket, 'message')) as [Buffer];
    expect(String(said)).toBe('hello');
    socket.terminate();
  });

  test.each([
    ['another origin', { origin: 'http://evil.example' }],
    ['another port', { origin: 'http://127.0.0.1:1' }],
    ['no origin', { origin: undefined }],
    ['no cookie', { cookie: undefined }],
    ['another name', { host: 'localhost:1' }],
    ['a page of another site', { 'sec-fetch-site': 'cross-site' }],
  ])('does not for %s', async (_what, wrong) => {
    const headers = { cookie: cookie(), origin: door.origin, ...wrong };
    const given = Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== undefined);
    expect(await refused(connect(Object.fromEntries(given)))).toContain('403');
    expect(pages).toBe(0);
  });

  test('is nowhere else', async () => {
    expect(await refused(connect({ cookie: cookie(), origin: door.origin }, '/'))).toContain('403');
  });
});

test('a folder without an app is refused', async () => {
  await writeFile(join(folder.path, 'web', 'index.html'), '<p>no app');
  const options = {
    webRoot: join(folder.path, 'web'),
    ready: Promise.resolve(),
    onSocket: () => undefined,
    kept: () => kept,
  };
  const takeUpload = (): Promise<never> => Promise.reject(new Error('none'));
  await expect(openLoopback({ ...options, takeUpload })).rejects.toThrow('webRoot');
});
