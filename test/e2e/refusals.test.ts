// Saying no: to an offer, to a transfer under way, to one's own offer. Both sides read plainly what happened, nothing of the
// file is left, and everything else goes on.
import { readdir } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import type { Person } from './support/person.ts';
import { LIMIT_MS, MIB, type World, withWorld } from './support/world.ts';

/** At the rate of `SLOWLY`, more than any end moves between two glances at it. */
const LARGE_BYTES = 64 * MIB;
/** MB/s. */
const SLOWLY = 4;
const FILE = 'program.bin';

let world: World;
withWorld((opened) => (world = opened));

/** The pool is as good as before: both hear each other. */
async function talkOn(one: Person, other: Person): Promise<void> {
  await one.say(`still here, ${other.name}?`);
  await other.hears(`still here, ${other.name}?`);
  await other.say(`here, ${one.name}`);
  await one.hears(`here, ${one.name}`);
}

test(
  'an offer declined: both sides read it, and nothing is sent',
  async () => {
    const pool = world.freshPool();
    const [mara, jo] = [await world.member('Mara', pool), await world.member('Jo', pool)];
    await mara.attach({ name: 'notes.txt', text: 'not for everyone' });
    await jo.offer('notes.txt').getByRole('button', { name: 'Decline' }).click();
    await jo.offer('notes.txt').getByText('You declined.', { exact: true }).waitFor();
    await mara.offer('notes.txt').getByText('Jo declined.', { exact: true }).waitFor();
    expect(
      await jo
        .offer('notes.txt')
        .getByRole('button', { name: /^(?!More)/u })
        .count(),
    ).toBe(0);
    await talkOn(mara, jo);
  },
  LIMIT_MS,
);

test(
  'a receiver cancels midway: both sides read how far it had come, and nothing of it can be saved',
  async () => {
    const pool = world.freshPool();
    const [mara, jo] = [await world.member('Mara', pool), await world.member('Jo', pool)];
    await mara.sees('Jo');
    await jo.receiveAtMost(SLOWLY);
    await mara.attach(await world.fileOf(FILE, LARGE_BYTES));
    await jo.accept(FILE);
    await jo.isMidway(FILE);
    await jo.offer(FILE).getByRole('button', { name: 'Cancel' }).click();
    await jo
      .offer(FILE)
      .getByText(/^Stopped at \d+%\. Nothing of it was kept\.$/u)
      .waitFor();
    await mara
      .offer(FILE)
      .getByText(/^Jo stopped it at \d+%\.$/u)
      .waitFor();
    expect(await jo.offer(FILE).getByRole('button', { name: 'Save' }).count()).toBe(0);
    await talkOn(mara, jo);
  },
  LIMIT_MS,
);

test(
  'a sender takes an offer back midway: it says so everywhere, and a terminal keeps no part of it',
  async () => {
    const pool = world.freshPool();
    const [mara, jo] = [await world.member('Mara', pool), await world.member('Jo', pool)];
    const inbox = await world.place('inbox');
    const tom = world.terminal('receive', pool, '--name', 'Tom', '--into', inbox, '--limit-down', `${SLOWLY}MB`);
    await mara.sees('Jo');
    await jo.receiveAtMost(SLOWLY);
    await mara.attach(await world.fileOf(FILE, LARGE_BYTES));
    await jo.accept(FILE);
    await Promise.all([jo.isMidway(FILE), tom.event('progress', ({ bytes }) => Number(bytes) > LARGE_BYTES / 20)]);
    await mara.offer(FILE).getByRole('button', { name: 'Cancel' }).click();
    await mara.offer(FILE).getByText('You took this back.').waitFor();
    await mara.offer(FILE).getByText('Withdrawn.', { exact: true }).first().waitFor();
    await jo.offer(FILE).getByText('Mara withdrew the offer.', { exact: true }).waitFor();
    expect(await jo.offer(FILE).getByRole('button').count()).toBe(0);
    expect(await tom.event('failed')).toMatchObject({ code: 'withdrawn', name: FILE, peerName: 'Mara' });
    tom.stop('SIGTERM');
    expect(await tom.exit).toBe(143);
    expect(await readdir(inbox)).toEqual([]);
    await talkOn(mara, jo);
  },
  LIMIT_MS,
);
