// Pools one has been in: each with its own history and count of what is unread, taken along as a file, and forgotten.
import { readFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import type { Locator } from 'playwright-core';
import type { Person } from './support/person.ts';
import { LIMIT_MS, type World, withWorld } from './support/world.ts';

let world: World;
withWorld((opened) => (world = opened));

const pools = (person: Person): Locator => person.page.getByRole('list', { name: 'Pools' });

test(
  'a press goes from pool to pool, and each has its own conversation and its own unread messages',
  async () => {
    const [first, second] = [world.freshPool(), world.freshPool()];
    const [mara, jo] = [await world.member('Mara', first), await world.member('Jo', first)];
    await Promise.all([mara.sees('Jo'), jo.sees('Mara')]);
    await jo.say('in the first pool');
    await mara.hears('in the first pool');
    // While she writes to him alone, what others say to everyone waits to be read.
    await mara.button('Whisper to Jo').click();
    await jo.say('one more for everyone');
    const unread = pools(mara).getByRole('button', { name: `${first} 1 unread` });
    await unread.waitFor();
    await expectTitle(mara, /^\(1\) /u);

    await mara.button('Another pool').click();
    await mara.page.getByRole('textbox', { name: 'Pool code' }).fill(second);
    await mara.button('Go there').click();
    await mara.page.getByRole('heading', { name: second }).waitFor();
    await mara.say('in the second pool');
    await mara.hears('in the second pool');
    expect(await mara.conversation.getByText('in the first pool').count()).toBe(0);
    expect(await pools(mara).getByRole('button', { name: second }).getAttribute('aria-current')).toBe('true');
    await unread.click();
    await mara.hears('in the first pool');
    await mara.hears('one more for everyone');
    await pools(mara).getByRole('button', { name: first, exact: true }).waitFor();
    await expectTitle(mara, /^end-to-end/u);
    expect(await mara.conversation.getByText('in the second pool').count()).toBe(0);
  },
  LIMIT_MS,
);

test(
  'a conversation is exported as JSON and as Markdown, and gone once it was forgotten',
  async () => {
    const [first, second] = [world.freshPool(), world.freshPool()];
    const mara = await world.member('Mara', first);
    await mara.say('the **lighthouse** is open');
    await mara.say('until five');
    await mara.hears('until five');
    // Without a place of one's own choosing, files go to the downloads; that is what a test can read.
    await mara.page.evaluate(() => {
      delete window.showSaveFilePicker;
    });
    await mara.button('Settings').click();
    const json: unknown = JSON.parse(await exported(mara, `Export ${first} as JSON`));
    expect(json).toMatchObject([{ text: 'the **lighthouse** is open' }, { text: 'until five' }]);
    const markdown = await exported(mara, `Export ${first} as Markdown`);
    expect(markdown.startsWith(`# ${first}\n`)).toBe(true);
    expect(markdown.indexOf('the **lighthouse** is open')).toBeGreaterThan(0);
    expect(markdown.indexOf('until five')).toBeGreaterThan(markdown.indexOf('lighthouse'));

    // Into a chosen file it is written piece by piece.
    const piecewise = await mara.page.evaluate(async (name) => {
      const root = await navigator.storage.getDirectory();
      const handle = await root.getFileHandle('export.json', { create: true });
      window.showSaveFilePicker = () => Promise.resolve(handle);
      document.querySelector<HTMLButtonElement>(`button[aria-label="${name}"]`)?.click();
      while ((await handle.getFile()).size === 0) await new Promise((resolve) => setTimeout(resolve, 20));
      return (await handle.getFile()).text();
    }, `Export ${first} as JSON`);
    expect(JSON.parse(piecewise)).toEqual(json);

    await mara.button(`Forget ${first}`).click();
    await mara.button('Leave and forget').click();
    await mara.button('Join pool').waitFor();
    await mara.join(second);
    await mara.page.keyboard.press('Control+k');
    await mara.page.keyboard.type('lighthouse');
    await mara.page.getByText('Nothing found.').waitFor();
    await mara.page.keyboard.press('Escape');
    expect(await pools(mara).getByRole('listitem').count()).toBe(1);
  },
  LIMIT_MS,
);

test(
  'a pool is gone back to, and forgotten, from the start screen, and only once that was asked',
  async () => {
    const [first, second] = [world.freshPool(), world.freshPool()];
    const mara = await world.person('Mara');
    expect(await mara.button('Pools you know').count()).toBe(0);
    for (const pool of [first, second]) {
      await mara.join(pool);
      await mara.say(`the lighthouse of ${pool}`);
      await mara.hears(`the lighthouse of ${pool}`);
      await mara.button('Leave pool').click();
    }
    // As in a new tab: nothing of this device is known to the page yet.
    await mara.page.goto(`${world.url}/`);
    await mara.button('Pools you know').click();
    const kept = mara.page.getByRole('list', { name: 'Pools kept here' });
    await kept.getByRole('button', { name: second, exact: true }).waitFor();
    await mara.button(`Forget ${first}`).click();
    await mara.page.getByText(`Everything said in ${first} is deleted from this device`).waitFor();
    await mara.button('Keep it').click();
    expect(await kept.getByRole('listitem').count()).toBe(2);
    await mara.button(`Forget ${first}`).click();
    await mara.button('Forget it').click();
    await mara.page.getByText(`${first} is forgotten.`).waitFor();
    expect(await kept.getByRole('listitem').count()).toBe(1);
    await kept.getByRole('button', { name: second, exact: true }).click();
    await mara.hears(`the lighthouse of ${second}`);
    expect(await pools(mara).getByRole('listitem').count()).toBe(1);
  },
  LIMIT_MS,
);

async function exported(person: Person, button: string): Promise<string> {
  const download = person.page.waitForEvent('download');
  await person.button(button).click();
  return readFile(await (await download).path(), 'utf8');
}

async function expectTitle(person: Person, title: RegExp): Promise<void> {
  await person.page.waitForFunction((source) => new RegExp(source, 'u').test(document.title), title.source);
}
