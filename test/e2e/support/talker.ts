// What somebody does with messages in a page: finds one, opens its menu, writes in the room that is open.
import type { Locator } from 'playwright-core';
import type { Person } from './person.ts';

/** The row of the newest message with this text. */
export function message(person: Person, text: string): Locator {
  return person.conversation
    .locator('[data-index]')
    .filter({ has: person.page.getByText(text, { exact: true }) })
    .last();
}

/** The menu of that message. */
export async function menu(person: Person, text: string): Promise<Locator> {
  const row = message(person, text);
  await row.hover();
  await row.getByRole('button', { name: /^More for/u }).click();
  const opened = person.page.getByRole('dialog', { name: 'Message', exact: true });
  await opened.waitFor();
  return opened;
}

/** Chooses `item` from that menu. */
export async function choose(person: Person, text: string, item: string): Promise<void> {
  await (await menu(person, text)).getByRole('button', { name: item, exact: true }).click();
}

/** Opens a room of the pool by its name; `Everyone` is the pool's own. */
export async function openRoom(person: Person, name: string): Promise<void> {
  await person.page.getByRole('list', { name: 'Rooms' }).getByRole('button', { name }).click();
  await person.message.waitFor();
}

/** Opens the whisper with somebody. */
export async function whisperTo(person: Person, name: string): Promise<void> {
  await person.page.getByRole('button', { name: `Whisper to ${name}`, exact: true }).click();
  await person.page.getByRole('textbox', { name: `Message to ${name}` }).waitFor();
}

/** Opens the composer's menu of how a message is meant, ticks `what`, and closes it. */
export async function mark(person: Person, ...what: readonly string[]): Promise<void> {
  await person.button('How it is meant').click();
  for (const each of what) await person.page.getByRole('checkbox', { name: each }).check();
  await person.page.keyboard.press('Escape');
}
