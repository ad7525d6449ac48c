// An account from its first passkey to a device that is revoked, in real Chromium with its virtual authenticator, at a real server
// with a database; and somebody without one, who knows a passphrase.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { Terminal } from '../cli/terminal.ts';
import { launchChromium } from '../support/chromium.ts';
import { Person } from './support/person.ts';
import { LIMIT_MS } from './support/world.ts';

/** A fingerprint reader that says yes at once. */
const AUTHENTICATOR = {
  protocol: 'ctap2',
  transport: 'internal',
  hasResidentKey: true,
  hasUserVerification: true,
  isUserVerified: true,
  automaticPresenceSimulation: true,
} as const;

let browser: Browser;
let server: Terminal;
let folder: string;
let url: string;
const people: Person[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rockpool-accounts-'));
  server = new Terminal('serve', '--port', '0', '--data', folder);
  const [launched, listening] = await Promise.all([launchChromium(), server.event('listening')]);
  browser = launched;
  url = String(listening['url']);
}, LIMIT_MS);

afterAll(async () => {
  await browser.close();
  server.stop('SIGTERM');
  await server.exit;
  await rm(folder, { recursive: true });
}, LIMIT_MS);

/** In a browser of their own, with its own authenticator. */
async function arrive(name: string): Promise<Person> {
  const context = await browser.newContext({ reducedMotion: 'reduce' });
  context.setDefaultTimeout(20_000);
  const page = await context.newPage();
  const devtools = await context.newCDPSession(page);
  await devtools.send('WebAuthn.enable');
  await devtools.send('WebAuthn.addVirtualAuthenticator', { options: AUTHENTICATOR });
  const person = new Person(page, name);
  people.push(person);
  await page.goto(`${url}/`);
  await page.getByRole('textbox', { name: 'Your name' }).fill(name);
  return person;
}

test(
  'an account opens pools to its devices, and to nobody’s that it revoked',
  async () => {
    const ada = await arrive('Ada');
    const field = (person: Person, name: string): ReturnType<Person['page']['getByRole']> =>
      person.page.getByRole('textbox', { name });
    const isAda = (person: Person): Promise<void> => person.page.getByText('You are Ada at this server.').waitFor();

    await ada.button('Account').click();
    await ada.page.getByText('New here').click();
    await ada.button('Create an account').click();
    await ada.button('I have kept them').waitFor();
    const codes = await ada.page.getByRole('list', { name: 'Recovery codes' }).getByRole('listitem').allTextContents();
    expect(new Set(codes).size).toBe(10);
    await ada.button('I have kept them').click();
    await isAda(ada);

    await ada.button('Sign out').click();
    await ada.button('Sign in with a passkey').click();
    await isAda(ada);

    await ada.button('Sign out').click();
    await ada.page.getByText('Sign in with a code').click();
    await field(ada, 'Six words from your other device, or a recovery code').fill(String(codes[3]));
    await ada.button('Sign in').click();
    await ada.page.getByText('9 recovery codes left').waitFor();

    await ada.button('Make a pool').click();
    const form = ada.page.getByRole('form', { name: 'New pool' });
    await form.getByRole('textbox', { name: 'Name' }).fill('Quiet cove');
    await form.getByRole('textbox', { name: 'Code' }).fill('quiet-cove');
    await form.getByRole('radio', { name: 'Who knows a passphrase' }).click();
    await form.getByLabel('Passphrase', { exact: true }).fill('low tide');
    await ada.button('Make it').click();
    await ada.button('Go to Quiet cove').click();
    await ada.arrives();

    const bob = await arrive('Bob');
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
    const phone = await arrive('Phone');
    await phone.page.goto(`${url}/#sign-in=${words?.trim().replaceAll(' ', '-')}`);
    await phone.page.reload();
    await phone.button('Sign in').click();
    await isAda(phone);
    await phone.button('Revoke Ada').click();
    await phone.button('Revoke it').click();

    await ada.page.getByText('ended the session of this device').waitFor();
    await bob.personIn('Ada').waitFor({ state: 'detached' });
    await ada.button('Close').click();
    await ada.button('Rejoin').click();
    await ada.page.getByText('This device was revoked.').waitFor();
    expect(people.flatMap(({ troubles }) => troubles)).toEqual([]);
  },
  LIMIT_MS,
);
