// People who hide their address: the page's own choice, a real coturn, and what the page says where there is no relay.
import { networkInterfaces } from 'node:os';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import type { RunningServer } from '../../signaling/server.ts';
import { coturnMissing, startCoturn, type RunningCoturn } from '../signaling/coturn.ts';
import { startServer } from '../signaling/load-server.ts';
import { launchChromium } from '../support/chromium.ts';
import { Person } from './support/person.ts';
import { LIMIT_MS } from './support/world.ts';

const RELAY_ONLY = 'Hide my address from others: relay only';
const webRoot = fileURLToPath(new URL('../../dist/web', import.meta.url));
/** coturn never relays to loopback: an address of this machine's own is needed. */
const own = Object.values(networkInterfaces())
  .flatMap((each) => each ?? [])
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
const missing = coturnMissing() ?? (own === undefined ? 'this machine has no IPv4 address but loopback' : undefined);
if (missing !== undefined) process.stderr.write(`Skipped, because ${missing}: pages that hide their address.\n`);
const address = own ?? '';

(missing === undefined ? describe : describe.skip)('somebody who hides their address', () => {
  let browser: Browser | undefined;
  let coturn: RunningCoturn | undefined;
  let relayed: RunningServer | undefined;
  let bare: RunningServer | undefined;
  const people: Person[] = [];

  beforeAll(async () => {
    coturn = await startCoturn(address, { allowedPeers: [address], relayPorts: [35_200, 35_399] });
    const { iceServer } = coturn;
    relayed = await startServer({ webRoot, iceServers: (device) => [iceServer(device)] });
    bare = await startServer({ webRoot });
    browser = await launchChromium();
  }, LIMIT_MS);
  afterAll(async () => {
    expect(people.flatMap(({ troubles }) => troubles)).toEqual([]);
    await browser?.close();
    await Promise.all([relayed?.close(), bare?.close(), coturn?.close()]);
  }, LIMIT_MS);

  const member = async (name: string, server: RunningServer | undefined): Promise<Person> => {
    if (browser === undefined || server === undefined) throw new Error('not ready');
    const person = new Person(await (await browser.newContext()).newPage(), name);
    people.push(person);
    await person.page.goto(`${server.url}/`);
    await person.join('hidden');
    return person;
  };
  /** The page rejoins by itself. */
  const hide = async (person: Person): Promise<void> => {
    await person.button('Settings').click();
    const loaded = person.page.waitForEvent('load');
    await person.page.getByRole('checkbox', { name: RELAY_ONLY }).click();
    await loaded;
    await person.arrives();
  };

  test(
    'is reached through the relay, and is told why not where there is none',
    async () => {
      const [mara, jo] = [await member('Mara', relayed), await member('Jo', relayed)];
      const [ida, tom] = [await member('Ida', bare), await member('Tom', bare)];
      await Promise.all([mara.sees('Jo'), jo.sees('Mara'), ida.sees('Tom')]);
      await Promise.all([hide(mara), hide(ida)]);

      await mara.personIn('Jo').getByText('relayed').waitFor();
      // Jo's end may not know: to it, what comes from a relay before its candidate does is just another address (prflx).
      await mara.say('through the relay');
      await jo.hears('through the relay');

      await ida.personIn('Tom').getByText('cannot be reached').waitFor();
      await tom.personIn('Ida').getByText('cannot be reached').waitFor();
      await ida.button('Connection to Tom').click();
      await ida.page.getByText(/goes through a relay only, and the server names none/u).waitFor();
    },
    LIMIT_MS,
  );
});
