// kill -9 of a real server while accounts join a pool by an invitation: whoever was told that they are in is in when it is back. So
// many times as ROCKPOOL_KILLS says.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { generateDeviceKeys } from '../../../src/keys/identity.ts';
import { askHttp, objectIn } from '../../../src/io/ask-http.ts';
import { Terminal } from '../../cli/terminal.ts';
import { SoftPasskey } from './soft-passkey.ts';
import { deviceProof } from './world.ts';

const KILLS = Number(process.env['ROCKPOOL_KILLS'] ?? 5);
const JOINING = 20;
const LIMIT_MS = 30_000 + KILLS * 15_000;

let data: string;
let server: Terminal;
let url: string;

async function start(): Promise<void> {
  server = new Terminal('serve', '--port', '0', '--data', data);
  url = String((await server.event('listening'))['url']);
}

/** A browser, and the device in it. */
class Visitor {
  account = '';
  device = '';
  #cookie = '';

  async ask(method: 'GET' | 'POST', path: string, body?: object): Promise<Record<string, unknown>> {
    const headers = { origin: url, 'content-type': 'application/json', cookie: this.#cookie };
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    const answer = await askHttp(`${url}/api/${path}`, { method, headers, ...sent });
    this.#cookie = answer.cookies[0]?.split(';')[0] ?? this.#cookie;
    if (answer.status >= 300) throw new Error(`${path}: ${answer.status} ${answer.body}`);
    return { ...objectIn(answer.body) };
  }

  static async registered(name: string): Promise<Visitor> {
    const visitor = new Visitor();
    const { challenge } = await visitor.ask('POST', 'register/options', { name });
    const response = new SoftPasskey(url).register(String(challenge));
    visitor.account = String((await visitor.ask('POST', 'register', { response, passkeyName: 'Laptop' }))['account']);
    const keys = await generateDeviceKeys(false);
    const { nonce } = await visitor.ask('POST', 'devices/nonce', {});
    visitor.device = keys.id;
    await visitor.ask(
      'POST',
      'devices',
      await deviceProof(keys, { nonce: String(nonce), account: visitor.account, origin: url }),
    );
    return visitor;
  }
}

beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'rockpool-killed-'));
  await start();
}, LIMIT_MS);
afterAll(async () => {
  server.stop('SIGKILL');
  await server.exit;
  await rm(data, { recursive: true });
});

test(
  `${KILLS} of ${KILLS} kills in the middle of joins lose nobody who was let in`,
  async () => {
    const owner = await Visitor.registered('Owner');
    const visitors = await Promise.all(Array.from({ length: JOINING }, (_, i) => Visitor.registered(`Visitor ${i}`)));
    for (let kill = 0; kill < KILLS; kill += 1) {
      const pool = `pool-${kill}`;
      await owner.ask('POST', 'pools', { code: pool, title: pool, policy: 'invited' });
      const invitation = { role: 'member', uses: JOINING, hours: 1 };
      const { token } = await owner.ask('POST', `pools/${pool}/invitations`, invitation);
      const letIn = new Set<string>();
      const killAfter = 1 + (kill % (JOINING - 1));
      const joins = visitors.map(async (visitor) => {
        await visitor.ask('POST', 'ticket', { pool, device: visitor.device, invitation: token });
        letIn.add(visitor.account);
        if (letIn.size === killAfter) server.stop('SIGKILL');
      });
      await Promise.allSettled(joins);
      await server.exit;
      await start();
      const { members } = await owner.ask('GET', `pools/${pool}`);
      const there = (members as readonly { readonly account: string }[]).map(({ account }) => account);
      expect(letIn.size).toBeGreaterThanOrEqual(killAfter);
      expect(there).toEqual(expect.arrayContaining([...letIn]));
    }
  },
  LIMIT_MS,
);
