// Two people's pages at a server that ends their connections itself, certificates and all, and passes everything on: the pages
// find it out, carry nothing and say so. The same two with an honest server meet.
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { shutdownTransports } from '../../src/io/link-node.ts';
import { launchChromium } from '../support/chromium.ts';
import { InBetween } from '../support/in-between.ts';
import { serveStatic, type StaticServer } from '../support/static-server.ts';
import { Person } from './support/person.ts';
import { LIMIT_MS } from './support/world.ts';

const SECRET = 'for friends only';
const WARNING = (name: string): string =>
  `Somebody may sit between this device and ${name}’s, so nothing is sent there. ` +
  'Ask whoever runs this server, or meet at another one.';

let browser: Browser;
let server: StaticServer;
let between: InBetween;

beforeAll(async () => {
  browser = await launchChromium();
}, LIMIT_MS);

beforeEach(async () => {
  server = await serveStatic(join(import.meta.dirname, '../../dist/web'));
});

afterEach(async () => {
  await Promise.all(browser.contexts().map((context) => context.close()));
  between.close();
  await server.close();
}, LIMIT_MS);

afterAll(async () => {
  await browser?.close();
  shutdownTransports();
}, LIMIT_MS);

/** Mara and Jo, each of whom says something to whoever is there. */
async function enter(): Promise<readonly [Person, Person]> {
  const come = async (name: string): Promise<Person> => {
    const person = new Person(await (await browser.newContext()).newPage(), name);
    await person.page.goto(`${server.origin}/`);
    await person.join('reef');
    return person;
  };
  const both = [await come('Mara'), await come('Jo')] as const;
  await Promise.all(both.map((person) => person.personIn(person === both[0] ? 'Jo' : 'Mara').waitFor()));
  await Promise.all(both.map((person) => person.say(`${SECRET}, says ${person.name}`)));
  return both;
}

test(
  'a server between two pages is found out: nobody is shown as connected, nothing passes, and both pages say why',
  async () => {
    between = new InBetween(server.server, { honest: false });
    const [mara, jo] = await enter();
    await Promise.all([
      mara.conversation.getByText(WARNING('Jo')).waitFor(),
      jo.conversation.getByText(WARNING('Mara')).waitFor(),
    ]);
    for (const [person, other] of [
      [mara, 'Jo'],
      [jo, 'Mara'],
    ] as const) {
      const row = person.personIn(other);
      await row.getByText('not connected').waitFor();
      await row.getByText('Somebody may be in between').waitFor();
      expect(await row.getByText('direct').count()).toBe(0);
    }
    // It goes on trying: another attempt fails in the same way, and what it saw of both were hellos and proofs.
    const carried = between.carried;
    expect(carried).toBeGreaterThanOrEqual(4);
    while (between.carried < carried + 4) await mara.page.waitForTimeout(50);
    expect(await mara.conversation.getByText(`${SECRET}, says Jo`).count()).toBe(0);
    expect(await jo.conversation.getByText(`${SECRET}, says Mara`).count()).toBe(0);
    expect(await mara.conversation.getByText(WARNING('Jo')).count()).toBe(1);
  },
  LIMIT_MS,
);

test(
  'the same two meet where the server passes their signals on',
  async () => {
    between = new InBetween(server.server, { honest: true });
    const [mara, jo] = await enter();
    await Promise.all([mara.sees('Jo'), jo.sees('Mara')]);
    await Promise.all([mara.hears(`${SECRET}, says Jo`), jo.hears(`${SECRET}, says Mara`)]);
    expect(await mara.people.getByText('Somebody may be in between').count()).toBe(0);
    expect(between.carried).toBe(0);
  },
  LIMIT_MS,
);
