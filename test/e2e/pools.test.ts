// One pool at a time, and no ghosts: whoever goes to another pool or closes the tab is gone from the list of people
// within two seconds, measured in the pages of those who stay.
import { expect, test } from '@jest/globals';
import { LIMIT_MS, type World, withWorld } from './support/world.ts';

const SOON_MS = 2000;

let world: World;
withWorld((opened) => (world = opened));

test(
  'joining a second pool leaves the first, and both lists of people say so within two seconds',
  async () => {
    const [first, second] = [world.freshPool(), world.freshPool()];
    const [mara, jo, ana] = [
      await world.member('Mara', first),
      await world.member('Jo', first),
      await world.member('Ana', second),
    ];
    await Promise.all([mara.sees('Jo'), jo.sees('Mara')]);
    const [gone, there] = [jo.watch('Mara', 'gone'), ana.watch('Mara', 'there')];
    const leftAtMs = Date.now();
    await mara.page.goto(`${world.url}/#${second}`);
    expect((await gone) - leftAtMs).toBeLessThan(SOON_MS);
    expect((await there) - leftAtMs).toBeLessThan(SOON_MS);
    await mara.sees('Ana');
    expect(await mara.personIn('Jo').count()).toBe(0);
    await mara.say('Nobody in the first pool hears this');
    await ana.hears('Nobody in the first pool hears this');
    await jo.conversation.getByText('Mara left', { exact: true }).waitFor();
    expect(await jo.conversation.getByText('Nobody in the first pool hears this').count()).toBe(0);
  },
  LIMIT_MS,
);

test(
  'a closed tab is gone from the list of people within two seconds',
  async () => {
    const pool = world.freshPool();
    const [mara, jo] = [await world.member('Mara', pool), await world.member('Jo', pool)];
    await jo.sees('Mara');
    const gone = jo.watch('Mara', 'gone');
    const closedAtMs = Date.now();
    await mara.page.close();
    expect((await gone) - closedAtMs).toBeLessThan(SOON_MS);
  },
  LIMIT_MS,
);

test(
  'a second tab that joins another pool takes the first tab out of its own within two seconds',
  async () => {
    const [first, second] = [world.freshPool(), world.freshPool()];
    const browser = await world.context();
    const [mara, jo] = [await world.member('Mara', first, browser), await world.member('Jo', first)];
    await jo.sees('Mara');
    const tab = await world.person('Mara', browser);
    const gone = jo.watch('Mara', 'gone');
    const joinedAtMs = Date.now();
    await tab.join(second);
    expect((await gone) - joinedAtMs).toBeLessThan(SOON_MS);
    await mara.page.getByText(`You joined another pool in another tab, so this one left ${first}.`).waitFor();
    expect(await mara.button('Join pool').isEnabled()).toBe(true);
    await mara.button('Rejoin').click();
    await jo.sees('Mara');
    // One pool at a time: now the second tab had to go.
    await tab.button('Rejoin').waitFor();
  },
  LIMIT_MS,
);

test(
  'a reloaded page is back in its pool by itself, once, and heard as before',
  async () => {
    const pool = world.freshPool();
    const [mara, jo] = [await world.member('Mara', pool), await world.member('Jo', pool)];
    await Promise.all([mara.sees('Jo'), jo.sees('Mara')]);
    await mara.say('before the reload');
    await jo.hears('before the reload');
    await mara.page.reload();
    await Promise.all([mara.sees('Jo'), jo.conversation.getByText('Mara joined', { exact: true }).waitFor()]);
    await jo.sees('Mara');
    await mara.say('after the reload');
    await jo.hears('after the reload');
    await jo.say('welcome back');
    await mara.hears('welcome back');
    expect(await jo.people.getByRole('listitem').count()).toBe(2);
  },
  LIMIT_MS,
);
