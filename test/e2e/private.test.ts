// Files for one person alone: dropped on their row, or while one whispers with them. Nobody else hears of it.
import { expect, test } from '@jest/globals';
import { sha256Of } from '../cli/terminal.ts';
import { openRoom, whisperTo } from './support/talker.ts';
import { LIMIT_MS, type World, withWorld } from './support/world.ts';

let world: World;
withWorld((opened) => (world = opened));

const FILE = 'letter.bin';

test(
  'a file that is dropped on one person reaches them, and a third sees nothing of it',
  async () => {
    const pool = world.freshPool();
    const mara = await world.member('Mara', pool);
    const [jo, tom] = [await world.member('Jo', pool), await world.member('Tom', pool)];
    await Promise.all([mara.sees('Jo'), mara.sees('Tom'), jo.sees('Tom')]);
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
    const pool = world.freshPool();
    const mara = await world.member('Mara', pool);
    const [jo, tom] = [await world.member('Jo', pool), await world.member('Tom', pool)];
    await Promise.all([mara.sees('Jo'), mara.sees('Tom'), jo.sees('Tom')]);
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
