// The app as a host's window, at a real host: by way of which server, the host's own chooser, what arrives on its disk, what is pasted
// and dropped, settings; a window that is closed, and a host that is out of reach for a while. Others are in real Chromium.
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import type { BrowserContext, Locator, WebSocketRoute } from 'playwright-core';
import { Hosted } from './support/hosted.ts';
import { Person } from './support/person.ts';
import { LIMIT_MS, withWorld, type World } from './support/world.ts';

let world: World;
withWorld((opened) => (world = opened));

const hosts: Hosted[] = [];
const windows: Person[] = [];
afterEach(async () => {
  await Promise.all(hosts.splice(0).map((host) => host.stop()));
  expect(windows.splice(0).flatMap(({ troubles }) => troubles)).toEqual([]);
}, LIMIT_MS);

async function host(...words: readonly string[]): Promise<Hosted> {
  const started = await Hosted.start(await world.place('desk'), ...words);
  hosts.push(started);
  return started;
}

/** A window of `at`: the first one, or a further one; opened with a link's fragment. */
async function windowOf(
  at: Hosted,
  { again = false, fragment = '', context }: { again?: boolean; fragment?: string; context?: BrowserContext } = {},
): Promise<Person> {
  const page = await (context ?? (await world.context())).newPage();
  const person = new Person(page, 'Mara');
  windows.push(person);
  await page.goto((await at.entry(again)) + fragment);
  return person;
}

/** A window that is in a fresh pool with Jo. */
async function both(at: Hosted): Promise<readonly [mara: Person, jo: Person]> {
  const pool = world.freshPool();
  const mara = await windowOf(at);
  await mara.page.getByText(/^on http/u).waitFor();
  await mara.join(pool);
  const jo = await world.member('Jo', pool);
  await Promise.all([mara.sees('Jo'), jo.sees('Mara')]);
  return [mara, jo];
}

const rows = (mara: Person): Locator => mara.page.getByRole('listbox', { name: 'Files and folders' });
const row = (mara: Person, name: string): Locator => rows(mara).getByRole('option', { name });

test(
  'a new host is told its server, by address or by a whole link, and links lead there',
  async () => {
    const pool = world.freshPool();
    const mara = await windowOf(await host());
    const server = mara.page.getByRole('textbox', { name: 'Server' });
    await server.waitFor();
    await mara.page.getByRole('textbox', { name: 'Pool code' }).fill(pool);
    await mara.button('Join pool').click();
    await mara.page.getByText('Type the address of the server').waitFor();
    await server.fill('nowhere');
    await mara.button('Join pool').click();
    await mara.page.getByText('That is not an address').waitFor();

    await server.fill(world.url.replace('http://', ''));
    await mara.button('Join pool').click();
    await mara.arrives();
    const jo = await world.member('Jo', pool);
    await jo.sees('Mara');
    await jo.personIn('Mara').getByText('Desktop').waitFor();
    await mara.button('QR code').click();
    await mara.page.getByText(`${world.url}/#${pool}`, { exact: true }).waitFor();
    await mara.page.keyboard.press('Escape');

    await mara.button('Leave pool').click();
    await mara.page.getByText(`on ${world.url}`).waitFor();
    await jo.personIn('Mara').waitFor({ state: 'hidden' });
  },
  LIMIT_MS,
);

test(
  'what is chosen by keys is shared from the disk, and what arrives is a file of the disk',
  async () => {
    const at = await host('--server', world.url);
    await writeFile(join(at.home, 'notes.txt'), 'low tide at six');
    await writeFile(join(at.home, '.hidden.txt'), 'not to be seen');
    await writeFile(join(at.home, 'Documents', 'one.txt'), 'one');
    const [mara, jo] = await both(at);

    await mara.page.keyboard.press('Control+u');
    await row(mara, 'notes.txt').waitFor();
    expect(await row(mara, '.hidden.txt').count()).toBe(0);
    await mara.page.getByRole('checkbox', { name: 'Hidden files' }).check();
    await row(mara, '.hidden.txt').waitFor();
    await rows(mara).focus();
    await mara.page.keyboard.type('doc');
    await mara.page.keyboard.press('Enter');
    await row(mara, 'one.txt').waitFor();
    await mara.page.keyboard.press('Backspace');
    await row(mara, 'notes.txt').waitFor();
    await mara.page.keyboard.type('notes');
    await mara.page.keyboard.press('Enter');
    await jo.accept('notes.txt');
    await jo.isVerified('notes.txt');

    await mara.button('Attach files').click();
    await row(mara, 'Documents').click();
    await mara.button('Share “Documents”').click();
    await mara.review.getByText('1 file', { exact: true }).waitFor();
    await mara.sendReviewed();
    await jo.offer('Documents').waitFor();

    const brought = await world.fileOf('sea.bin', 100_000);
    await jo.page.locator('#files').setInputFiles(brought);
    await mara.accept('sea.bin');
    await mara.isVerified('sea.bin');
    expect(await readFile(join(at.into, 'sea.bin'))).toEqual(await readFile(brought));
    const show = mara.offer('sea.bin').getByRole('button', { name: 'Show in folder' });
    expect(await show.getAttribute('title')).toBe(join(at.into, 'sea.bin'));
    await mara.page.getByRole('tab', { name: 'History' }).click();
    const past = mara.page.getByRole('list', { name: 'History' }).getByRole('listitem');
    await past.filter({ hasText: 'sea.bin' }).getByRole('button', { name: 'Show in folder' }).waitFor();
    await past.filter({ hasText: 'notes.txt' }).getByRole('button', { name: 'Send again' }).click();
    await expectOffers(jo, 'notes.txt', 2);
  },
  LIMIT_MS,
);

