// Knowing who is who: words that two people compare, devices that are one person's, and what becomes of one that is revoked.
import { expect, test } from '@jest/globals';
import { openRoom } from './support/talker.ts';
import { LIMIT_MS, type World, withWorld } from './support/world.ts';

let world: World;
withWorld((opened) => (world = opened));

test(
  'two people see the same four words, and that they match is remembered after a reload',
  async () => {
    const pool = world.freshPool();
    const [mara, jo] = [await world.member('Mara', pool), await world.member('Jo', pool)];
    await Promise.all([mara.sees('Jo'), jo.sees('Mara')]);
    await mara.button('Verify Jo: not verified').click();
    await jo.button('Verify Mara: not verified').click();
    const words = await mara.page
      .getByRole('list', { name: 'Words to compare' })
      .getByRole('listitem')
      .allTextContents();
    expect(words).toHaveLength(4);
    expect(
      await jo.page.getByRole('list', { name: 'Words to compare' }).getByRole('listitem').allTextContents(),
    ).toEqual(words);
    await mara.button('They match').click();
    await mara.button('Verify Jo: verified').waitFor();
    await jo.button('They do not').click();
    await jo.page.getByText(/^Somebody may be between you\./u).waitFor();
    await mara.reload();
    await mara.sees('Jo');
    await mara.button('Verify Jo: verified').click();
    await mara.page.getByText('You have compared words with this device.').waitFor();
    await mara.button('Take it back').click();
    await mara.page.keyboard.press('Escape');
    await mara.button('Verify Jo: not verified').waitFor();
  },
  LIMIT_MS,
);

test(
  'a device that follows the code of another is shown as one more of the same person, also after a reload',
  async () => {
    const pool = world.freshPool();
    const [mara, jo] = [await world.member('Mara', pool), await world.member('Jo', pool)];
    await Promise.all([mara.sees('Jo'), jo.sees('Mara')]);
    await mara.button('Settings').click();
    await mara.button('Link another device').click();
    const words = await mara.page.getByLabel('Words of the invitation').textContent();
    await mara.page.keyboard.press('Escape');

    const tablet = await world.person('Mara’s tablet');
    await tablet.page.goto(`${world.url}/#link=${pool}/${(words ?? '').trim().replaceAll(' ', '-')}`);
    await tablet.page.getByText(/^This link makes this device one of its sender’s\./u).waitFor();
    await tablet.page.getByRole('textbox', { name: 'Your name' }).fill(tablet.name);
    await tablet.button('Join pool').click();
    await tablet.button('Link it').click();
    await tablet.button('Done').click();

    await jo.people.getByText('2 devices · direct').waitFor();
    expect(await jo.people.getByRole('listitem').count()).toBe(2);
    expect(await tablet.people.getByText('2 devices').count()).toBe(1);
    await jo.page.getByRole('button', { name: /^Whisper to Mara/u }).click();
    await jo.say('to both of your devices');
    for (const device of [mara, tablet]) {
      await openRoom(device, 'Jo');
      await device.hears('to both of your devices');
    }
    await tablet.reload();
    await tablet.people.getByText('2 devices').waitFor();

    await mara.button('Settings').click();
    await mara.button('Revoke Mara’s tablet').click();
    await mara.button('Revoke it').click();
    await mara.page.getByRole('list', { name: 'Your devices' }).getByText('revoked').waitFor();
  },
  LIMIT_MS,
);

test(
  'a new name is everywhere at once, in the same page, and a whisper goes on under it',
  async () => {
    const [mara, jo] = await world.trio();
    await mara.say('before');
    await jo.hears('before');
    await mara.page.evaluate(() => document.body.setAttribute('data-same', 'true'));
    await mara.button('Settings').click();
    await mara.page.getByRole('textbox', { name: 'Name' }).fill('Mara of the sea');
    await mara.button('Rename').click();
    await jo.sees('Mara of the sea');
    expect(await jo.personIn('Mara').count()).toBe(0);
    await mara.page.keyboard.press('Escape');
    await mara.people.getByText('Mara of the sea').waitFor();
    await mara.page.getByRole('button', { name: 'Whisper to Jo' }).click();
    await mara.say('after');
    await openRoom(jo, 'Mara of the sea');
    await jo.hears('after');
    expect(await mara.page.locator('body[data-same]').count()).toBe(1);
    expect(await jo.conversation.getByText('left', { exact: false }).count()).toBe(0);
    // It is told again whenever this device joins, and the name field has it next time.
    await mara.reload();
    await jo.sees('Mara of the sea');
  },
  LIMIT_MS,
);
