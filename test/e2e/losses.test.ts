// One end gone in the middle of a file, without a word: the others read plainly what happened, and no part of the file is
// left where a whole one would be.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { sha256Of, type Terminal } from '../cli/terminal.ts';
import { BULK_LIMIT_MS, LIMIT_MS, MIB, type World, withWorld } from './support/world.ts';

/** More than any end moves between two glances at it. */
const LARGE_BYTES = 280 * MIB;
/** Of a file that all is fetched of in the end; a slow receiver makes sure of the middle. */
const KEPT_BYTES = 64 * MIB;
const SLOWLY = '6MB';
const FILE = 'program.bin';

let world: World;
withWorld((opened) => (world = opened));

test(
  'a terminal killed while it sends: the page says how far it came and what it waits for, and offers nothing to save',
  async () => {
    const pool = world.freshPool();
    const jo = await world.member('Jo', pool);
    const tom = world.terminal('send', pool, await world.fileOf(FILE, LARGE_BYTES), '--name', 'Tom');
    await jo.accept(FILE);
    await jo.isMidway(FILE);
    tom.stop('SIGKILL');
    await jo
      .offer(FILE)
      .getByText(/^Waiting for someone who has it\. \d+% is here\.$/u)
      .waitFor();
    await jo.personIn('Tom').waitFor({ state: 'detached' });
    expect(await jo.offer(FILE).getByRole('button', { name: 'Save' }).count()).toBe(0);
  },
  LIMIT_MS,
);

test(
  'a page closed while it sends: the terminal keeps what it has, and takes the rest from whoever offers the file next',
  async () => {
    const pool = world.freshPool();
    const browser = await world.context();
    const mara = await world.member('Mara', pool, browser);
    const inbox = await world.place('inbox');
    const receive = (...rest: readonly string[]): Terminal =>
      world.terminal('receive', pool, '--name', 'Tom', '--into', inbox, '--wait', '2', ...rest);
    const tom = receive('--limit-down', SLOWLY);
    const path = await world.fileOf(FILE, KEPT_BYTES);
    await mara.attach(path);
    await tom.event('progress', ({ bytes }) => Number(bytes) > KEPT_BYTES / 20);
    expect(await readdir(inbox)).not.toContain(FILE);
    await browser.close();
    const kept = await tom.event('kept');
    expect(kept).toMatchObject({ name: FILE, peerName: 'Mara' });
    expect(await tom.exit).toBe(1);
    expect(await readdir(inbox)).not.toContain(FILE);

    const again = receive();
    const ana = world.terminal('send', pool, path, '--name', 'Ana');
    expect(await Promise.all([ana.exit, again.exit])).toEqual([0, 0]);
    expect(await readdir(inbox)).toEqual([FILE]);
    expect(await sha256Of(join(inbox, FILE))).toBe(await sha256Of(path));
    const { keptBytes } = await again.event('verified');
    expect(Number(keptBytes)).toBeGreaterThanOrEqual(Number(kept['bytes']) * 0.99);
  },
  BULK_LIMIT_MS,
);

test(
  'a page closed while it receives: the sender reads who left and how far it came',
  async () => {
    const pool = world.freshPool();
    const browser = await world.context();
    const [mara, jo] = [await world.member('Mara', pool), await world.member('Jo', pool, browser)];
    await mara.attach(await world.fileOf(FILE, LARGE_BYTES));
    await jo.accept(FILE);
    await mara.isMidway(FILE);
    await browser.close();
    await mara
      .offer(FILE)
      .getByText(/^Jo left at \d+%\. It continues from there when they return\.$/u)
      .waitFor();
  },
  LIMIT_MS,
);
