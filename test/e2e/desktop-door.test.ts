// A host's window before a pool that has a passphrase: it is asked for in the window, and shown at the door by the host.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { AccountsPlace } from './support/accounts.ts';
import { Hosted } from './support/hosted.ts';
import { LIMIT_MS } from './support/world.ts';

let place: AccountsPlace;
let folder: string;
let host: Hosted;

beforeAll(async () => {
  place = await AccountsPlace.open();
  folder = await mkdtemp(join(tmpdir(), 'rockpool-door-'));
  host = await Hosted.start(folder, '--server', place.url);
}, LIMIT_MS);

afterAll(async () => {
  await host.stop();
  await place.close();
  await rm(folder, { recursive: true });
}, LIMIT_MS);

test(
  'a window asks for a pool’s passphrase, once more if it was not that, and is let in',
  async () => {
    const ada = await place.arrive('Ada');
    await place.signUp(ada);
    await place.makeQuietCove(ada);

    const mara = await place.arrive('Mara', await host.entry());
    expect(await mara.button('Account').count()).toBe(0);
    await mara.page.getByRole('textbox', { name: 'Pool code' }).fill('quiet-cove');
    await mara.button('Join pool').click();
    const door = mara.page.getByRole('dialog', { name: 'quiet-cove' });
    for (const [said, passphrase] of [
      ['has a passphrase', 'high tide'],
      ['That was not the passphrase', 'low tide'],
    ] as const) {
      await door.getByText(said).waitFor();
      await door.getByLabel('Passphrase').fill(passphrase);
      await door.getByRole('button', { name: 'Join pool' }).click();
    }
    await mara.arrives();
    await ada.sees('Mara');
  },
  LIMIT_MS,
);
