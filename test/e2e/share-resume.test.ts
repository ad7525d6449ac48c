// Nothing that has arrived is fetched twice: after a reload of either end, and with people who come late.
import { expect, test } from '@jest/globals';
import { sha256Of } from '../cli/terminal.ts';
import { BULK_LIMIT_MS, MIB, type World, withWorld } from './support/world.ts';

let world: World;
withWorld((opened) => (world = opened));

/** What was here when the transfer began, as the panel says it, percent. */
const KEPT = /^(\d+)% was already here\./u;

test(
  'the receiving page is loaded anew midway: it goes on by itself, from where it was',
  async () => {
    const pool = world.freshPool();
    const [mara, jo] = [await world.member('Mara', pool), await world.member('Jo', pool)];
    await mara.sees('Jo');
    await jo.receiveAtMost(10);
    const path = await world.fileOf('large.bin', 64 * MIB);
    await mara.drop(path);
    await jo.accept('large.bin');
    await jo
      .offer('large.bin')
      .getByText(/^[3-9]\d%$/u)
      .waitFor();
    const before = await jo.percentOf('large.bin');
    await jo.reload();
    await jo.receiveUnlimited();
    await jo.isVerified('large.bin');
    const kept = KEPT.exec((await jo.transfers.getByText(KEPT).textContent()) ?? '')?.[1];
    expect(Number(kept)).toBeGreaterThanOrEqual(before - 1);
    expect(await sha256Of(await (await jo.save('large.bin')).path())).toBe(await sha256Of(path));
  },
  BULK_LIMIT_MS,
);

test(
  'the offering page is loaded anew midway: what arrived stays, and picking the file again lets it go on',
  async () => {
    const pool = world.freshPool();
    const [mara, jo] = [await world.member('Mara', pool), await world.member('Jo', pool)];
    await mara.sees('Jo');
    await jo.receiveAtMost(10);
    const path = await world.fileOf('large.bin', 48 * MIB);
    await mara.attach(path);
    await jo.accept('large.bin');
    await jo
      .offer('large.bin')
      .getByText(/^[3-9]\d%$/u)
      .waitFor();
    await mara.reload();
    await jo.transfers.getByText(/^Waiting for someone who has it\. [3-9]\d% is here\.$/u).waitFor();
    await jo.receiveUnlimited();
    await mara.page.getByText('Offer again: large.bin').waitFor();
    const chooser = mara.page.waitForEvent('filechooser');
    await mara.button('Offer').click();
    await (await chooser).setFiles(path);
    await jo.isVerified('large.bin');
    expect(await mara.page.getByText('Offer again: large.bin').count()).toBe(0);
    expect(await sha256Of(await (await jo.save('large.bin')).path())).toBe(await sha256Of(path));
  },
  BULK_LIMIT_MS,
);

test(
  'what the browser may still read is offered again by itself after a reload',
  async () => {
    const pool = world.freshPool();
    const [mara, jo] = [await world.member('Mara', pool), await world.member('Jo', pool)];
    await mara.sees('Jo');
    await mara.offerOwnFolder('shells', { 'shell.txt': 'a shell' });
    await jo.offer('shells').waitFor();
    await mara.reload();
    await mara.sees('Jo');
    await mara.offer('shells').waitFor();
    expect(await mara.page.getByText('Offer again:').count()).toBe(0);
    await jo.accept('shells');
    await jo.isVerified('shells');
  },
  BULK_LIMIT_MS,
);

test(
  'of three pages one comes late: it is offered the same, and everyone has all of it in the end',
  async () => {
    const pool = world.freshPool();
    const [mara, jo] = [await world.member('Mara', pool), await world.member('Jo', pool)];
    await mara.sees('Jo');
    await jo.receiveAtMost(12);
    const path = await world.fileOf('large.bin', 48 * MIB);
    await mara.drop(path);
    await jo.accept('large.bin');
    await jo.isMidway('large.bin');
    const ana = await world.member('Ana', pool);
    await ana.sees('Jo');
    await ana.receiveAtMost(12);
    await ana.accept('large.bin');
    await ana.isMidway('large.bin');
    await ana.page.getByRole('button', { name: 'Sources of large.bin' }).click();
    await ana.transfers
      .getByRole('listitem')
      .filter({ hasText: /^Mara|^Jo/u })
      .first()
      .waitFor();
    await Promise.all([jo.receiveUnlimited(), ana.receiveUnlimited()]);
    const sha256 = await sha256Of(path);
    for (const person of [jo, ana]) {
      await person.isVerified('large.bin');
      expect(await sha256Of(await (await person.save('large.bin')).path())).toBe(sha256);
    }
  },
  BULK_LIMIT_MS,
);
