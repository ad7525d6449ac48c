// Two people behind two NATs, in network namespaces: when they meet directly, when through a relay only, and what they are told
// when they do not meet. The signaling server, STUN and coturn are real, and so is the terminal at either end.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startStun, type RunningStun } from '../../signaling/stun/stun-server.ts';
import type { RunningServer } from '../../signaling/server.ts';
import type { IceServer } from '../../src/wire/signaling.ts';
import { coturnMissing, startCoturn, type RunningCoturn } from './coturn.ts';
import { startServer } from './load-server.ts';
import { NatWorld, type Household, type NattedPeer } from './nat-world.ts';

const LIMIT_MS = 90_000;

function openWorld(): NatWorld | string {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'network namespaces need root on Linux';
  try {
    return new NatWorld();
  } catch (error) {
    return `network namespaces cannot be made here (${String(error).split('\n')[0]})`;
  }
}

const world = openWorld();
const noCoturn = coturnMissing();
if (typeof world === 'string') process.stderr.write(`Skipped, because ${world}: peers behind NATs.\n`);
else if (noCoturn !== undefined)
  process.stderr.write(`Skipped, because ${noCoturn}: peers behind NATs through a relay.\n`);

(typeof world === 'string' ? describe.skip : describe)('two people behind two NATs', () => {
  const servers: RunningServer[] = [];
  let stun: RunningStun | undefined;
  let coturn: RunningCoturn | undefined;

  const there = (): NatWorld => {
    if (typeof world === 'string') throw new Error(world);
    return world;
  };
  const stunServer = (): IceServer => ({ urls: [`stun:${there().address}:${stun?.port}`] });
  /** A signaling server that tells of these, as households reach it. */
  const serve = async (iceServers: (device: string) => readonly IceServer[]): Promise<string> => {
    const server = await startServer({ host: there().address, iceServers });
    servers.push(server);
    return server.url;
  };
  let ordinary: readonly [Household, Household];
  let symmetric: readonly [Household, Household];
  let unlucky: readonly NattedPeer[] = [];

  beforeAll(async () => {
    const { address } = there();
    stun = await startStun({ host: address, port: 0 });
    ordinary = [there().household(11, 'ordinary'), there().household(12, 'ordinary')];
    symmetric = [there().household(13, 'symmetric'), there().household(14, 'symmetric')];
    // That they do not meet takes a while to show: long before it is asked.
    const url = await serve(() => [stunServer()]);
    unlucky = [symmetric[0].join('Mara', url), symmetric[1].join('Jo', url)];
    if (noCoturn !== undefined) return;
    coturn = await startCoturn(address, { allowedPeers: [address], relayPorts: [35_000, 35_199] });
  }, LIMIT_MS);
  afterAll(async () => {
    if (typeof world !== 'string') world.close();
    await Promise.all([stun?.close(), coturn?.close(), ...servers.map((server) => server.close())]);
  }, LIMIT_MS);

  test(
    'meet directly where the NATs keep ports, knowing of STUN alone; the STUN server saw both from outside',
    async () => {
      const url = await serve(() => [stunServer()]);
      const [mara, jo] = [ordinary[0].join('Mara', url), ordinary[1].join('Jo', url)];
      const met = await Promise.all([mara, jo].map((end) => end.peer(({ path }) => path !== 'connecting')));
      expect(met.map(({ path }) => path)).toEqual(['direct', 'direct']);
      expect(stun?.figures().answered).toBeGreaterThanOrEqual(2);
      for (const { sentToStrangers } of ordinary) expect(sentToStrangers()).toBeGreaterThan(0);
      for (const end of [mara, jo]) end.stop();
    },
    LIMIT_MS,
  );

  (noCoturn === undefined ? test : test.skip)(
    'meet through the relay where the NATs are symmetric',
    async () => {
      const url = await serve((device) => [stunServer(), ...(coturn ? [coturn.iceServer(device)] : [])]);
      const [ida, tom] = [symmetric[0].join('Ida', url), symmetric[1].join('Tom', url)];
      const met = await Promise.all([ida, tom].map((end) => end.peer(({ path }) => path !== 'connecting')));
      expect(met.map(({ path }) => path)).toEqual(['relayed', 'relayed']);
      for (const end of [ida, tom]) end.stop();
    },
    LIMIT_MS,
  );

  (noCoturn === undefined ? test : test.skip)(
    'who wants to be relayed only sends the other not one packet, though there is a direct way',
    async () => {
      const url = await serve((device) => [stunServer(), ...(coturn ? [coturn.iceServer(device)] : [])]);
      const before = ordinary[0].sentToStrangers();
      const [mara, jo] = [ordinary[0].join('Mara', url, '--relay-only'), ordinary[1].join('Jo', url)];
      const met = await Promise.all([mara, jo].map((end) => end.peer(({ path }) => path !== 'connecting')));
      expect(met.map(({ path }) => path)).toEqual(['relayed', 'relayed']);
      expect(ordinary[0].sentToStrangers()).toBe(before);
      for (const end of [mara, jo]) end.stop();
    },
    LIMIT_MS,
  );

  test(
    'do not meet where the NATs are symmetric, and both are told why and what to add',
    async () => {
      const told = await Promise.all(unlucky.map((end) => end.peer(({ unmet }) => unmet !== undefined)));
      expect(told.map(({ path, unmet }) => [path, unmet])).toEqual([
        ['connecting', 'no-direct-way'],
        ['connecting', 'no-direct-way'],
      ]);
      const [mara, jo] = unlucky;
      await mara?.note('Your network and that of Jo cannot meet directly.');
      await jo?.note('docs/turn.md');
    },
    LIMIT_MS,
  );
});
