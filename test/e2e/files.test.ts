// Whole files between real ends: pages and terminals, both ways, and every byte the same at the other end.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { sha256Of } from '../cli/terminal.ts';
import type { Person } from './support/person.ts';
import { BULK_LIMIT_MS, LIMIT_MS, MIB, type World, withWorld } from './support/world.ts';

/** At least 64 MiB, and no whole number of chunks. */
const LARGE_BYTES = 64 * MIB + 4321;

let world: World;
withWorld((opened) => (world = opened));

/** What `person` has after saving `file`: the name it was to be saved under, and its digest. */
async function saved(person: Person, file: string): Promise<{ readonly name: string; readonly sha256: string }> {
  const download = await person.save(file);
  const sha256 = await sha256Of(await download.path());
  return { name: download.suggestedFilename(), sha256 };
}

describe('a real file of 64 MiB', () => {
  test(
    'goes from page to page',
    async () => {
      const pool = world.freshPool();
      const [mara, jo] = [await world.member('Mara', pool), await world.member('Jo', pool)];
      const path = await world.fileOf('program.bin', LARGE_BYTES);
      await mara.attach(path);
      await jo.accept('program.bin');
      await Promise.all([jo.isVerified('program.bin'), mara.isVerified('program.bin', 'Verified by Jo')]);
      await jo.transfers.getByText('Verified', { exact: true }).waitFor();
      expect(await saved(jo, 'program.bin')).toEqual({ name: 'program.bin', sha256: await sha256Of(path) });
    },
    BULK_LIMIT_MS,
  );

  test(
    'goes from page to terminal',
    async () => {
      const pool = world.freshPool();
      const mara = await world.member('Mara', pool);
      const inbox = await world.place('inbox');
      const tom = world.terminal('receive', pool, '--name', 'Tom', '--into', inbox);
      const path = await world.fileOf('program.bin', LARGE_BYTES);
      await mara.attach(path);
      await mara.isVerified('program.bin', 'Verified by Tom');
      expect(await tom.exit).toBe(0);
      const sha256 = await sha256Of(path);
      expect(await sha256Of(join(inbox, 'program.bin'))).toBe(sha256);
      const whole = { name: 'program.bin', bytes: LARGE_BYTES, sha256, peerName: 'Mara' };
      expect(tom.all('verified')).toMatchObject([whole]);
    },
    BULK_LIMIT_MS,
  );

  test(
    'goes from terminal to page',
    async () => {
      const pool = world.freshPool();
      const jo = await world.member('Jo', pool);
      const path = await world.fileOf('program.bin', LARGE_BYTES);
      const tom = world.terminal('send', pool, path, '--name', 'Tom');
      await jo.accept('program.bin');
      await jo.isVerified('program.bin');
      expect(await tom.exit).toBe(0);
      const sha256 = await sha256Of(path);
      expect(tom.all('verified')).toMatchObject([{ name: 'program.bin', bytes: LARGE_BYTES, sha256, peerName: 'Jo' }]);
      // What has arrived stays, though its sender has left.
      await jo.personIn('Tom').waitFor({ state: 'detached' });
      expect(await saved(jo, 'program.bin')).toEqual({ name: 'program.bin', sha256 });
    },
    BULK_LIMIT_MS,
  );
});

describe.each([
  { kind: 'an empty file', name: 'nothing at all.txt', bytes: 0 },
  {
    kind: 'a file named with emoji, spaces and right-to-left letters',
    name: 'a 🌊 pool שלום مرحبا.txt',
    bytes: 300_001,
  },
])('$kind', ({ name, bytes }) => {
  test(
    'goes from page to page and to a terminal',
    async () => {
      const pool = world.freshPool();
      const [mara, jo] = [await world.member('Mara', pool), await world.member('Jo', pool)];
      const inbox = await world.place('inbox');
      const tom = world.terminal('receive', pool, '--name', 'Tom', '--into', inbox);
      const path = await world.fileOf(name, bytes);
      await mara.attach(path);
      await jo.accept(name);
      await Promise.all([
        jo.isVerified(name),
        mara.isVerified(name, 'Verified by Jo'),
        mara.isVerified(name, 'Verified by Tom'),
      ]);
      const sha256 = await sha256Of(path);
      expect(await saved(jo, name)).toEqual({ name, sha256 });
      expect(await tom.exit).toBe(0);
      expect(await readdir(inbox)).toEqual([name]);
      expect(await sha256Of(join(inbox, name))).toBe(sha256);
    },
    LIMIT_MS,
  );

  test(
    'goes from a terminal to a page',
    async () => {
      const pool = world.freshPool();
      const jo = await world.member('Jo', pool);
      const path = await world.fileOf(name, bytes);
      const tom = world.terminal('send', pool, path, '--name', 'Tom');
      await jo.accept(name);
      await jo.isVerified(name);
      expect(await tom.exit).toBe(0);
      expect(await saved(jo, name)).toEqual({ name, sha256: await sha256Of(path) });
    },
    LIMIT_MS,
  );
});
