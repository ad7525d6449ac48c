// For every hand: the whole way with nothing but a keyboard, and on a phone's small screen with nothing but a finger.
import { expect, test } from '@jest/globals';
import type { Locator } from 'playwright-core';
import { sha256Of } from '../cli/terminal.ts';
import type { Person } from './support/person.ts';
import { LIMIT_MS, MIB, type World, withWorld } from './support/world.ts';

const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true };
/** More stops than any of our screens has. */
const STOPS_MAX = 40;

let world: World;
withWorld((opened) => (world = opened));

const isFocused = (target: Locator): Promise<boolean> =>
  target.evaluate((element) => element === document.activeElement);

/** Tab by tab to `target`, once it is there. */
async function tabTo({ page }: Person, target: Locator): Promise<void> {
  await target.waitFor();
  for (let stop = 0; stop < STOPS_MAX; stop += 1) {
    if (await isFocused(target)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`${String(target)} was not reached with ${STOPS_MAX} presses of Tab`);
}

test(
  'keyboard alone is enough to join, write, offer, accept and save',
  async () => {
    const pool = world.freshPool();
    const path = await world.fileOf('letter.bin', MIB);
    const [mara, jo] = [await world.person('Mara'), await world.person('Jo')];
    for (const person of [mara, jo]) {
      const { keyboard } = person.page;
      await tabTo(person, person.page.getByRole('textbox', { name: 'Your name' }));
      await keyboard.press('ControlOrMeta+A');
      await keyboard.type(person.name);
      await tabTo(person, person.page.getByRole('textbox', { name: 'Pool code' }));
      await keyboard.type(pool);
      await keyboard.press('Enter');
      // Ready to write without another key.
      await person.page.locator('#message-field:focus').waitFor();
    }
    await Promise.all([mara.sees('Jo'), jo.sees('Mara')]);

    await mara.page.keyboard.type('written with Enter');
    await mara.page.keyboard.press('Enter');
    await jo.hears('written with Enter');
    await jo.page.keyboard.type('two');
    await jo.page.keyboard.press('Shift+Enter');
    await jo.page.keyboard.type('lines');
    await tabTo(jo, jo.button('Send'));
    await jo.page.keyboard.press('Enter');
    await mara.hears('two\nlines');

    const chooser = mara.page.waitForEvent('filechooser');
    await tabTo(mara, mara.button('Attach files'));
    await mara.page.keyboard.press('Enter');
    await (await chooser).setFiles(path);
    await tabTo(jo, jo.offer('letter.bin').getByRole('button', { name: 'Accept' }));
    await jo.page.keyboard.press('Enter');
    await jo.isVerified('letter.bin');
    const download = jo.page.waitForEvent('download');
    await tabTo(jo, jo.offer('letter.bin').getByRole('button', { name: 'Save' }));
    await jo.page.keyboard.press('Enter');
    expect(await sha256Of(await (await download).path())).toBe(await sha256Of(path));
  },
  LIMIT_MS,
);

test(
  'a phone joins, talks, accepts a file and finds it under Transfers, and nothing sticks out of its screen',
  async () => {
    const pool = world.freshPool();
    const mara = await world.member('Mara', pool);
    const jo = await world.person('Jo', await world.context(PHONE));
    const fits = (): Promise<boolean> =>
      jo.page.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth);
    const tab = (name: string): Locator => jo.page.getByRole('tab', { name });
    expect(await fits()).toBe(true);
    await jo.page.getByRole('textbox', { name: 'Your name' }).fill('Jo');
    await jo.page.getByRole('textbox', { name: 'Pool code' }).fill(pool);
    await jo.button('Join pool').tap();
    await mara.sees('Jo');
    await tab('People').tap();
    await jo.sees('Mara');
    expect(await jo.conversation.isVisible()).toBe(false);
    expect(await fits()).toBe(true);

    await tab('Chat').tap();
    await jo.message.fill('from the phone');
    await jo.button('Send').tap();
    await mara.hears('from the phone');
    await mara.say('and back');
    await jo.hears('and back');

    const path = await world.fileOf('a rather long name of a file that no phone has room for on one line.bin', 2 * MIB);
    await mara.attach(path);
    await jo.offer('a rather long').getByRole('button', { name: 'Accept' }).tap();
    await jo.isVerified('a rather long');
    expect(await fits()).toBe(true);
    expect(await jo.transfers.isVisible()).toBe(false);
    await tab('Transfers').tap();
    await jo.transfers.getByText('Verified', { exact: true }).waitFor();
    expect(await fits()).toBe(true);
    await tab('Chat').tap();
    const download = jo.page.waitForEvent('download');
    await jo.offer('a rather long').getByRole('button', { name: 'Save' }).tap();
    expect(await sha256Of(await (await download).path())).toBe(await sha256Of(path));
  },
  LIMIT_MS,
);
