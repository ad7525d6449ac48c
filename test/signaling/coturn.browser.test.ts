// A real coturn with the configuration and the credentials that Rockpool makes: whom it lets in, whom it relays to.
import { createSocket } from 'node:dgram';
import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { probeTurn, type TurnProbe } from '../../signaling/stun/probe.ts';
import { shutdownTransports } from '../../src/io/link-node.ts';
import { coturnMissing, SECRET, startCoturn, type RunningCoturn } from './coturn.ts';
import { linkedPair } from './linked-pair.ts';

/** coturn never relays to loopback: an address of this machine's own is needed. */
const own = Object.values(networkInterfaces())
  .flatMap((each) => each ?? [])
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
const missing = coturnMissing() ?? (own === undefined ? 'this machine has no IPv4 address but loopback' : undefined);
if (missing !== undefined) process.stderr.write(`Skipped, because ${missing}: a real coturn.\n`);
const address = own ?? '';
/** Nobody's, each in a range of its own, and the relay's own machine under another name. */
const PRIVATE = ['127.0.0.1', '0.0.0.0', '10.255.0.9', '172.31.0.9', '192.168.255.9', '169.254.169.254', '100.64.0.9'];

(missing === undefined ? describe : describe.skip)('a real coturn', () => {
  let coturn: RunningCoturn | undefined;
  const running = (): RunningCoturn => {
    if (coturn === undefined) throw new Error('coturn is not running');
    return coturn;
  };

  beforeAll(async () => {
    coturn = await startCoturn(address, { allowedPeers: [address], relayPorts: [34_800, 34_999] });
  }, 20_000);
  afterAll(async () => {
    shutdownTransports();
    await coturn?.close();
  }, 20_000);

  /** Asks for a relay with a credential of Rockpool's, changed as `change` says. */
  const allocate = (
    ttlSeconds: number,
    change: { credential?: string; username?: string } = {},
  ): Promise<TurnProbe> => {
    const { username = '', credential = '' } = running().iceServer('jo', ttlSeconds);
    const peers = [address, '8.8.8.8', ...PRIVATE];
    return probeTurn({ host: address, port: running().port, username, credential, peers, ...change });
  };

  test('takes our credential, and relays to public addresses and the one that is allowed, to no private one', async () => {
    expect(await allocate(600)).toMatchObject({
      kind: 'relays',
      relay: { address },
      permitted: [address, '8.8.8.8'],
    });
  });

  test('refuses a credential that expired, one for another device, and one of another secret', async () => {
    const refused = { kind: 'refused', code: 401 };
    expect(await allocate(-1)).toMatchObject(refused);
    const { username = '' } = running().iceServer('jo', 6_000);
    expect(await allocate(600, { username })).toMatchObject(refused);
    expect(await allocate(600, { credential: SECRET })).toMatchObject(refused);
  });

  test('two devices that hide their addresses meet through it, and tell no address but its own', async () => {
    const pair = linkedPair({ iceServers: [running().iceServer('jo')], relayOnly: true });
    expect(await pair.paths).toEqual(['relayed', 'relayed']);
    expect(await pair.carry(Uint8Array.of(1, 2, 3))).toEqual(Uint8Array.of(1, 2, 3));
    expect(pair.candidates.filter((each) => !each.includes(' typ relay'))).toEqual([]);
    expect(pair.candidates.length).toBeGreaterThan(1);
    const told = [...pair.candidates, ...pair.descriptions].join('\n');
    const addresses = [...told.matchAll(/\d+\.\d+\.\d+\.\d+/g)].map(([each]) => each);
    expect(addresses.filter((each) => each !== address && !each.startsWith('127.') && each !== '0.0.0.0')).toEqual([]);
    expect(told).not.toMatch(/ raddr (?!0\.0\.0\.0 )/);
    pair.close();
  }, 15_000);

  test('such a device sends nothing to an address that the other end only says is a relay', async () => {
    const trap = createSocket('udp4');
    await new Promise<void>((resolve) => trap.bind(0, '127.0.0.1', resolve));
    let heard = 0;
    trap.on('message', () => (heard += 1));
    const lie = `candidate:9 1 UDP 2122317823 127.0.0.1 ${trap.address().port} typ relay raddr 0.0.0.0 rport 0`;
    const pair = linkedPair({ iceServers: [running().iceServer('jo')], relayOnly: true }, (signal) =>
      signal.kind === 'candidate'
        ? [{ ...signal, candidate: lie }, signal]
        : [{ ...signal, sdp: `${signal.sdp}a=${lie}\r\n` }],
    );
    expect(await pair.paths).toEqual(['relayed', 'relayed']);
    await pair.carry(Uint8Array.of(1));
    expect(heard).toBe(0);
    pair.close();
    trap.close();
  }, 15_000);
});
