// What can be done with messages, seen at both ends: Markdown, code, answers, reactions, changes, taking back, a majority's word.
import { expect, test } from '@jest/globals';
import { choose, mark, menu, message } from './support/talker.ts';
import { LIMIT_MS, type World, withWorld } from './support/world.ts';

let world: World;
withWorld((opened) => (world = opened));

test(
  'Markdown is shown as it is meant, and code is copied by one press',
  async () => {
    const pool = world.freshPool();
    const context = await world.context({ permissions: ['clipboard-read', 'clipboard-write'] });
    const [mara, jo] = [await world.member('Mara', pool), await world.member('Jo', pool, context)];
    await mara.sees('Jo');
    await mara.say(
      'a **bold** word\n\n- one\n- two\n\n```\nlet fish = "**";\nlet more;\n```\n[pool](https://a.example/x)',
    );
    const row = message(jo, 'bold');
    await row.locator('strong').getByText('bold', { exact: true }).waitFor();
    expect(await row.getByRole('listitem').allTextContents()).toEqual(['one', 'two']);
    const link = row.getByRole('link', { name: 'pool' });
    expect(await link.getAttribute('rel')).toContain('noopener');
    await row.getByText('(a.example)', { exact: true }).waitFor();
    await row.getByRole('button', { name: 'Copy code' }).click();
    await row.getByRole('button', { name: 'Copied' }).waitFor();
    expect(await jo.page.evaluate(() => navigator.clipboard.readText())).toBe('let fish = "**";\nlet more;');
    await choose(jo, 'bold', 'Copy text');
    expect(await jo.page.evaluate(() => navigator.clipboard.readText())).toContain('a **bold** word');
  },
  LIMIT_MS,
);

test(
  'an answer quotes what it answers, a reaction is counted, and both are seen at the other end',
  async () => {
    const pool = world.freshPool();
    const [mara, jo] = [await world.member('Mara', pool), await world.member('Jo', pool)];
    await mara.sees('Jo');
    await mara.say('shall we swim?');
    await jo.hears('shall we swim?');
    await choose(jo, 'shall we swim?', 'Reply');
    await jo.page.locator('#message-field:focus').waitFor();
    await jo.page.keyboard.type('at noon');
    await jo.page.keyboard.press('Enter');
    await message(mara, 'at noon').getByRole('button', { name: 'In reply to You: shall we swim?' }).waitFor();
    await message(jo, 'at noon').getByRole('button', { name: 'In reply to Mara: shall we swim?' }).click();
    await jo.conversation.locator('[data-marked=true]').getByText('shall we swim?').waitFor();

    await choose(jo, 'shall we swim?', 'React with 👍');
    const thumb = message(mara, 'shall we swim?').getByRole('button', { name: '👍 1, from Jo' });
    await thumb.click();
    await message(jo, 'shall we swim?')
      .getByRole('button', { name: /^👍 2, from / })
      .waitFor();
    await message(mara, 'shall we swim?')
      .getByRole('button', { name: /^👍 2, from / })
      .click();
    await message(jo, 'shall we swim?').getByRole('button', { name: '👍 1, from you' }).waitFor();

    const opened = await menu(mara, 'at noon');
    await opened.getByRole('button', { name: 'Another emoji' }).click();
    await opened.getByRole('textbox', { name: 'Any emoji' }).fill('not one');
    expect(await opened.getByRole('button', { name: 'React', exact: true }).isDisabled()).toBe(true);
    await opened.getByRole('textbox', { name: 'Any emoji' }).fill('🐙');
    await mara.page.keyboard.press('Enter');
    await message(jo, 'at noon').getByRole('button', { name: '🐙 1, from Mara' }).waitFor();
  },
  LIMIT_MS,
);

test(
  'what was said is changed, and taken back, at the other’s page too',
  async () => {
    const pool = world.freshPool();
    const [mara, jo] = [await world.member('Mara', pool), await world.member('Jo', pool)];
    await mara.sees('Jo');
    await mara.say('teh tide');
    await jo.hears('teh tide');
    await mara.message.press('ArrowUp');
    expect(await mara.message.inputValue()).toBe('teh tide');
    await mara.message.fill('the tide');
    await mara.message.press('Enter');
    await jo.hears('the tide');
    await message(jo, 'the tide').getByText('edited').waitFor();
    expect(await jo.conversation.getByText('teh tide').count()).toBe(0);

    // What was begun before a change is there again after it.
    await mara.message.fill('half a thought');
    await choose(mara, 'the tide', 'Edit');
    await mara.page.locator('#message-field:focus').waitFor();
    await mara.page.keyboard.press('Escape');
    expect(await mara.message.inputValue()).toBe('half a thought');

    await choose(mara, 'the tide', 'Take back…');
    await mara.button('Take back').click();
    await jo.hears('Taken back.');
    await mara.hears('You took this back. Removed on 1 of 1 device here.');
    for (const person of [mara, jo]) expect(await person.conversation.getByText('the tide').count()).toBe(0);
    await jo.reload();
    await jo.hears('Taken back.');
    expect(await jo.page.getByText('the tide').count()).toBe(0);
  },
  LIMIT_MS,
);

test(
  'an important message is confirmed once more than half of the people say so',
  async () => {
    const [mara, jo, tom] = await world.trio();
    await mark(mara, 'Important', 'Jo');
    await mara.say('the gate closes at nine');
    await message(jo, 'the gate closes at nine').getByText('Important, calls you').waitFor();
    await message(tom, 'the gate closes at nine').getByText('Important, calls Jo').waitFor();
    await message(jo, 'the gate closes at nine').getByRole('button', { name: 'Confirm' }).click();
    await message(mara, 'the gate closes at nine').getByText('Confirmed by 1 of 3', { exact: true }).waitFor();
    await message(tom, 'the gate closes at nine').getByRole('button', { name: 'Confirm' }).click();
    for (const person of [mara, jo, tom]) {
      await message(person, 'the gate closes at nine').getByText('Confirmed by 2 of 3', { exact: true }).waitFor();
    }
    // How it was meant was meant once.
    await mara.say('and that is all');
    await jo.hears('and that is all');
    expect(
      await message(jo, 'and that is all')
        .getByText(/Important|calls/u)
        .count(),
    ).toBe(0);
  },
  LIMIT_MS,
);

test(
  'an announcement of the pool’s owner stays above the conversation until it is taken note of',
  async () => {
    const pool = world.freshPool();
    const mara = await world.member('Mara', pool);
    const jo = await world.member('Jo', pool);
    await mara.sees('Jo');
    await jo.button('How it is meant').click();
    expect(await jo.page.getByRole('checkbox', { name: 'Announcement' }).count()).toBe(0);
    await jo.page.keyboard.press('Escape');
    await mark(mara, 'Announcement');
    await mara.say('**Low tide** at six');
    const strip = jo.page.getByRole('region', { name: 'Announcement' });
    await strip.getByText('Low tide at six').waitFor();
    await jo.reload();
    await strip.getByRole('button', { name: 'Got it' }).click();
    await strip.waitFor({ state: 'hidden' });
    await jo.reload();
    await jo.hears('Low tide');
    expect(await strip.count()).toBe(0);
  },
  LIMIT_MS,
);
