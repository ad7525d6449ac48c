// What somebody said is reported by a guest, and an operator looks at it and decides: three pages at a real server with a database.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { AccountsPlace } from './support/accounts.ts';
import type { Person } from './support/person.ts';
import { LIMIT_MS } from './support/world.ts';

const THREAT = 'Pay up, **or else**: [here](https://loud.example)';

let place: AccountsPlace;

beforeAll(async () => {
  place = await AccountsPlace.open();
}, LIMIT_MS);

afterAll(() => place.close(), LIMIT_MS);

/** Reports what a menu was opened for. Resolves to what the person was told of who sees what. */
async function report(person: Person, offence: string): Promise<string> {
  await person.button('Report…').click();
  const dialog = person.page.getByRole('dialog', { name: /^Report this/u });
  const told = await dialog.getByText('Whoever runs this server').textContent();
  await dialog.getByRole('radio', { name: offence }).click();
  await dialog.getByRole('button', { name: 'Report' }).click();
  await dialog.getByText(/^Reported\.|^You had reported this before\./u).waitFor();
  await dialog.getByRole('button', { name: 'Done' }).click();
  return told ?? '';
}

/** The newest message of Jo's that is in sight. */
const openMenu = (person: Person): Promise<void> =>
  person.page.getByRole('button', { name: 'More for Jo’s message' }).last().click({ force: true });

test(
  'a guest reports a message and a whisper; the operator reads them as they were signed, upholds, bans and lifts',
  async () => {
    const [olga, mara, jo] = await Promise.all([place.arrive('Olga'), place.arrive('Mara'), place.arrive('Jo')]);
    await place.signUp(olga);
    const id = await olga.page.getByRole('region', { name: 'Signed in' }).locator('code').textContent();
    expect(await olga.button('Moderation').count()).toBe(0);
    await place.serveAnew('--operators', String(id));

    await Promise.all([mara.join('loud-cove'), jo.join('loud-cove')]);
    await Promise.all([mara.sees('Jo'), jo.sees('Mara')]);
    await jo.say(THREAT);
    await mara.hears('or else');
    await openMenu(mara);
    expect(await report(mara, 'Abuse or threats')).toBe(
      'Whoever runs this server sees this message as Jo signed it, this pool’s code, and that you reported it. Nothing else ' +
        'is shown, and Jo is not told who reported.',
    );
    await openMenu(mara);
    await report(mara, 'Spam');
    await jo.page.getByRole('button', { name: 'More for your message' }).last().click({ force: true });
    await jo.button('Edit').waitFor();
    expect(await jo.button('Report…').count()).toBe(0);
    await jo.page.keyboard.press('Escape');

    await jo.button('Whisper to Mara').click();
    await jo.say('Only you will see this');
    await mara.button('Whisper to Jo').click();
    await mara.hears('Only you will see this');
    await openMenu(mara);
    expect(await report(mara, 'Spam')).toContain('between whom this whisper is');

    const { page } = olga;
    await olga.button('Close').click();
    await olga.button('Account').click();
    await olga.button('Moderation').click();
    const moderation = page.getByRole('dialog', { name: 'Moderation' });
    const reports = moderation.getByRole('list', { name: 'Open reports' });
    const [first, second] = [reports.getByRole('button').first(), reports.getByRole('button').last()];
    await second.focus();
    await page.keyboard.press('Enter');
    await reports.getByText('Only you will see this', { exact: true }).waitFor();
    await olga.button('Dismiss').click();
    await moderation.getByText('Dismissed: it counts for nothing.').waitFor();

    expect(await first.textContent()).toContain('this one 2 times');
    await first.click();
    await reports.getByText(THREAT, { exact: true }).waitFor();
    expect(await reports.getByRole('link').count()).toBe(0);
    await reports.getByRole('textbox', { name: 'Note, kept in the audit' }).fill('A threat');
    await olga.button('Uphold').click();
    await moderation.getByText(/^Upheld: 1 strike counts against/u).waitFor();
    await moderation.getByText('Nobody waits for a decision.').waitFor();
    await jo.page.getByText('ended the session of this device').waitFor();

    await page.getByRole('tab', { name: 'Reports' }).press('ArrowLeft');
    const strike = moderation.getByRole('listitem').filter({ hasText: 'Strike against' });
    await strike.getByText('A threat').waitFor();
    const device = String(await strike.locator('code').textContent());
    await page.keyboard.press('ArrowLeft');
    await olga.button('Ban somebody').click();
    await moderation.getByRole('radio', { name: 'A device' }).click();
    await moderation.getByRole('textbox', { name: 'The device’s id' }).fill(device);
    await moderation.getByRole('radio', { name: 'For ever' }).click();
    await moderation.getByRole('textbox', { name: 'Why' }).fill('Threats');
    await moderation.getByRole('button', { name: 'Ban', exact: true }).click();
    await moderation.getByText('Out for ever: Threats').waitFor();
    await jo.button('Rejoin').click();
    await jo.page.getByText('This device may not join this pool.').waitFor();

    await olga.button(`Lift the ban of ${device}`).click();
    await olga.button('Lift it').click();
    await moderation.getByText('Nobody is banned.').waitFor();
    await jo.button('Rejoin').click();
    await jo.arrives();
  },
  LIMIT_MS,
);
