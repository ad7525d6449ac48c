// PoolClient where somebody reports what was said: evidence goes through the talk machine, and the report is signed for the pool
// that the device is in.
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { WebSocket as NodeWebSocket } from 'ws';
import { PoolClient } from '../../src/client.ts';
import { FileStore } from '../../src/io/store-files.ts';
import { checkEvidence, decodeEvidence } from '../../src/keys/evidence.ts';
import { isReport } from '../../src/keys/report.ts';
import type { RunningServer } from '../../signaling/server.ts';
import { startServer } from '../signaling/load-server.ts';
import { POOL, type Person, people } from './keeper-world.ts';

let server: RunningServer;
let client: PoolClient<string>;
let ben: Person;
let vile: string;
let own: string;

/** Ben’s client, alone in the pool, with what Ada said to him before. */
beforeEach(async () => {
  const [ada, reader] = (await people('Ada', 'Ben')) as [Person, Person];
  ben = reader;
  await ada.meets(ben);
  vile = await ada.say('vile');
  await ben.take(ada.wrote);
  own = await ben.say('oh');
  server = await startServer({ closeMs: 200 });
  client = new PoolClient<string>({
    server: `ws://127.0.0.1:${server.port}/ws`,
    name: 'Ben',
    device: 'terminal',
    keys: ben.keys,
    platform: {
      store: new FileStore(),
      talk: ben.store,
      transport: () => {
        throw new Error('there is nobody to reach');
      },
      webSocket: (url) => new NodeWebSocket(url) as unknown as WebSocket,
    },
  });
});

afterEach(async () => {
  await client.close();
  await server.close();
});

test('a report is signed by this device over evidence of a message, for this pool', async () => {
  await client.join(POOL);
  const { evidence: all, circle } = await client.talk.evidence(vile);
  const [evidence = new Uint8Array(0)] = all;
  const read = decodeEvidence(evidence);
  expect(read && (await checkEvidence(read, POOL, circle))).toMatchObject({ entry: vile });
  await expect(client.talk.evidence(own)).rejects.toMatchObject({ name: 'TalkError', code: 'refused' });
  const nonce = new Uint8Array(32).fill(1);
  const { pool, signKey, signature } = await client.signReport({ nonce, offence: 'abuse', evidence });
  expect([pool, signKey]).toEqual([POOL, ben.keys.signKey]);
  expect(await isReport(signKey, { nonce, pool, offence: 'abuse', evidence }, signature)).toBe(true);
});

test('outside of a pool nothing is reported', async () => {
  const report = { nonce: new Uint8Array(32), offence: 'spam', evidence: new Uint8Array(4) } as const;
  await expect(client.signReport(report)).rejects.toThrow('in no pool');
});
