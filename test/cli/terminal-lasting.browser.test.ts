// Real terminal peers: what lasts from one command to the next, and between two that run. Stored offers, and the history.
import { appendFile, readdir, rm } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { until } from './support.ts';
import type { Terminal, TerminalEvent } from './terminal.ts';
import { testTerminals } from './terminals.ts';

const LIMIT_MS = 60_000;

const terminals = testTerminals(LIMIT_MS);
const { at, fileOf, rockpool, start } = terminals;

describe('what lasts', () => {
  test(
    'send --stay serves one after the other, and offers what is unchanged at its next start',
    async () => {
      const data = at('data');
      const paths = [await fileOf('same', 1000), await fileOf('changed', 1000), await fileOf('gone', 1000)];
      const first = rockpool('send', ...paths, '--stay', '--data', data);
      const one = rockpool('receive', '--into', at('one'), '--count', '3');
      expect(await one.exit).toBe(0);
      const two = rockpool('receive', '--into', at('two'), '--count', '3');
      expect(await two.exit).toBe(0);
      first.stop('SIGINT');
      expect(await first.exit).toBe(130);
      await appendFile(paths[1] ?? '', 'x');
      await rm(paths[2] ?? '');
      const second = rockpool('send', '--stay', '--data', data);
      const three = rockpool('receive', '--into', at('three'));
      expect(await three.exit).toBe(0);
      expect(await readdir(at('three'))).toEqual(['same']);
      const states = second.all('stored').map(({ path, state }) => [path, state]);
      expect(new Map(states as [string, string][])).toEqual(
        new Map(['unchanged', 'changed', 'gone'].map((state, place) => [paths[place] ?? '', state])),
      );
      expect(second.stderr).toContain(`${paths[1] ?? ''} has changed since it was offered`);
      expect(second.stderr).toContain(`${paths[2] ?? ''} is gone`);
    },
    LIMIT_MS,
  );

  test(
    'two send --stay from one place offer each file once, and what a killed one offered is offered again',
    async () => {
      const [old, fresh] = [await fileOf('old', 1000), await fileOf('fresh', 1000)];
      const person = rockpool('join');
      const staying = (...paths: readonly string[]): Terminal =>
        rockpool('send', ...paths, '--stay', '--data', at('data'));
      const offeredBy = async (sender: Terminal): Promise<unknown> => {
        const { offer } = await sender.event('offer');
        const { files } = await person.event('offer', (event) => event['offer'] === offer);
        return (files as readonly { readonly name: string }[]).map(({ name }) => name);
      };
      const first = staying(old);
      expect(await offeredBy(first)).toEqual(['old']);
      await until(() => first.stderr.includes('Offering '));
      const second = staying(fresh);
      expect(await offeredBy(second)).toEqual(['fresh']);
      expect(second.all('offered-already')).toMatchObject([{ path: old }]);
      await until(() => second.stderr.includes('Offering '));
      expect(second.stderr).toContain(`Another send --stay offers ${old} already.`);

      const third = staying(old);
      expect(await third.exit).toBe(1);
      expect(third.all('error')).toMatchObject([{ code: 'offered-already' }]);
      expect(third.stderr).toContain('All of it is offered already, by another send --stay.');
      first.stop('SIGKILL');
      await first.exit;
      expect(await offeredBy(staying())).toEqual(['old']);
      second.stop('SIGINT');
      expect(await second.exit).toBe(130);
      expect(await offeredBy(staying())).toEqual(['fresh']);
    },
    LIMIT_MS,
  );

  test(
    'the history tells what was received, finds it, and is cleared',
    async () => {
      const data = at('data');
      const path = await fileOf('holiday.mp4', 1000);
      const sender = rockpool('send', path, '--name', 'Mara');
      const receiver = rockpool('receive', '--into', at('in'), '--data', data);
      expect(await Promise.all([sender.exit, receiver.exit])).toEqual([0, 0]);
      const history = async (...rest: readonly string[]): Promise<readonly TerminalEvent[]> => {
        const listing = start('history', '--data', data, ...rest);
        expect(await listing.exit).toBe(0);
        return listing.all('transfer');
      };
      expect(await history('--search', 'mara')).toMatchObject([
        { name: 'holiday.mp4', direction: 'in', peerName: 'Mara', pool: terminals.pool, end: 'verified' },
      ]);
      expect(await history('--search', 'nobody')).toEqual([]);
      await history('--clear');
      expect(await history()).toEqual([]);
    },
    LIMIT_MS,
  );
});
