// What was said stays: over reloads, for those who come later, and where something is missing the page says so until it is there.
import { expect, test } from '@jest/globals';
import { openRoom, whisperTo } from './support/talker.ts';
import { LIMIT_MS, type World, withWorld } from './support/world.ts';

let world: World;
withWorld((opened) => (world = opened));

test(
  'history and draft are there after a reload, also while nobody else is',
  async () => {
    const pool = world.freshPool();
    const [mara, jo] = [await world.member('Mara', pool), await world.member('Jo', pool)];
    await mara.sees('Jo');
    await mara.say('high water');
    await jo.hears('high water');
    await jo.message.fill('I was going to say');
    await mara.page.context().close();
    await jo.reload();
    await jo.hears('high water');
    expect(await jo.message.inputValue()).toBe('I was going to say');
    // One who comes later gets it from whoever is there, and not its key.
    const tom = await world.member('Tom', pool);
    await tom.conversation.getByText(/^A sealed message: the key is not for this device/u).waitFor();
    expect(await tom.page.getByText('high water').count()).toBe(0);
  },
  LIMIT_MS,
);

test(
  'a line stands before what is unread, and it is counted until it is seen',
  async () => {
    const pool = world.freshPool();
    const [mara, jo] = [await world.member('Mara', pool), await world.member('Jo', pool)];
    await Promise.all([mara.sees('Jo'), jo.sees('Mara')]);
    await mara.say('seen');
    await jo.hears('seen');
    await whisperTo(jo, 'Mara');
    for (const text of ['first unseen', 'second unseen']) await mara.say(text);
    const everyone = jo.page.getByRole('list', { name: 'Rooms' }).getByRole('button', { name: /Everyone/u });
    await everyone.getByText('2 unread').waitFor();
    await openRoom(jo, 'Everyone');
    await jo.hears('second unseen');
    const texts = await jo.conversation.locator('[data-index]').allTextContents();
    const unread = texts.findIndex((text) => text.startsWith('New'));
    expect(texts[unread]).toContain('first unseen');
    expect(texts.filter((text) => text.startsWith('New'))).toHaveLength(1);
    await everyone.getByText('2 unread').waitFor({ state: 'hidden' });
    await openRoom(jo, 'Mara');
    await openRoom(jo, 'Everyone');
    await jo.hears('second unseen');
    expect(await jo.conversation.getByText('New', { exact: true }).count()).toBe(0);
  },
  LIMIT_MS,
);
