// What a host does for its window outside of any pool: settings that last, servers and names, and what may be shown on the disk.
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { DesktopHost } from '../../desktop/desktop-host.ts';
import { HostEvents } from '../../desktop/host-events.ts';
import { HostMemory } from '../../desktop/host-memory.ts';
import { HostedClient } from '../../desktop/hosted-client.ts';
import { LastingJson } from '../../desktop/lasting-json.ts';
import { Settings } from '../../desktop/settings.ts';
import { Watching } from '../../desktop/watching.ts';
import type { HostEvent } from '../../src/remote/host-face.ts';
import { testFolder } from '../cli/folder.ts';
import { KEPT_LETTERS_MAX, KEPT_MAX } from '../../src/remote/host-face.ts';
import { WindowMemory } from '../../desktop/window-memory.ts';

const folder = testFolder();

describe('a lasting file', () => {
  test('has the last value in the end, whole, and nothing beside it', async () => {
    const file = new LastingJson(join(folder.path, 'not-yet', 'a.json'), 'It');
    expect(await file.read()).toBeUndefined();
    const written = Array.from({ length: 50 }, (_none, value) => file.write({ value }));
    await Promise.all(written);
    expect(await file.read()).toEqual({ value: 49 });
    expect(await readdir(join(folder.path, 'not-yet'))).toEqual(['a.json']);
    expect((await stat(join(folder.path, 'not-yet', 'a.json'))).mode & 0o777).toBe(0o600);
  });

  test('that is damaged counts as none, and one that cannot be written is said', async () => {
    const path = await folder.file('a.json', '{"a":');
    expect(await new LastingJson(path, 'It').read()).toBeUndefined();
    await expect(new LastingJson(join(path, 'b.json'), 'It').write(1)).rejects.toMatchObject({ code: 'store-failed' });
  });
});

describe('settings', () => {
  test('last, and the default stays one', async () => {
    const settings = await Settings.open(folder.path, '/downloads/Rockpool');
    expect(settings.now).toEqual({ into: '/downloads/Rockpool', watched: {}, background: false });
    await settings.change({ background: true, watched: { 'calm-otter': join(folder.path, 'shared') } });
    const later = await Settings.open(folder.path, '/elsewhere');
    expect(later.now).toEqual({
      into: '/elsewhere',
      watched: { 'calm-otter': join(folder.path, 'shared') },
      background: true,
    });
  });

  test('that cannot be used change nothing', async () => {
    const settings = await Settings.open(folder.path, '/in');
    const file = await folder.file('file', '');
    const wrong = [{ into: 'in' }, { into: '/a\0b' }, { into: join(file, 'in') }, { watched: { 'No Pool': '/x' } }];
    for (const each of wrong) await expect(settings.change(each)).rejects.toMatchObject({ code: 'refused' });
    expect(settings.now).toEqual({ into: '/in', watched: {}, background: false });
  });

  test('that cannot be kept change nothing either', async () => {
    const data = join(folder.path, 'data');
    const settings = await Settings.open(data, '/in');
    await writeFile(data, 'where the folder was to be');
    await expect(settings.change({ background: true })).rejects.toMatchObject({ code: 'store-failed' });
    expect(settings.now.background).toBe(false);
  });

  test('of which a part is damaged keep the rest', async () => {
    await folder.file('settings.json', '{"into":"nonsense","background":true,"more":1}');
    expect((await Settings.open(folder.path, '/in')).now).toEqual({ into: '/in', watched: {}, background: true });
  });
});

