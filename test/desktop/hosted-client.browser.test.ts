// What a host remembers, with real processes, a real server and real links: what it had said yes to goes on after a kill, what it
// offers is offered again as long as it lies there unchanged, and nothing else is.
import { randomBytes } from 'node:crypto';
import { rm, stat, utimes, writeFile } from 'node:fs/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { OfferView, TransferView } from '../../src/client.ts';
import { sha256Of } from '../cli/terminal.ts';
import { MIB, testTerminals } from '../cli/terminals.ts';
import { HostProcess, type HostWindow } from './host-process.ts';

const LIMIT_MS = 120_000;
const hosts: HostProcess[] = [];
const windows: HostWindow[] = [];

afterEach(async () => {
  for (const window of windows.splice(0)) window.close();
  const all = hosts.splice(0);
  for (const host of all) host.stop('SIGKILL');
  await Promise.all(all.map(({ exit }) => exit));
});

// Hooks run in this order: the folder goes when no host writes into it any more.
const terminals = testTerminals(LIMIT_MS);

function begin(...words: readonly string[]): HostProcess {
  const host = HostProcess.start(terminals.at('desk'), terminals.url, '--name', 'Desk', ...words);
  hosts.push(host);
  return host;
}

async function windowOf(host: HostProcess): Promise<HostWindow> {
  const window = await host.window();
  windows.push(window);
  return window;
}

/** Started anew, this window is told what happens in the pool that the host has joined by itself. */
async function back(host: HostProcess): Promise<HostWindow> {
  const window = await windowOf(host);
  await window.client.join(terminals.pool);
  return window;
}

const offerOf = (window: HostWindow, name: string, state: OfferView['state'] = 'open'): OfferView | undefined =>
  window.client.offers.find((each) => each.state === state && each.files.some((file) => file.name === name));

const transferOf = (window: HostWindow, name: string): TransferView | undefined =>
  window.client.transfers.find((each) => each.name === name);

const ended = (window: HostWindow, name: string): Promise<TransferView> =>
  window.until(`the end of ${name}`, () => {
    const transfer = transferOf(window, name);
    return transfer?.state === 'ended' ? transfer : undefined;
  });

describe('a host that was killed', () => {
  test(
    'is in its pool again and goes on with what it had said yes to, once',
    async () => {
      const path = await terminals.fileOf('film.bin', 24 * MIB);
      terminals.rockpool('send', path, '--name', 'Tim', '--limit', '5MB');
      const first = begin();
      const before = await windowOf(first);
      await before.client.join(terminals.pool);
      before.client.accept((await before.until('the offer', () => offerOf(before, 'film.bin'))).id);
      await before.until('a third of it', () => {
        const done = transferOf(before, 'film.bin')?.doneBytes ?? 0;
        return done > 8 * MIB ? true : undefined;
      });
      first.stop('SIGKILL');
      await first.exit;

      const after = await back(begin());
      const transfer = await ended(after, 'film.bin');
      expect(transfer).toMatchObject({ end: 'verified', location: terminals.at('desk', 'in', 'film.bin') });
      // What was verified was not fetched again: all of it but what was not yet in the index.
      expect(transfer.keptBytes).toBeGreaterThan(4 * MIB);
      expect(await sha256Of(String(transfer.location))).toBe(await sha256Of(path));
      const [record] = await after.host.history.list('', 10);
      expect(record).toMatchObject({ name: 'film.bin', direction: 'in', end: 'verified' });
      await expect(after.host.reveal(path)).rejects.toMatchObject({ code: 'refused' });
    },
    LIMIT_MS,
  );

  test(
    'offers again what lies there unchanged, and tells of the rest',
    async () => {
      const names = ['same.bin', 'gone.bin', 'changed.bin', 'taken-back.bin'];
      const paths = await Promise.all(names.map((name) => terminals.fileOf(name, 1000)));
      const [same = '', gone = '', changed = ''] = paths;
      const first = begin();
      const before = await windowOf(first);
      await before.client.join(terminals.pool);
      const ids = [];
      for (const path of paths) ids.push(await before.client.offer([path]));
      const told = offerOf(before, 'same.bin')?.entry;
      await before.client.withdraw(ids[3] ?? '');
      first.stop('SIGKILL');
      await first.exit;
      await rm(gone);
      await writeFile(changed, randomBytes(1000));

      const after = await back(begin());
      const offer = await after.until('the offer', () => offerOf(after, 'same.bin'));
      await after.host.about();
      await after.until('both lapses', () => (after.told.length === 2 ? true : undefined));
      expect(after.told).toEqual([
        { kind: 'lapsed', name: 'gone.bin', why: 'gone' },
        { kind: 'lapsed', name: 'changed.bin', why: 'changed' },
      ]);
      // It is not told in the conversation once more.
      expect(offer.entry).toBe(told);
      expect(after.client.offers.map(({ files }) => files[0]?.name)).toEqual(['same.bin']);
      expect((await after.host.offers()).map(({ path }) => path).sort()).toEqual([paths[3], same].sort());
      const tim = terminals.rockpool('receive', '--into', terminals.at('tim'));
      expect(await tim.exit).toBe(0);
      expect(await sha256Of(terminals.at('tim', 'same.bin'))).toBe(await sha256Of(same));
    },
    LIMIT_MS,
  );
});

