// A server with accounts and a database of its own, and the people who come to it in real Chromium, each with the browser's virtual
// authenticator.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { Terminal } from '../../cli/terminal.ts';
import { launchChromium } from '../../support/chromium.ts';
import { Person } from './person.ts';

/** A fingerprint reader that says yes at once. */
const AUTHENTICATOR = {
  protocol: 'ctap2',
  transport: 'internal',
  hasResidentKey: true,
  hasUserVerification: true,
  isUserVerified: true,
  automaticPresenceSimulation: true,
} as const;

/** How long a page may take to show something, milliseconds. */
const PATIENCE_MS = 20_000;

export class AccountsPlace {
  /** The server's address, without a slash at its end. */
  readonly url: string;
  readonly #browser: Browser;
  readonly #folder: string;
  readonly #people: Person[] = [];
  #server: Terminal;

  private constructor(parts: { url: string; browser: Browser; folder: string; server: Terminal }) {
    this.url = parts.url;
    this.#browser = parts.browser;
    this.#folder = parts.folder;
    this.#server = parts.server;
  }

  static async open(): Promise<AccountsPlace> {
    const folder = await mkdtemp(join(tmpdir(), 'rockpool-accounts-'));
    const server = new Terminal('serve', '--port', '0', '--data', folder);
    const [browser, listening] = await Promise.all([launchChromium(), server.event('listening')]);
    return new AccountsPlace({ url: String(listening['url']), browser, folder, server });
  }

  /** Ends the server as a crash would, and starts it anew at the same address. */
  async serveAnew(...options: readonly string[]): Promise<void> {
    this.#server.stop('SIGKILL');
    await this.#server.exit;
    this.#server = new Terminal('serve', '--port', new URL(this.url).port, '--data', this.#folder, ...options);
    await this.#server.event('listening');
  }

  /** At the start screen, in a browser of their own; `address`: another one than the server's. */
  async arrive(name: string, address: string = `${this.url}/`): Promise<Person> {
    const context = await this.#browser.newContext({ reducedMotion: 'reduce' });
    context.setDefaultTimeout(PATIENCE_MS);
    const page = await context.newPage();
    const devtools = await context.newCDPSession(page);
    await devtools.send('WebAuthn.enable');
    await devtools.send('WebAuthn.addVirtualAuthenticator', { options: AUTHENTICATOR });
    const person = new Person(page, name);
    this.#people.push(person);
    await page.goto(address);
    await page.getByRole('textbox', { name: 'Your name' }).fill(name);
    return person;
  }

  /** Makes an account from the start screen, and leaves its dialog open. Resolves to the recovery codes. */
  async signUp(person: Person): Promise<readonly string[]> {
    await person.button('Account').click();
    await person.page.getByText('New here').click();
    await person.button('Create an account').click();
    await person.button('I have kept them').waitFor();
    const codes = person.page.getByRole('list', { name: 'Recovery codes' }).getByRole('listitem');
    const shown = await codes.allTextContents();
    await person.button('I have kept them').click();
    await person.page.getByText(`You are ${person.name} at this server.`).waitFor();
    return shown;
  }

  /** From the account's dialog: a pool `quiet-cove` for who knows the passphrase `low tide`, and into it. */
  async makeQuietCove(person: Person): Promise<void> {
    await person.button('Make a pool').click();
    const form = person.page.getByRole('form', { name: 'New pool' });
    await form.getByRole('textbox', { name: 'Name' }).fill('Quiet cove');
    await form.getByRole('textbox', { name: 'Code' }).fill('quiet-cove');
    await form.getByRole('radio', { name: 'Who knows a passphrase' }).click();
    await form.getByLabel('Passphrase', { exact: true }).fill('low tide');
    await person.button('Make it').click();
    await person.button('Go to Quiet cove').click();
    await person.arrives();
  }

  /** Nothing may have gone wrong unseen until then. */
  async close(): Promise<void> {
    await this.#browser.close();
    this.#server.stop('SIGTERM');
    await this.#server.exit;
    await rm(this.#folder, { recursive: true });
    expect(this.#people.flatMap(({ troubles }) => troubles)).toEqual([]);
  }
}
