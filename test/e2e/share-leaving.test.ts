// People come and go while a file is on its way: whoever stays has all of it in the end, and nothing waits for who left.
import { expect, test } from '@jest/globals';
import { sha256Of } from '../cli/terminal.ts';
import type { Person } from './support/person.ts';
import { BULK_LIMIT_MS, MIB, type World, withWorld } from './support/world.ts';

const FILE = 'large.bin';

let world: World;
withWorld((opened) => (world = opened));

/** Nothing stands among what is under way any more. */
async function hasNothingUnderWay({ transfers }: Person): Promise<void> {
  const rows = transfers.getByRole('list', { name: 'Under way' }).getByRole('listitem');
  await rows.first().waitFor({ state: 'detached' });
}

test(
  'of three receivers one comes late and one closes the tab midway: the other two have all of it, and nothing stands still',
  async () => {
    const pool = world.freshPool();
    const [mara, jo, lia] = [
      await world.member('Mara', pool),
      await world.member('Jo', pool),
      await world.member('Lia', pool),
    ];
    await Promise.all([mara.sees('Jo'), mara.sees('Lia'), jo.sees('Lia')]);
    const path = await world.fileOf(FILE, 12 * MIB);
    // Lia is ahead of the others: what only she has from Mara goes with her.
    await Promise.all([jo.receiveAtMost(0.5), lia.receiveAtMost(0.8)]);
    await mara.drop(path);
    await Promise.all([jo.accept(FILE), lia.accept(FILE)]);
    await Promise.all([jo.isMidway(FILE), lia.isMidway(FILE)]);
    const ana = await world.member('Ana', pool);
    await Promise.all([ana.sees('Mara'), ana.sees('Lia')]);
    await ana.receiveAtMost(0.5);
    await ana.accept(FILE);
    await ana.isMidway(FILE);
    // Not over: the percents are there only while it runs.
    await lia.percentOf(FILE);
    const stayed = [mara, jo, ana];
    const gone = stayed.map((person) => person.watch('Lia', 'gone'));
    await lia.page.close();
    expect(await Promise.all(gone)).not.toContain(Infinity);
    await mara
      .offer(FILE)
      .getByText(/^Lia left at \d+%\. It continues from there when they return\.$/u)
      .waitFor();

    await Promise.all([jo.receiveUnlimited(), ana.receiveUnlimited()]);
    const sha256 = await sha256Of(path);
    for (const person of [jo, ana]) {
      await person.isVerified(FILE);
      await mara.isVerified(FILE, `Verified by ${person.name}`);
      expect(await sha256Of(await (await person.save(FILE)).path())).toBe(sha256);
    }
    await Promise.all(stayed.map(hasNothingUnderWay));
    for (const person of stayed) {
      expect(await person.people.getByText('Lia', { exact: true }).count()).toBe(0);
      expect(await person.people.getByRole('listitem').count()).toBe(stayed.length);
    }
  },
  BULK_LIMIT_MS,
);
