// A whisper stays between those it is for: nobody else sees it, and nothing written for one room can go to another.
import { expect, test } from '@jest/globals';
import { choose, message, openRoom, whisperTo } from './support/talker.ts';
import { LIMIT_MS, type World, withWorld } from './support/world.ts';

let world: World;
withWorld((opened) => (world = opened));

test(
  'a whisper is seen by the one it is for, and by nobody else',
  async () => {
    const [mara, jo, tom] = await world.trio();
    await whisperTo(mara, 'Jo');
    await mara.page.getByText('Whisper to Jo', { exact: true }).waitFor();
    await mara.say('between us');
    await openRoom(jo, 'Mara');
    await jo.hears('between us');
    await jo.say('yes, between us');
    await mara.hears('yes, between us');
    // Later than all of it, by the same links.
    await openRoom(mara, 'Everyone');
    await mara.say('for everyone');
    await tom.hears('for everyone');
    expect(await tom.page.getByText('between us').count()).toBe(0);
    await openRoom(jo, 'Everyone');
    await jo.hears('for everyone');
    expect(await jo.conversation.getByText('between us').count()).toBe(0);
  },
  LIMIT_MS,
);

test(
  'text and answer belong to their room, and Enter sends to the room that the composer shows',
  async () => {
    const pool = world.freshPool();
    const [mara, jo] = [await world.member('Mara', pool), await world.member('Jo', pool)];
    await Promise.all([mara.sees('Jo'), jo.sees('Mara')]);
    await jo.say('what do you think?');
    await mara.hears('what do you think?');
    await choose(mara, 'what do you think?', 'Reply');
    await mara.message.fill('said to all');
    await whisperTo(mara, 'Jo');
    expect(await mara.message.inputValue()).toBe('');
    expect(await mara.page.getByRole('button', { name: 'Do not reply' }).count()).toBe(0);
    await mara.message.fill('said to one');
    await openRoom(mara, 'Everyone');
    expect(await mara.message.inputValue()).toBe('said to all');
    expect(await mara.page.getByRole('button', { name: 'Do not reply' }).count()).toBe(1);

    // The press of Enter and the change of rooms in one and the same task: what the composer showed is what counts.
    await whisperTo(mara, 'Jo');
    await mara.page.evaluate(() => {
      const field = document.querySelector<HTMLTextAreaElement>('#message-field');
      const rooms = [...document.querySelectorAll<HTMLButtonElement>('ul[aria-labelledby=rooms-title] button')];
      rooms.find((room) => room.textContent?.includes('Everyone'))?.click();
      field?.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true }));
    });
    await openRoom(jo, 'Mara');
    await jo.hears('said to one');
    await openRoom(jo, 'Everyone');
    // The other way round: first the key, then the room.
    await mara.page.evaluate(() => {
      const field = document.querySelector<HTMLTextAreaElement>('#message-field');
      field?.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true }));
      document.querySelector<HTMLButtonElement>('[aria-label="Whisper to Jo"]')?.click();
    });
    await jo.hears('said to all');
    await message(jo, 'said to all').getByRole('button', { name: 'In reply to You: what do you think?' }).waitFor();
    expect(await jo.conversation.getByText('said to one').count()).toBe(0);
  },
  LIMIT_MS,
);

test(
  'a text that is too long for a message is said to be, stays as it is, and goes as a file',
  async () => {
    const pool = world.freshPool();
    const [mara, jo] = [await world.member('Mara', pool), await world.member('Jo', pool)];
    await mara.sees('Jo');
    const text = 'tide '.repeat(200_000);
    await mara.message.fill(text);
    await mara.page.getByText('999,999 characters do not fit in one message: 8,192 do.').waitFor();
    await mara.message.press('Enter');
    expect((await mara.message.inputValue()).length).toBe(text.length);
    await mara.button('Send as a file').click();
    await jo.accept('text.txt');
    await jo.isVerified('text.txt');
    expect(await mara.message.inputValue()).toBe('');
  },
  LIMIT_MS,
);
