// An account from its first passkey to a device that is revoked, in real Chromium with its virtual authenticator, at a real server
// with a database; what it changes about itself and its pools; and somebody without one, who knows a passphrase.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { AccountsPlace } from './support/accounts.ts';
import type { Person } from './support/person.ts';
import { LIMIT_MS } from './support/world.ts';

let place: AccountsPlace;

beforeAll(async () => {
  place = await AccountsPlace.open();
}, LIMIT_MS);

afterAll(() => place.close(), LIMIT_MS);

test(
  'an account opens pools to its devices, and to nobody’s that it revoked',
  async () => {
    const ada = await place.arrive('Ada');
    const field = (person: Person, name: string): ReturnType<Person['page']['getByRole']> =>
      person.page.getByRole('textbox', { name });
    const isAda = (person: Person): Promise<void> => person.page.getByText('You are Ada at this server.').waitFor();

    const codes = await place.signUp(ada);
    expect(new Set(codes).size).toBe(10);

    await ada.button('Sign out').click();
    await ada.button('Sign in with a passkey').click();
    await isAda(ada);

    await ada.button('Sign out').click();
    await ada.page.getByText('Sign in with a code').click();
    await field(ada, 'Six words from your other device, or a recovery code').fill(String(codes[3]));
    await ada.button('Sign in').click();
    await ada.page.getByText('9 recovery codes left').waitFor();

    await place.makeQuietCove(ada);

    const bob = await place.arrive('Bob');
    await field(bob, 'Pool code').fill('quiet-cove');
    await bob.button('Join pool').click();
    for (const passphrase of ['high tide', 'low tide']) {
      const door = bob.page.getByRole('dialog', { name: 'quiet-cove' });
      await door.getByText(passphrase === 'low tide' ? 'That was not the passphrase' : 'has a passphrase').waitFor();
      await door.getByLabel('Passphrase').fill(passphrase);
      await door.getByRole('button', { name: 'Join pool' }).click();
    }
    await bob.arrives();
    await ada.sees('Bob');

    await ada.button('Settings').click();
    await ada.button('Account…').click();
    await ada.button('Sign in another device').click();
    const words = await ada.page.getByLabel('Words that sign a device in').textContent();
    const phone = await place.arrive('Phone');
    await phone.page.goto(`${place.url}/#sign-in=${words?.trim().replaceAll(' ', '-')}`);
    await phone.page.reload();
    await phone.button('Sign in').click();
    await isAda(phone);
    await phone.button('Revoke Ada').click();
    await phone.button('Revoke it').click();

    await ada.page.getByText('This device was revoked by your account').waitFor();
    await bob.personIn('Ada').waitFor({ state: 'detached' });
    await ada.button('Close').click();
    await ada.button('Join pool').click();
    await ada.page.getByText('This device was revoked.').waitFor();
  },
  LIMIT_MS,
);

test(
  'an account changes its picture, its passkeys and its pools, and who is in them',
  async () => {
    const [una, vic] = await Promise.all([place.arrive('Una'), place.arrive('Vic')]);
    await Promise.all([place.signUp(una), place.signUp(vic)]);
    const { page } = una;

    const picture = { name: 'me.png', mimeType: 'image/png', buffer: await page.screenshot() };
    const chooser = page.waitForEvent('filechooser');
    await una.button('Choose a picture').click();
    await (await chooser).setFiles(picture);
    await una.button('Remove picture').waitFor();
    const shown = page.getByRole('region', { name: 'Signed in' }).locator('img');
    await expect(shown.evaluate((img: HTMLImageElement) => img.decode().then(() => img.naturalWidth))).resolves.toBe(
      256,
    );
    await una.button('Remove picture').click();
    await shown.waitFor({ state: 'detached' });

    await page.getByRole('button', { name: /^Rename the passkey/u }).click();
    await page.getByRole('textbox', { name: 'Name', exact: true }).fill('Kitchen key');
    await una.button('Rename it').click();
    await una.button('Remove the passkey Kitchen key').click();
    await una.button('Remove it').click();
    await una.button('Remove the passkey Kitchen key').waitFor({ state: 'detached' });

    await una.button('Make a pool').click();
    const made = page.getByRole('form', { name: 'New pool' });
    await made.getByRole('textbox', { name: 'Name' }).fill('Low cove');
    await made.getByRole('textbox', { name: 'Code' }).fill('low-cove');
    await una.button('Make it').click();
    await una.button('Manage Low cove').click();
    await una.button('Change Low cove').click();
    await page.getByRole('textbox', { name: 'Name', exact: true }).fill('High cove');
    await una.button('Change it').click();

    await una.button('New invitation').click();
    await page.getByRole('textbox', { name: 'For how many people' }).fill('2');
    await page.getByRole('radio', { name: 'Listeners' }).click();
    await una.button('Copy the invitation').click();
    const link = await page.getByText('#invited=low-cove/').textContent();
    await vic.button('Close').click();
    await vic.page.goto(String(link));
    await vic.page.reload();
    await vic.button('Join pool').click();
    await vic.people.waitFor();

    await una.button('Manage High cove').click();
    await una.button('Manage High cove').click();
    await una.button('Change the role of Vic').click();
    await page.getByRole('radio', { name: 'Member' }).click();
    await una.button('Change it').click();
    const members = page.getByRole('list', { name: 'Members of High cove' });
    await members.getByText('member', { exact: true }).waitFor();
    await una.button('Remove Vic').click();
    await una.button('Remove them').click();
    await members.getByText('Vic', { exact: true }).waitFor({ state: 'detached' });
    await una.button('Revoke the invitation for 1 listener').click();
    await page.getByText('Nobody has an invitation').waitFor();
    await una.button('Remove High cove').click();
    await una.button('Remove it').click();
    await una.button('Manage High cove').waitFor({ state: 'detached' });
  },
  LIMIT_MS,
);
