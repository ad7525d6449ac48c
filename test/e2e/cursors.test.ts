// Live cursors and the figures of a connection, over real links between real pages.
import { expect, test } from '@jest/globals';
import type { Person } from './support/person.ts';
import { LIMIT_MS, type World, withWorld } from './support/world.ts';

/** How far off a cursor may be drawn, pixels: of the larger page. */
const SLACK_PX = 3;
/** How long a pointer may take to be where it was put, milliseconds: many times what it does. */
const ARRIVAL_MS = 10_000;
const LOOK_EVERY_MS = 50;

let world: World;
withWorld((opened) => (world = opened));

/** Points until `other` sees it there; a frame or two may be lost, so the hand is never quite still. */
async function pointsFor(hand: Person, other: Person, x: number, y: number): Promise<void> {
  const { width = 0 } = other.page.viewportSize() ?? {};
  const deadline = Date.now() + ARRIVAL_MS;
  for (let step = 0; ; step += 1) {
    await hand.pointAt(x + (step % 2) / width, y);
    await other.page.waitForTimeout(LOOK_EVERY_MS);
    const seen = await other.cursorAt(hand.name);
    const near = SLACK_PX / width;
    if (seen !== undefined && Math.abs(seen.x - x) < near && Math.abs(seen.y - y) < 2 * near) return;
    if (Date.now() > deadline) {
      throw new Error(`expected ${hand.name}'s cursor at ${x}, ${y}, got ${seen?.x ?? 'none'}, ${seen?.y ?? 'none'}`);
    }
  }
}

test(
  'who shows their cursor and has it shown is seen where they point, whatever the size of the window',
  async () => {
    const pool = world.freshPool();
    const mara = await world.member('Mara', pool);
    const jo = await world.member('Jo', pool, await world.context({ viewport: { width: 1000, height: 600 } }));
    await Promise.all([mara.sees('Jo'), jo.sees('Mara')]);
    expect(await jo.cursorSwitch.getAttribute('aria-pressed')).toBe('false');
    await jo.cursorSwitch.press('Enter');
    expect(await jo.cursorSwitch.getAttribute('aria-pressed')).toBe('true');

    // One who has not switched it on is not seen, however much they move.
    for (let x = 0.1; x < 0.9; x += 0.1) await mara.pointAt(x, 0.5);
    await mara.message.fill('by keyboard');
    await mara.message.press('Enter');
    await jo.hears('by keyboard');
    expect(await jo.cursorOf('Mara').count()).toBe(0);

    await mara.cursorSwitch.click();
    await pointsFor(mara, jo, 0.25, 0.5);
    await pointsFor(mara, jo, 0.7, 0.2);
    await pointsFor(jo, mara, 0.5, 0.75);
    // Even at the edge the whole name is within the page, and nothing under a cursor is out of reach.
    await pointsFor(mara, jo, 0.995, 0.99);
    expect(await jo.page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBe(0);
    await jo.message.click();
    await jo.say('seen');
    await mara.hears('seen');

    await jo.cursorSwitch.click();
    await jo.cursorOf('Mara').waitFor({ state: 'detached' });
    // Jo's own is gone at Mara's too: the pointer has left the conversation.
    await mara.cursorOf('Jo').waitFor({ state: 'detached' });
  },
  LIMIT_MS,
);

test(
  'a cursor goes with its pointer, comes back with it, and is gone once it lies still; a reload remembers the switch',
  async () => {
    const pool = world.freshPool();
    const [mara, jo] = [await world.member('Mara', pool), await world.member('Jo', pool)];
    await Promise.all([mara.sees('Jo'), jo.sees('Mara')]);
    await mara.cursorSwitch.click();
    await jo.cursorSwitch.click();
    await pointsFor(mara, jo, 0.4, 0.4);
    await mara.message.hover();
    await jo.cursorOf('Mara').waitFor({ state: 'detached' });
    await pointsFor(mara, jo, 0.6, 0.6);
    await jo.cursorOf('Mara').waitFor({ state: 'detached' });

    await jo.page.reload();
    await Promise.all([jo.sees('Mara'), mara.sees('Jo')]);
    expect(await jo.cursorSwitch.getAttribute('aria-pressed')).toBe('true');
    await pointsFor(mara, jo, 0.3, 0.3);
    await mara.page.close();
    await jo.cursorOf('Mara').waitFor({ state: 'detached' });
  },
  LIMIT_MS,
);

test(
  'the figures of a connection open from a row by keyboard, are measured, and close with Escape',
  async () => {
    const pool = world.freshPool();
    const [mara, jo] = [await world.member('Mara', pool), await world.member('Jo', pool)];
    await Promise.all([mara.sees('Jo'), jo.sees('Mara')]);
    const figures = jo.page.getByRole('group', { name: 'Connection to Mara' });
    const button = jo.button('Connection to Mara');
    expect(await figures.count()).toBe(0);
    await button.press('Enter');
    expect(await button.getAttribute('aria-expanded')).toBe('true');
    const figure = (label: string): ReturnType<typeof figures.getByText> =>
      figures.locator('div').filter({ has: jo.page.getByText(label, { exact: true }) });
    await figure('Round trip')
      .getByText(/^[\d.,]+ m?s$/u)
      .waitFor();
    await figure('Path').getByText('direct', { exact: true }).waitFor();
    await figure('Receiving')
      .getByText(/^[\d.,]+ k?B\/s$/u)
      .waitFor();
    await figure('Lanes')
      .getByText(/^[1-9]\d*$/u)
      .waitFor();
    await jo.page.keyboard.press('Escape');
    await figures.waitFor({ state: 'detached' });
    expect(await button.evaluate((element) => element === document.activeElement)).toBe(true);
  },
  LIMIT_MS,
);