describe('the host', () => {
  let host: DesktopHost;
  let client: HostedClient;
  let told: HostEvent[];

  beforeEach(async () => {
    const data = join(folder.path, 'data');
    await mkdir(data, { mode: 0o700 });
    const events = new HostEvents();
    const memory = await HostMemory.open(data, events);
    const into = join(folder.path, 'in');
    const settings = await Settings.open(data, into);
    client = await HostedClient.open({ data, name: 'Desk', into, memory, events });
    const watching = new Watching({ client, settings, memory, events });
    const [home, env] = [folder.path, { XDG_CONFIG_HOME: folder.path }];
    const window = (): undefined => undefined;
    const kept = await WindowMemory.open(data);
    host = new DesktopHost({ version: '1.2.3', home, env, client, settings, memory, events, watching, window, kept });
    told = [];
    host.subscribe((event) => told.push(event));
  });

  afterEach(() => client.close());

  test('says who and where it is, and takes another server and name', async () => {
    expect(await host.about()).toMatchObject({ version: '1.2.3', server: '', name: 'Desk', tellsDropped: false });
    await host.useServer('https://pool.example/');
    await client.rename('Other');
    expect(await host.about()).toMatchObject({ server: 'https://pool.example', name: 'Other' });
    await host.useServer('http://localhost:8080/#calm-otter');
    expect((await host.about()).server).toBe('http://localhost:8080');
    for (const wrong of ['', 'nonsense', 'ftp://pool.example', 'https://a:b@pool.example']) {
      await expect(host.useServer(wrong)).rejects.toMatchObject({ code: 'refused' });
    }
    await client.close();
    const kept = JSON.parse(await readFile(join(folder.path, 'data', 'host.json'), 'utf8')) as object;
    expect(kept).toMatchObject({ server: 'ws://localhost:8080/ws', name: 'Other' });
  });

  test('joins nothing before a server was named', async () => {
    await expect(client.join('calm-otter')).rejects.toMatchObject({ code: 'refused' });
    expect((await host.about()).pool).toBeUndefined();
  });

  test('changes settings, and says so', async () => {
    const into = join(folder.path, 'elsewhere');
    await host.change({ into });
    expect((await host.settings()).into).toBe(into);
    expect(told).toEqual([{ kind: 'settings', settings: await host.settings() }]);
    expect((await stat(into)).isDirectory()).toBe(true);
  });

  test('keeps what windows keep, up to a bound, for the next start', async () => {
    const data = join(folder.path, 'data');
    await host.keep('theme', 'dark');
    await host.keep('rates', '{}');
    await host.keep('rates', '');
    expect((await WindowMemory.open(data)).texts).toEqual({ theme: 'dark' });
    await expect(host.keep('theme', 'x'.repeat(KEPT_LETTERS_MAX))).rejects.toMatchObject({ code: 'refused' });
    for (let at = 1; at < KEPT_MAX; at += 1) await host.keep(`key ${at}`, 'x');
    await expect(host.keep('one more', 'x')).rejects.toMatchObject({ code: 'refused' });
    expect((await WindowMemory.open(data)).texts).toMatchObject({ theme: 'dark', [`key ${KEPT_MAX - 1}`]: 'x' });
  });

  test('shares no folder as it fills that received files go to', async () => {
    const { into } = await host.settings();
    const watched = { 'calm-otter': join(into, '..') };
    await expect(host.change({ watched })).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringContaining('Received files go'),
    });
    await host.change({ watched: { 'calm-otter': join(folder.path, 'shared') } });
    await expect(host.change({ into: join(folder.path, 'shared', 'in') })).rejects.toMatchObject({ code: 'refused' });
    expect(await host.settings()).toMatchObject({ into, watched: { 'calm-otter': join(folder.path, 'shared') } });
  });

  test('shows only what was received or offered here', async () => {
    const secret = await folder.file('secret', 'x');
    for (const path of [secret, 'secret', '', `${secret}\0`]) {
      await expect(host.reveal(path)).rejects.toMatchObject({ code: 'refused' });
    }
    const record = { direction: 'in', name: 'a', bytes: 1, peerName: 'Mara', pool: 'abc', startedMs: 1 } as const;
    const received = await folder.file('in/a', 'x');
    await client.history.put({ ...record, id: '1', location: received });
    await rm(received);
    // Ours, and gone: it gets as far as looking for it.
    await expect(host.reveal(received)).rejects.toMatchObject({ code: 'gone' });
    await client.history.put({ ...record, id: '2', direction: 'out', location: secret });
    await expect(host.reveal(secret)).rejects.toMatchObject({ code: 'refused' });
  });

  test('lists the disk from the person’s own folder, and its history', async () => {
    await writeFile(join(folder.path, 'a.txt'), 'x');
    expect((await host.list('', false)).entries.map(({ name }) => name)).toContain('a.txt');
    await expect(host.dropped()).rejects.toMatchObject({ code: 'not-here' });
    expect(await host.history.list('', 10)).toEqual([]);
    expect(await host.offers()).toEqual([]);
  });
});
