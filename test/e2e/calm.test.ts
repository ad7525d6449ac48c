// A page with a file on its way leaves its thread to the file: what moves on it is the compositor's work.
import { expect, test } from '@jest/globals';
import { LIMIT_MS, MIB, type World, withWorld } from './support/world.ts';

/** How long the page is watched, milliseconds. */
const WATCHED_MS = 3000;
/** A transfer shows four times a second how far it is, a screen draws 60 times: what each may come to in a second. */
const PER_SECOND_MAX = { LayoutCount: 20, RecalcStyleCount: 40 };

let world: World;
withWorld((opened) => (world = opened));

test(
  'while a file arrives the page is laid out and styled as the figures change, not for every frame',
  async () => {
    const pool = world.freshPool();
    const [mara, jo] = [await world.member('Mara', pool), await world.member('Jo', pool)];
    await mara.sees('Jo');
    await jo.receiveAtMost(4);
    await mara.attach(await world.fileOf('large.bin', 64 * MIB));
    await jo.accept('large.bin');
    await jo.isMidway('large.bin');
    const devtools = await jo.page.context().newCDPSession(jo.page);
    await devtools.send('Performance.enable');
    const counted = async (): Promise<ReadonlyMap<string, number>> => {
      const { metrics } = await devtools.send('Performance.getMetrics');
      return new Map(metrics.map(({ name, value }) => [name, value]));
    };
    const before = await counted();
    await jo.page.waitForTimeout(WATCHED_MS);
    const after = await counted();
    // Still on its way.
    await jo.percentOf('large.bin');
    for (const [name, most] of Object.entries(PER_SECOND_MAX)) {
      const count = (after.get(name) ?? Infinity) - (before.get(name) ?? 0);
      expect((count * 1000) / WATCHED_MS).toBeLessThan(most);
    }
  },
  LIMIT_MS,
);
