// Zones: rooms inside a pool whose content is for those who are in them, and how one gets from room to room by keys.
import { expect, test } from '@jest/globals';
import type { Locator } from 'playwright-core';
import type { Person } from './support/person.ts';
import { LIMIT_MS, type World, withWorld } from './support/world.ts';

let world: World;
withWorld((opened) => (world = opened));

test(
  'a zone is listed for, and read by, those who are in it and nobody else, until its founder lets them in',
  async () => {
    const [mara, jo, tom] = await world.trio();
    await mara.button('New zone').click();
    await mara.page.getByRole('textbox', { name: 'Name' }).fill('Budget');
    await mara.page.getByRole('checkbox', { name: 'Jo' }).check();
    await mara.button('Make the zone').click();
    await mara.page.getByRole('heading', { name: 'Budget' }).waitFor();
    await mara.say('only for the two of us');
    await rooms(jo).getByText('Budget').waitFor();
    await enter(jo, 'Budget');
    await jo.hears('only for the two of us');

    await enter(mara, 'Everyone');
    await mara.say('for everyone');
    await tom.hears('for everyone');
    expect(await rooms(tom).getByRole('listitem').count()).toBe(1);
    expect(await tom.page.getByText('only for the two of us').count()).toBe(0);
    await tom.page.keyboard.press('Control+k');
    await tom.page.keyboard.type('two of us');
    await tom.page.getByText('Nothing found.').waitFor();
    await tom.page.keyboard.press('Escape');

    await mara.button('Change Budget').click();
    await mara.page.getByRole('checkbox', { name: 'Tom' }).check();
    await mara.button('Change it').click();
    await enter(mara, 'Budget');
    await mara.say('welcome, Tom');
    await enter(tom, 'Budget');
    await tom.hears('welcome, Tom');
    // What was said before is sealed for others.
    expect(await tom.page.getByText('only for the two of us').count()).toBe(0);
    expect(await jo.button('Change Budget').count()).toBe(0);
  },
  LIMIT_MS,
);

test(
  'Alt and the arrows go from room to room, and one layer after the other closes with Esc',
  async () => {
    const pool = world.freshPool();
    const mara = await world.member('Mara', pool);
    await world.member('Jo', pool);
    await mara.sees('Jo');
    const whisper = mara.button('Whisper to Jo');
    await whisper.click();
    const heading = (name: string): Promise<void> => mara.page.getByRole('heading', { name, exact: true }).waitFor();
    await heading('Jo');
    await mara.page.keyboard.press('Alt+ArrowUp');
    await heading(pool);
    await mara.page.keyboard.press('Alt+ArrowDown');
    await heading('Jo');

    await mara.button('Connection to Jo').click();
    const panel = mara.page.getByRole('group', { name: 'Connection to Jo' });
    await panel.waitFor();
    const settings = mara.page.getByRole('dialog', { name: 'Settings' });
    await mara.button('Settings').click();
    await settings.waitFor();
    await mara.page.keyboard.press('Escape');
    await settings.waitFor({ state: 'hidden' });
    expect(await panel.isVisible()).toBe(true);
    expect(await mara.button('Settings').evaluate((button) => button === document.activeElement)).toBe(true);
    await mara.page.keyboard.press('Escape');
    await panel.waitFor({ state: 'hidden' });
  },
  LIMIT_MS,
);

const rooms = (person: Person): Locator => person.page.getByRole('list', { name: 'Rooms' });

/** Opens a room by the beginning of its line: what can be done with it stands beside it. */
async function enter(person: Person, name: string): Promise<void> {
  await rooms(person)
    .getByRole('button', { name: new RegExp(`^${name}`, 'u') })
    .click();
  await person.message.waitFor();
}
