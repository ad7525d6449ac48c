// Real terminals at a real server with accounts: signed in with the words that a page shows, at the doors of pools, and out again.
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { askHttp, objectIn } from '../../src/io/ask-http.ts';
import { SoftPasskey } from '../signaling/accounts/soft-passkey.ts';
import { testFolder } from './folder.ts';
import { Terminal } from './terminal.ts';

const LIMIT_MS = 60_000;
const folder = testFolder();
const started: Terminal[] = [];

let server: Terminal;
/** What the server keeps. */
let kept: string;
let url: string;
let page: Page;

/** Somebody's browser, as far as the server's accounts see it. */
class Page {
  #cookie = '';

  async post(path: string, body: object = {}): Promise<Record<string, unknown>> {
    const headers = { origin: url, 'content-type': 'application/json', cookie: this.#cookie };
    const answer = await askHttp(`${url}/api/${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    expect(answer.status).toBeLessThan(300);
    this.#cookie = answer.cookies[0]?.split(';')[0] ?? this.#cookie;
    return { ...objectIn(answer.body) };
  }

  async register(name: string): Promise<void> {
    const { challenge } = await this.post('register/options', { name });
    const response = new SoftPasskey(url).register(String(challenge));
    await this.post('register', { response, passkeyName: 'Laptop' });
  }
}

const start = (...argv: readonly string[]): Terminal => {
  const terminal = new Terminal(...argv, '--server', url);
  started.push(terminal);
  return terminal;
};

/** What comes of it: the role it has, or the words it is refused with. */
async function comesIn(...argv: readonly string[]): Promise<unknown> {
  const terminal = start('join', ...argv);
  const joined = terminal.event('joined').then(({ role }) => role);
  const outcome = await Promise.race([joined.catch(() => undefined), terminal.exit]);
  if (outcome !== 1) return outcome;
  return terminal.all('error')[0]?.['message'];
}

beforeAll(async () => {
  kept = await mkdtemp(join(tmpdir(), 'rockpool-accounts-'));
  server = new Terminal('serve', '--port', '0', '--data', kept);
  url = String((await server.event('listening'))['url']);
  page = new Page();
  await page.register('Ada');
}, LIMIT_MS);
afterEach(async () => {
  for (const terminal of started.splice(0)) {
    terminal.stop('SIGKILL');
    await terminal.exit;
  }
});
afterAll(async () => {
  server.stop('SIGTERM');
  await server.exit;
  await rm(kept, { recursive: true });
});

test(
  'signed in with the words that a page shows, it is let into its account’s pools, and out again it is not',
  async () => {
    const data = join(folder.path, 'ada');
    await page.post('pools', { code: 'adas-own', title: 'Hers', policy: 'invited' });
    expect(await comesIn('--pool', 'adas-own', '--data', data)).toMatch(/Nobody is signed in here/);
    const { code } = await page.post('links');
    const wrong = start('account', 'sign-in', 'six words that are not right', '--data', data);
    expect(await wrong.exit).toBe(1);
    expect(wrong.all('error')).toMatchObject([{ code: 'code' }]);

    const signing = start('account', 'sign-in', ...String(code).split('-'), '--data', data);
    expect(await signing.exit).toBe(0);
    expect(signing.all('account')).toMatchObject([{ server: url, name: 'Ada' }]);
    const kept = async (): Promise<string[]> => (await readdir(data)).filter((name) => /^account-.*json$/.test(name));
    const [session = ''] = await kept();
    expect((await stat(join(data, session))).mode & 0o777).toBe(0o600);
    expect(await comesIn('--pool', 'adas-own', '--data', data)).toBe('owner');

    expect(await start('account', 'sign-out', '--data', data).exit).toBe(0);
    expect(await kept()).toEqual([]);
    expect(await comesIn('--pool', 'adas-own', '--data', data)).toMatch(/Nobody is signed in here/);
  },
  LIMIT_MS,
);

test(
  'a pool with a passphrase lets in who gives it',
  async () => {
    await page.post('pools', { code: 'locked', title: 'Locked', policy: 'passphrase', passphrase: 'salt and kelp' });
    const data = join(folder.path, 'guest');
    expect(await comesIn('--pool', 'locked', '--data', data)).toMatch(/wants a passphrase/);
    expect(await comesIn('--pool', 'locked', '--data', data, '--passphrase', 'sand')).toMatch(/not the passphrase/);
    expect(await comesIn('--pool', 'locked', '--data', data, '--passphrase', 'salt and kelp')).toBe('member');
  },
  LIMIT_MS,
);

test(
  'an invitation’s link makes who is signed in a member',
  async () => {
    const bob = new Page();
    await bob.register('Bob');
    const data = join(folder.path, 'bob');
    await page.post('pools', { code: 'guarded', title: 'Guarded', policy: 'invited' });
    const { token } = await page.post('pools/guarded/invitations', { role: 'member', uses: 1, hours: 1 });
    const { code } = await bob.post('links');
    expect(await start('account', 'sign-in', String(code), '--data', data).exit).toBe(0);
    expect(await comesIn('--pool', 'guarded', '--data', data)).toMatch(/for those who were invited/);
    expect(await comesIn('--pool', `${url}/#invited=guarded/${token}`, '--data', data)).toBe('member');
    expect(await comesIn('--pool', 'guarded', '--data', data)).toBe('member');
  },
  LIMIT_MS,
);
