// The STUN server on real sockets, asked by a client of our own and by a real WebRTC implementation.
import { createSocket } from 'node:dgram';
import { afterAll, afterEach, expect, test } from '@jest/globals';
import { shutdownTransports } from '../../../src/io/link-node.ts';
import { probeStun, probeTurn } from '../../../signaling/stun/probe.ts';
import { linkedPair } from '../linked-pair.ts';
import { startStun, type RunningStun } from '../../../signaling/stun/stun-server.ts';

let running: RunningStun | undefined;

afterEach(async () => {
  await running?.close();
  running = undefined;
});
afterAll(shutdownTransports);

async function start(host: string): Promise<RunningStun> {
  running = await startStun({ host, port: 0 });
  return running;
}

test('listens on IPv4 alone, IPv6 alone, or both at once, and tells each asker its address', async () => {
  const both = await start('::');
  for (const [host, seen] of [
    ['127.0.0.1', '127.0.0.1'],
    ['::1', '::1'],
  ] as const) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    expect(await probeStun({ host, port: both.port })).toMatchObject({ kind: 'seen', seenAs: { address: seen } });
  }
  expect(both.figures()).toMatchObject({ answered: 2, sockets: 2, ignored: 0 });
  await both.close();
  const four = await start('127.0.0.1');
  expect(await probeStun({ host: '127.0.0.1', port: four.port })).toMatchObject({ kind: 'seen' });
});

test('says nothing to who is no STUN client, and goes on', async () => {
  const stun = await start('127.0.0.1');
  const stranger = createSocket('udp4');
  const heard: Buffer[] = [];
  stranger.on('message', (bytes) => heard.push(bytes));
  for (const text of ['', 'GET / HTTP/1.1\r\n\r\n', '\0'.repeat(20)]) {
    // oxlint-disable-next-line no-await-in-loop -- in this order
    await new Promise<void>((resolve) => stranger.send(text, stun.port, '127.0.0.1', () => resolve()));
  }
  // Asked after those on the same machine: once this is answered, they have been looked at.
  expect(await probeStun({ host: '127.0.0.1', port: stun.port })).toMatchObject({ kind: 'seen' });
  expect(heard).toEqual([]);
  expect(stun.figures()).toMatchObject({ answered: 1, ignored: 3 });
  stranger.close();
});

test('what nobody answers is told as silence, be it STUN or TURN', async () => {
  const stun = await start('127.0.0.1');
  const target = { host: '127.0.0.1', port: stun.port, patienceMs: 300 };
  await stun.close();
  expect(await probeStun(target)).toEqual({ kind: 'silent' });
  expect(await probeTurn({ ...target, username: 'a', credential: 'b' })).toEqual({ kind: 'silent' });
});

test('a port that is taken, or is none, is an error at the start', async () => {
  const stun = await start('127.0.0.1');
  await expect(startStun({ host: '127.0.0.1', port: stun.port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  await expect(startStun({ host: '127.0.0.1', port: 65_536 })).rejects.toThrow('port: expected an integer');
});

test('libdatachannel finds its server-reflexive address with it, and the index knows that socket', async () => {
  const stun = await start('127.0.0.1');
  const pair = linkedPair({ iceServers: [{ urls: [`stun:127.0.0.1:${stun.port}`] }] });
  const candidate = await pair.candidate((text) => text.includes(' typ srflx'));
  const [, address = '', port = ''] = / (\S+) (\d+) typ srflx/.exec(candidate) ?? [];
  expect(address).toBe('127.0.0.1');
  expect(stun.index.claim(performance.now(), 'jo', `${address}:${port}`)).toBe(true);
  expect(stun.index.socketsOf(performance.now(), 'jo')).toEqual([`${address}:${port}`]);
  pair.close();
});