test(
  'what was left is not joined again, and is offered again once it is',
  async () => {
    const path = await terminals.fileOf('a.bin', 1000);
    const first = begin();
    const before = await windowOf(first);
    await before.client.join(terminals.pool);
    await before.client.offer([path]);
    await before.client.leave();
    first.stop('SIGTERM');
    expect(await first.exit).toBe(143);

    const second = begin();
    const after = await windowOf(second);
    const about = await after.host.about();
    expect(about).toMatchObject({ name: 'Desk', server: terminals.url });
    expect(about.pool).toBeUndefined();
    await after.client.join(terminals.pool);
    await after.until('the offer', () => offerOf(after, 'a.bin'));
    second.stop('SIGTERM');
    await second.exit;
    const third = await windowOf(begin());
    expect(await third.host.about()).toMatchObject({ pool: terminals.pool });
  },
  LIMIT_MS,
);

test(
  'what is asked for is looked at first, and withdrawn if it is not what it was',
  async () => {
    const [gone, touched] = [await terminals.fileOf('gone.bin', 1000), await terminals.fileOf('touched.bin', 1000)];
    const window = await windowOf(begin());
    await window.host.about();
    await window.client.join(terminals.pool);
    for (const path of [gone, touched]) await window.client.offer([path]);
    await rm(gone);
    const { mtimeMs } = await stat(touched);
    await utimes(touched, mtimeMs / 1000, mtimeMs / 1000 + 5);
    terminals.rockpool('receive', '--into', terminals.at('tim'), '--count', '2', '--wait', '60');
    const lapsed = await window.until('both lapses', () => {
      const found = window.told.filter((event) => event.kind === 'lapsed');
      return found.length === 2 ? found : undefined;
    });
    expect(lapsed).toEqual(
      expect.arrayContaining([
        { kind: 'lapsed', name: 'gone.bin', why: 'gone' },
        { kind: 'lapsed', name: 'touched.bin', why: 'changed' },
      ]),
    );
    for (const name of ['gone.bin', 'touched.bin']) {
      await window.until('the withdrawal', () => offerOf(window, name, 'withdrawn'));
    }
    expect(await window.host.offers()).toEqual([]);
  },
  LIMIT_MS,
);

test(
  'a second start hands its link over, and ends',
  async () => {
    const host = begin();
    await host.window().then((window) => windows.push(window));
    const link = `${terminals.url}/#${terminals.pool}`;
    const second = HostProcess.start(terminals.at('desk'), terminals.url, link);
    hosts.push(second);
    expect(await second.exit).toBe(0);
    const [said = ''] = second.lines;
    expect(said).toMatch(
      new RegExp(`^Open http://127\\.0\\.0\\.1:\\d+/enter\\?token=[\\w-]{43}#${terminals.pool}$`, 'u'),
    );
    // It lets a page in at the host that runs.
    const [, entry = ''] = said.split(' ');
    expect((await fetch(entry)).status).toBe(200);
    expect((await fetch(entry)).status).toBe(403);
  },
  LIMIT_MS,
);
