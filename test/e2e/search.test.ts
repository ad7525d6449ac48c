// Finding what was said, in this pool and in others; and being called from outside of the page.
import { expect, test } from '@jest/globals';
import { choose, mark, message } from './support/talker.ts';
import { LIMIT_MS, type World, withWorld } from './support/world.ts';

let world: World;
withWorld((opened) => (world = opened));

/** More than one page of the conversation. */
const MANY = 130;

test(
  'a search opens an old message in its place, also from another pool',
  async () => {
    const [first, second] = [world.freshPool(), world.freshPool()];
    const mara = await world.member('Mara', first);
    await mara.say('the lighthouse keeper has the key');
    const jo = world.terminal('join', first, '--name', 'Jo');
    await mara.sees('Jo');
    for (let count = 1; count <= MANY; count += 1) jo.say(`line ${count}`);
    // Followed to its end, as fast as another device writes it.
    await mara.hears(`line ${MANY}`);
    await mara.reload();
    await mara.hears(`line ${MANY}`);
    expect(await message(mara, 'the lighthouse keeper has the key').count()).toBe(0);
    const find = async (): Promise<void> => {
      await mara.page.keyboard.press('Control+k');
      await mara.page.keyboard.type('KEY lighthouse');
      await mara.page.getByRole('option', { name: /the lighthouse keeper has the key/u }).waitFor();
      await mara.page.keyboard.press('Enter');
      await mara.page.getByRole('dialog', { name: 'Search' }).waitFor({ state: 'hidden' });
    };
    await find();
    await message(mara, 'the lighthouse keeper has the key').waitFor();

    await mara.button('Another pool').click();
    await mara.page.getByRole('textbox', { name: 'Pool code' }).fill(second);
    await mara.button('Go there').click();
    await mara.page.getByRole('heading', { name: second }).waitFor();
    await find();
    await mara.page.getByRole('heading', { name: first }).waitFor();
    await message(mara, 'the lighthouse keeper has the key').waitFor();
    expect(await message(mara, `line ${MANY}`).count()).toBe(0);
  },
  LIMIT_MS,
);

test(
  'what was saved is listed, in all pools, until it is saved no more',
  async () => {
    const mara = await world.member('Mara', world.freshPool());
    await mara.say('worth keeping');
    await mara.say('not so much');
    await mara.hears('not so much');
    await choose(mara, 'worth keeping', 'Save');
    await mara.button('Saved messages').click();
    const saved = mara.page.getByRole('dialog', { name: 'Saved messages' });
    await saved.getByRole('option', { name: /worth keeping/u }).waitFor();
    expect(await saved.getByRole('option').count()).toBe(1);
  },
  LIMIT_MS,
);

test(
  'a call notifies while nobody looks at the page, and anything else does not; by name only',
  async () => {
    const pool = world.freshPool();
    const browser = await world.context({ permissions: ['notifications'] });
    await browser.addInitScript(() => {
      // The system's own place for notifications cannot be looked into, and a page that is driven always has the focus.
      const shown: string[] = [];
      class Shown extends EventTarget {
        static readonly permission = 'granted';
        constructor(title: string, { body }: NotificationOptions) {
          super();
          shown.push(`${title}: ${body ?? ''}`);
        }
      }
      Object.assign(window, { Notification: Shown, shown });
      document.hasFocus = () => false;
    });
    const mara = await world.member('Mara', pool, browser);
    const jo = await world.member('Jo', pool);
    await Promise.all([mara.sees('Jo'), jo.sees('Mara')]);
    const shown = (): Promise<unknown> =>
      mara.page.evaluate(() => Object.entries(window).find(([key]) => key === 'shown')?.[1]);
    await jo.say('before it was wanted');
    await mara.hears('before it was wanted');
    await mara.button('Settings').click();
    await mara.page.getByRole('radio', { name: 'Calls for me' }).check();
    await mara.page.keyboard.press('Escape');
    await jo.say('nothing urgent');
    await mara.hears('nothing urgent');
    await mark(jo, 'Mara');
    await jo.say('lunch is ready');
    await mara.hears('lunch is ready');
    expect(await shown()).toEqual([`Jo in ${pool}: Calls for you`]);

    await mara.button('Settings').click();
    await mara.page.getByRole('checkbox', { name: `Mute ${pool}` }).check();
    await mara.page.keyboard.press('Escape');
    await mark(jo, 'Mara');
    await jo.say('lunch gets cold');
    await mara.hears('lunch gets cold');
    expect(await shown()).toHaveLength(1);
  },
  LIMIT_MS,
);
