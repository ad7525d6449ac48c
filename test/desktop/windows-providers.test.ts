// What the providers of windows do apart from a browser: the pipe's limits, the file that hides an address, and which is tried when.
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { openBrowser } from '../../desktop/windows/browser.ts';
import { CdpPipe, type CdpEvent } from '../../desktop/windows/cdp-pipe.ts';
import { findChromiums } from '../../desktop/windows/find-chromium.mjs';
import { openWindow } from '../../desktop/windows/open.ts';
import type { WindowOptions } from '../../desktop/window.ts';

const refusal = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'resolved',
    (error: unknown) => String(error),
  );

const next = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('the pipe to a browser', () => {
  let input: PassThrough;
  let output: PassThrough;
  let pipe: CdpPipe;
  const call = (method: string): Promise<unknown> => pipe.call(method, {}, z.unknown());

  beforeEach(() => {
    input = new PassThrough();
    output = new PassThrough();
    pipe = new CdpPipe(input, output);
  });

  afterEach(() => pipe.end());

  test('gives each its own answer, in whatever pieces and order they come', async () => {
    const events: CdpEvent[] = [];
    pipe.listen((event) => events.push(event));
    const first = call('A.a');
    const second = pipe.call('B.b', { c: 'ö' }, z.object({ d: z.string() }), 'session');
    expect(String(input.read())).toBe(
      '{"id":1,"method":"A.a","params":{}}\0{"id":2,"method":"B.b","params":{"c":"ö"},"sessionId":"session"}\0',
    );
    const bytes = Buffer.from(
      '{"id":2,"result":{"d":"é"}}\0{"method":"E.e","params":1}\0{"id":1,"result":3}\0{"id":9}\0',
    );
    for (const byte of bytes) output.write(Buffer.from([byte]));
    expect(await second).toEqual({ d: 'é' });
    expect(await first).toBe(3);
    expect(events).toEqual([{ method: 'E.e', params: 1, session: undefined }]);
  });

  test('rejects what the browser refuses, and what is not as expected', async () => {
    const refused = refusal(call('A.a'));
    const strange = refusal(pipe.call('B.b', {}, z.object({ d: z.string() })));
    output.write('{"id":1,"error":{"message":"no such thing"}}\0{"id":2,"result":{}}\0');
    expect(await refused).toBe('Error: A.a: no such thing');
    expect(await strange).toContain('expected string');
  });

  test.each([
    ['the browser ends', () => output.end()],
    ['something else is said', () => output.write('hello\0')],
    ['a message has no end', () => output.write(Buffer.alloc(17 * 1024 * 1024, 'x'))],
    ['it is ended', () => pipe.end()],
  ])('leaves nobody waiting once %s', async (_, end) => {
    const waiting = refusal(call('A.a'));
    end();
    expect(await waiting).toBe('Error: A.a: the browser has ended');
    await expect(call('B.b')).rejects.toThrow('the browser has ended');
    await next();
    expect([input.destroyed, output.destroyed]).toEqual([true, true]);
  });
});

describe('the default browser', () => {
  let folder: string;
  let told: string[];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rockpool-browser-'));
    told = [];
  });

  afterEach(() => rm(folder, { recursive: true, force: true }));

  const options = (): WindowOptions => ({
    origin: 'http://127.0.0.1:1/',
    cookie: () => ({ name: 'session', value: 'secret' }),
    entry: () => 'http://127.0.0.1:1/enter?a="&token=secret',
    folder,
    fragment: '#pool',
  });
  const openFile = async (path: string): Promise<void> => void told.push(path);

  test('is told a file that is this person’s alone, and nothing secret', async () => {
    const window = await openBrowser(options(), openFile);
    const [path = ''] = told;
    expect(path).not.toContain('secret');
    expect(await readFile(path, 'utf8')).toContain('url=http://127.0.0.1:1/enter?a=&quot;&amp;token=secret#pool"');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(dirname(path))).mode & 0o777).toBe(0o700);
    await window.close();
    expect(await readdir(join(folder, 'entry'))).toEqual([]);
  });

  test('is told another file for another look, and what an earlier host left is gone', async () => {
    await openBrowser(options(), openFile);
    const window = await openBrowser(options(), openFile);
    await window.show('#other');
    expect(new Set(told).size).toBe(3);
    await expect(stat(told[0] ?? '')).rejects.toThrow('ENOENT');
    expect(await readFile(told[2] ?? '', 'utf8')).toContain('#other"');
    await window.close();
  });

  test('that does not start leaves no file', async () => {
    const failing = openBrowser(options(), () => Promise.reject(new Error('no browser')));
    await expect(failing).rejects.toThrow('no browser');
    expect(await readdir(join(folder, 'entry'))).toEqual([]);
  });
});

describe('a window', () => {
  const { DISPLAY, WAYLAND_DISPLAY, CHROMIUM_PATH } = process.env;
  const options: WindowOptions = {
    origin: 'http://127.0.0.1:1/',
    cookie: () => ({ name: 'session', value: 'secret' }),
    entry: () => 'http://127.0.0.1:1/enter',
    folder: join(tmpdir(), 'rockpool-no-window'),
    fragment: '',
  };

  afterEach(() => {
    for (const [name, value] of Object.entries({ DISPLAY, WAYLAND_DISPLAY, CHROMIUM_PATH })) {
      if (value === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = value;
    }
  });

  const onLinux = process.platform === 'linux' ? test : (test.skip as typeof test);

  onLinux('needs a screen', async () => {
    for (const name of ['DISPLAY', 'WAYLAND_DISPLAY']) Reflect.deleteProperty(process.env, name);
    await expect(openWindow(options)).rejects.toThrow('--window none');
  });

  test('says of every provider why it does not start, and what helps', async () => {
    process.env['DISPLAY'] = ':0';
    process.env['CHROMIUM_PATH'] = '/nowhere/chromium';
    expect(() => findChromiums()).toThrow('/nowhere/chromium');
    await expect(openWindow(options, 'chromium')).rejects.toThrow(/chromium: CHROMIUM_PATH is .*\n.*Install Chromium/u);
    await expect(openWindow(options, 'webview')).rejects.toThrow(/webview: .*webview-napi/u);
  });

  test('is not looked for further when the host itself fails', async () => {
    process.env['DISPLAY'] = ':0';
    process.env['CHROMIUM_PATH'] = '/nowhere/chromium';
    const origin = Promise.reject(new Error('no port is free'));
    await expect(openWindow({ ...options, origin })).rejects.toThrow('no port is free');
  });
});
