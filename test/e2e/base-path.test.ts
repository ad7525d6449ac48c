// The built app under a path of its own, beside other things on a host: two people meet there, and a link leads there.
import { expect, test } from '@jest/globals';
import { Terminal } from '../cli/terminal.ts';
import { Person } from './support/person.ts';
import { LIMIT_MS, type World, withWorld } from './support/world.ts';

let world: World;
withWorld((opened) => (world = opened));

test(
  'people meet under /rockpool, by its pool link, and so does a terminal',
  async () => {
    const server = new Terminal('serve', '--port', '0', '--base-path', '/rockpool');
    const { url, link, pool } = await server.event('listening');
    expect(url).toMatch(/\/rockpool$/u);
    const person = async (name: string): Promise<Person> => {
      const page = await (await world.context()).newPage();
      const person = new Person(page, name);
      await page.goto(String(link));
      await person.join(String(pool));
      return person;
    };
    const [mara, jo] = [await person('Mara'), await person('Jo')];
    await mara.sees('Jo');
    const tom = new Terminal('join', '--pool', String(link), '--name', 'Tom');
    await mara.sees('Tom');
    await mara.say('under a path');
    await jo.hears('under a path');
    expect(mara.page.url()).toBe(link);
    expect([...mara.troubles, ...jo.troubles]).toEqual([]);

    tom.stop('SIGTERM');
    server.stop('SIGTERM');
    expect(await server.exit).toBe(0);
    await tom.exit;
  },
  LIMIT_MS,
);
