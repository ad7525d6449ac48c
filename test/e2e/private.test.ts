// Who gets a file, and for how long: one person alone, by a drop on their row or a whisper; a whisper's people; everyone, those
// who come late too, until it is taken back.
import { expect, test } from '@jest/globals';
import { sha256Of } from '../cli/terminal.ts';
import { openRoom, whisperTo } from './support/talker.ts';
import type { Person } from './support/person.ts';
import { LIMIT_MS, MIB, type World, withWorld } from './support/world.ts';

let world: World;
withWorld((opened) => (world = opened));

const FILE = 'letter.bin';

test(
  'a file that is dropped on one person reaches them, and a third sees nothing of it',
  async () => {
    const [mara, jo, tom] = await world.trio();
    const path = await world.fileOf(FILE, 3_000_000);
    const letGo = await mara.dragOnto('Jo', path);
    await mara.page.getByText('Only for Jo', { exact: true }).waitFor();
    await letGo();
    await jo.offer(FILE).getByText('Only for you', { exact: true }).waitFor();
    await jo.accept(FILE);
    await jo.isVerified(FILE);
    expect(await sha256Of(await (await jo.save(FILE)).path())).toBe(await sha256Of(path));
    await mara.offer(FILE).getByText('Only for Jo', { exact: true }).waitFor();
    await mara.isVerified(FILE, 'Verified by Jo');
    // Later than all of it, by the same links.
    await mara.drop(await world.fileOf('for-all.bin', 10));
    await tom.offer('for-all.bin').waitFor();
    expect(await tom.page.getByRole('article').count()).toBe(1);
    expect(await tom.page.getByText(FILE).count()).toBe(0);
    expect(await tom.transfers.getByText(FILE).count()).toBe(0);
  },
  LIMIT_MS,
);

test(
  'what is attached in a whisper is for its people, stands there, and is offered to nobody else after a reload',
  async () => {
    const [mara, jo, tom] = await world.trio();
    await whisperTo(mara, 'Jo');
    await mara.attach({ name: FILE, text: 'between us' });
    await mara.offer(FILE).getByText('Only for Jo', { exact: true }).waitFor();
    await whisperTo(jo, 'Mara');
    await jo.accept(FILE);
    await jo.isVerified(FILE);
    await mara.drop(await world.fileOf('one.bin', 10), await world.fileOf('two.bin', 20));
    await mara.review.getByText('Only for Jo', { exact: true }).waitFor();
    await mara.sendReviewed();
    await jo.offer('2 files').waitFor();
    await mara.reload();
    await mara.page.getByText(`Offer again, only to Jo: ${FILE}`).waitFor();
    await openRoom(mara, 'Everyone');
    await mara.say('for everyone');
    await tom.hears('for everyone');
    expect(await tom.page.getByRole('article').count()).toBe(0);
  },
  LIMIT_MS,
);

test(
  'what is attached in a whisper of three stands there at both others, in a page and in a terminal',
  async () => {
    const pool = world.freshPool();
    const [mara, jo] = [await world.member('Mara', pool), await world.member('Jo', pool)];
    const tom = world.terminal('join', pool, '--name', 'Tom', '--json');
    await Promise.all([mara.sees('Tom'), jo.sees('Tom'), mara.sees('Jo')]);
    tom.say('/whisper Mara,Jo hello, you two');
    await openRoom(mara, 'Tom');
    await mara.hears('hello, you two');
    await mara.attach({ name: FILE, text: 'between the three of us' });
    await openRoom(jo, 'Tom');
    await jo.accept(FILE);
    await jo.isVerified(FILE);
    expect(await jo.page.getByRole('article').count()).toBe(1);
    const told = await tom.event('message', ({ files }) => files !== undefined);
    expect(told).toMatchObject({ roomKind: 'whisper', text: FILE, files: { count: 1, bytes: 23 } });
    expect(await tom.event('offer')).toMatchObject({ number: told['number'], private: true });
  },
  LIMIT_MS,
);

/** Waits until this browser has parts of so many files. */
async function keepsParts({ page }: Person, count: number): Promise<void> {
  await page.waitForFunction(
    (wanted) =>
      new Promise<boolean>((resolve, reject) => {
        const opening = indexedDB.open('rockpool-cache');
        opening.addEventListener('error', () => reject(new Error('no database')));
        opening.addEventListener('success', () => {
          const counting = opening.result.transaction('files').objectStore('files').count();
          counting.addEventListener('success', () => {
            opening.result.close();
            resolve(counting.result === wanted);
          });
        });
      }),
    count,
  );
}

test(
  'a file that is taken back is gone at who came late, and so is what is half here of it at who comes back after that',
  async () => {
    const pool = world.freshPool();
    const browser = await world.context();
    const [mara, jo] = [await world.member('Mara', pool), await world.member('Jo', pool, browser)];
    await mara.sees('Jo');
    await jo.receiveAtMost(8);
    await mara.drop(await world.fileOf('large.bin', 24 * MIB));
    await jo.accept('large.bin');
    const someOfIt = jo.offer('large.bin').getByText(/^[2-9]\d%$/u);
    await someOfIt.waitFor();
    await jo.page.close();
    const tom = await world.member('Tom', pool);
    await tom.offer('large.bin').getByRole('button', { name: 'Accept' }).waitFor();
    await mara.offer('large.bin').getByRole('button', { name: 'More for this offer' }).click();
    await mara.button('Take back…').click();
    await mara.button('Take back').click();
    await mara.page.getByText('Removed on 1 of 1 device here.').waitFor();
    await tom.conversation.getByText('Taken back.').waitFor();
    expect(await tom.page.getByText('large.bin').count()).toBe(0);
    await mara.page.close();

    const again = await world.person('Jo', browser);
    await keepsParts(again, 1);
    await again.join(pool);
    await again.conversation.getByText('Taken back.').waitFor();
    await keepsParts(again, 0);
  },
  LIMIT_MS,
);
