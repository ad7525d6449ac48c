// Real terminal peers: what is sent to one of them by name reaches that one alone.
import { readdir } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import { sha256Of } from './terminal.ts';
import { MIB, testTerminals } from './terminals.ts';

const LIMIT_MS = 60_000;

const { at, fileOf, rockpool } = testTerminals(LIMIT_MS);

test(
  'send --to waits for its person, who gets it; somebody else who takes every offer sees none',
  async () => {
    const path = await fileOf('letter.bin', MIB);
    const sender = rockpool('send', path, '--to', 'Jo', '--data', at('sender-data'));
    const tom = rockpool('receive', '--into', at('tom'), '--name', 'Tom', '--data', at('tom-data'));
    await Promise.all([sender.event('joined'), tom.event('joined')]);
    expect(sender.all('offer')).toEqual([]);
    const jo = rockpool('receive', '--into', at('jo'), '--name', 'Jo', '--data', at('jo-data'));
    expect(await Promise.all([sender.exit, jo.exit])).toEqual([0, 0]);
    expect(await sha256Of(at('jo', 'letter.bin'))).toBe(await sha256Of(path));
    expect(jo.all('offer')[0]).toMatchObject({ private: true, files: [{ name: 'letter.bin' }] });
    // Later than all of it, by the same link.
    const another = await fileOf('for-all.bin', 1);
    const next = rockpool('send', another, '--data', at('sender-data'));
    expect(await Promise.all([next.exit, tom.exit])).toEqual([0, 0]);
    expect(tom.all('offer').every((event) => event['private'] === false)).toBe(true);
    expect(await readdir(at('tom'))).toEqual(['for-all.bin']);
  },
  LIMIT_MS,
);
