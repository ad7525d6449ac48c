// Three members of one pool, two pages and a terminal: everyone sees and hears everyone.
import { expect, test } from '@jest/globals';
import type { Terminal } from '../cli/terminal.ts';
import { LIMIT_MS, type World, withWorld } from './support/world.ts';

let world: World;
withWorld((opened) => (world = opened));

test(
  'two pages and a terminal see each other and talk, every one to both others',
  async () => {
    const pool = world.freshPool();
    const mara = await world.member('Mara', pool);
    const tom = world.terminal('join', pool, '--name', 'Tom');
    const jo = await world.member('Jo', pool);
    await Promise.all([mara.sees('Jo'), mara.sees('Tom'), jo.sees('Mara'), jo.sees('Tom')]);
    await linked(tom, 'Mara');
    await linked(tom, 'Jo');

    await mara.say('Good morning from Mara');
    await jo.say('Jo says hello 🌊');
    tom.say('Tom here, in a terminal');
    await Promise.all([
      mara.hears('Jo says hello 🌊'),
      mara.hears('Tom here, in a terminal'),
      jo.hears('Good morning from Mara'),
      jo.hears('Tom here, in a terminal'),
      tom.event('message', ({ from, text }) => from === 'Mara' && text === 'Good morning from Mara'),
      tom.event('message', ({ from, text }) => from === 'Jo' && text === 'Jo says hello 🌊'),
    ]);
    tom.endInput();
    expect(await tom.exit).toBe(0);
    await jo.personIn('Tom').waitFor({ state: 'detached' });
    expect(await jo.people.getByRole('listitem').count()).toBe(2);
  },
  LIMIT_MS,
);

/** Waits until the terminal peer has a direct link to `name`. */
async function linked(terminal: Terminal, name: string): Promise<void> {
  await terminal.event('peer-changed', (event) => event['name'] === name && event['path'] === 'direct');
}
