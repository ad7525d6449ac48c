// Sessions that one node ends are ended at all of them: two nodes over a real nats-server.
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { openHooks, type SessionHooks } from '../../../signaling/hooks.ts';
import type { RunningServer } from '../../../signaling/server.ts';
import { natsMissing, startNats, type RunningNats } from '../bus/nats-server.ts';
import { startServer } from '../load-server.ts';
import { RawClient } from '../raw-client.ts';

jest.setTimeout(60_000);

if (natsMissing !== undefined) process.stderr.write(`moderated-nodes.test.ts: skipped, ${natsMissing}\n`);

/** Whose device it is, is its name. */
const hooks: SessionHooks = {
  ...openHooks,
  authorize: ({ name }) => Promise.resolve({ kind: 'admitted', account: name, zones: [] }),
};

(natsMissing === undefined ? describe : describe.skip)('of two nodes', () => {
  let nats: RunningNats;
  let one: RunningServer;
  let other: RunningServer;
  beforeAll(async () => {
    nats = await startNats();
    const bus = { url: `nats://127.0.0.1:${nats.port}` };
    [one, other] = (await Promise.all([0, 1].map(() => startServer({ closeMs: 200, proxyHops: 1, hooks, bus })))) as [
      RunningServer,
      RunningServer,
    ];
    while (one.busFigures?.().nodes !== 1) await new Promise((resolve) => setTimeout(resolve, 50));
  });
  afterAll(async () => {
    await Promise.all([one.close(), other.close()]);
    await nats.close();
  });

  /** In a pool at the other node. */
  async function guest(letter: string, pool: string, address: string): Promise<RawClient> {
    const client = await RawClient.open(other.url, { headers: { 'x-forwarded-for': address } });
    client.join(letter, pool);
    await client.next('welcome');
    return client;
  }

  test('either ends what comes from an address at both', async () => {
    // Pools are owned by this node or that one.
    const pools = ['ash', 'birch', 'cedar', 'elm'];
    const banned = await Promise.all(pools.map((pool, index) => guest('abcd'.charAt(index), pool, '192.0.2.7')));
    const stays = await guest('e', 'ash', '192.0.3.7');
    one.revoke({ address: '192.0.2.0/24' });
    expect(await Promise.all(banned.map(({ closed }) => closed))).toEqual([4014, 4014, 4014, 4014]);
    expect(await stays.next('peer-left')).toMatchObject({ lost: false });
  });

  test('either has an account’s devices in one pool asked anew', async () => {
    const [asked, stays] = [await guest('f', 'fir', '192.0.2.7'), await guest('g', 'fir', '192.0.2.7')];
    one.revoke({ account: 'g', pool: 'elm' });
    one.revoke({ account: 'f', pool: 'fir' });
    expect(await asked.closed).toBe(4012);
    expect(await stays.next('peer-left')).toMatchObject({ lost: false });
  });
});