test(
  'what is pasted or dropped where a window cannot tell its place is copied to the host; a folder is told to be chosen',
  async () => {
    const at = await host('--server', world.url);
    const [mara, jo] = await both(at);
    await mara.drop(await world.fileOf('dropped.bin', 70_000));
    await jo.accept('dropped.bin');
    await jo.isVerified('dropped.bin');

    await mara.page.evaluate(() => {
      const data = new DataTransfer();
      data.items.add(new File(['a tide table'], 'tides & more #1.txt', { type: 'text/plain' }));
      window.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data }));
    });
    await jo.offer('tides & more #1.txt').waitFor();

    const folder = await world.place('folder');
    await mkdir(folder);
    await mara.drop(folder);
    await mara.page.getByText('This window cannot tell where that folder lies: choose it with the button.').waitFor();
  },
  LIMIT_MS,
);

test(
  'received files go where the settings say, and a watched folder shares what it has',
  async () => {
    const at = await host('--server', world.url);
    await mkdir(join(at.home, 'Shared'));
    await writeFile(join(at.home, 'Shared', 'tides.txt'), 'six and six');
    const [mara, jo] = await both(at);
    await mara.button('Settings').click();
    await mara.button('Change the folder for received files').click();
    await mara.button('Documents').click();
    await mara.page.getByText('No folders in here.').waitFor();
    await mara.button('New folder').click();
    const name = mara.page.getByRole('textbox', { name: 'Name of the new folder' });
    await name.fill('From the pool');
    await name.press('Enter');
    await mara.button('Use this folder').click();
    await mara.page.getByText(join(at.home, 'Documents', 'From the pool'), { exact: true }).waitFor();
    await mara.button('Choose a folder…').click();
    await row(mara, 'Shared').click();
    await mara.button('Use “Shared”').click();
    await mara.button('Stop sharing this folder').waitFor();
    await mara.page.keyboard.press('Escape');
    await jo.offer('tides.txt').waitFor();

    await jo.page.locator('#files').setInputFiles(await world.fileOf('shell.bin', 20_000));
    await mara.accept('shell.bin');
    await mara.isVerified('shell.bin');
    expect(await readdir(join(at.home, 'Documents', 'From the pool'))).toContain('shell.bin');
  },
  LIMIT_MS,
);

test(
  'a window that is closed leaves the host in its pool; the next one is there at once, and windows go together',
  async () => {
    const at = await host('--server', world.url, '--background');
    const [mara, jo] = await both(at);
    await mara.say('Before');
    await mara.page.close();
    await jo.say('Meanwhile');
    const next = await windowOf(at, { again: true });
    await next.arrives();
    await next.hears('Before');
    await next.hears('Meanwhile');
    await jo.sees('Mara');

    const elsewhere = world.freshPool();
    const other = await windowOf(at, { again: true, fragment: `#${elsewhere}` });
    const question = other.page.getByRole('dialog', { name: 'Go to another pool?' });
    await question.getByText(elsewhere).waitFor();
    await question.getByRole('button', { name: 'Stay' }).click();
    await other.arrives();
    await next.page.evaluate((pool) => (location.hash = pool), elsewhere);
    await jo.personIn('Mara').waitFor({ state: 'hidden' });
    const tom = await world.member('Tom', elsewhere);
    for (const each of [next, other]) await each.sees('Tom');
    await other.button('Leave pool').click();
    for (const each of [next, other]) await each.button('Join pool').waitFor();
    await tom.personIn('Mara').waitFor({ state: 'hidden' });
  },
  LIMIT_MS,
);

test(
  'a window whose host is out of reach says so and goes on by itself, with what was said meanwhile',
  async () => {
    const at = await host('--server', world.url);
    const context = await world.context();
    let route: WebSocketRoute | undefined;
    let reachable = true;
    await context.routeWebSocket('**/host', (socket) => {
      if (!reachable) return void socket.close();
      route = socket;
      socket.connectToServer();
    });
    const pool = world.freshPool();
    const mara = await windowOf(at, { context });
    await mara.page.getByText(/^on http/u).waitFor();
    await mara.join(pool);
    const jo = await world.member('Jo', pool);
    await mara.sees('Jo');
    await mara.message.fill('A draft');

    reachable = false;
    await route?.close();
    const banner = mara.page.getByText('Rockpool is not running any more.');
    await banner.waitFor();
    await jo.say('Are you there?');
    reachable = true;
    await banner.waitFor({ state: 'hidden' });
    await mara.hears('Are you there?');
    expect(await mara.message.inputValue()).toBe('A draft');
    await mara.say('Yes');
    await jo.hears('Yes');
  },
  LIMIT_MS,
);

async function expectOffers(person: Person, name: string, count: number): Promise<void> {
  await person.conversation
    .getByRole('article', { name })
    .nth(count - 1)
    .waitFor();
}
