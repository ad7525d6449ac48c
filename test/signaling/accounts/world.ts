// A server's accounts without its sockets: the real routes and hooks over a real database, a clock that the test moves, and
// browsers with a cookie and passkeys.
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { expect } from '@jest/globals';
import Fastify, { type FastifyInstance } from 'fastify';
import { openAccounts, type Accounts, type AccountsOptions } from '../../../signaling/accounts/accounts.ts';
import type { Subject } from '../../../signaling/hooks.ts';
import type { Present } from '../../../signaling/hub-ports.ts';
import { openDatabase, type Database, type DatabasePlace } from '../../../signaling/store/database.ts';
import { generateDeviceKeys, type DeviceKeys } from '../../../src/keys/identity.ts';
import { proveDevice } from '../../../src/keys/device-proof.ts';
import { SoftPasskey } from './soft-passkey.ts';

export const ORIGIN = 'https://pool.example';

export interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly headers: Record<string, unknown>;
}

export class AccountsWorld {
  readonly revoked: Subject[] = [];
  /** Who is in which pool. */
  readonly present: Map<string, readonly Present[]>;
  readonly database: Database;
  readonly accounts: Accounts;
  readonly #app: FastifyInstance;
  readonly #port: number;
  readonly #clock: { nowMs: number };

  private constructor(
    parts: Pick<AccountsWorld, 'database' | 'accounts' | 'present' | 'revoked'> & {
      readonly app: FastifyInstance;
      readonly port: number;
      readonly clock: { nowMs: number };
    },
  ) {
    this.database = parts.database;
    this.accounts = parts.accounts;
    this.present = parts.present;
    this.revoked = parts.revoked;
    this.#app = parts.app;
    this.#port = parts.port;
    this.#clock = parts.clock;
  }

  /** `place`: gives one for the database, new and empty. */
  static async open(place: () => Promise<DatabasePlace>, over: Partial<AccountsOptions> = {}): Promise<AccountsWorld> {
    const database = await openDatabase(await place());
    const clock = { nowMs: Date.now() };
    const revoked: Subject[] = [];
    const present = new Map<string, readonly Present[]>();
    const presentIn = async (pool: string): Promise<readonly Present[]> => present.get(pool) ?? [];
    const revoke = (subject: Subject): void => void revoked.push(subject);
    const accounts = await openAccounts({ database, revoke, presentIn, nowMs: () => clock.nowMs, ...over });
    const app: FastifyInstance = Fastify();
    await app.register(accounts.routes, { prefix: '/api' });
    await app.listen({ host: '127.0.0.1', port: 0 });
    const address = app.server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    return new AccountsWorld({ database, accounts, present, revoked, app, port, clock });
  }

  get nowMs(): number {
    return this.#clock.nowMs;
  }

  wait(ms: number): void {
    this.#clock.nowMs += ms;
  }

  async close(): Promise<void> {
    this.accounts.close();
    await this.#app.close();
    await this.database.close();
  }

  /** Whatever headers it has: `fetch` would not say any. */
  async ask(asked: Asked): Promise<Answer> {
    const { method, path, headers, body } = asked;
    const sent = request({ host: '127.0.0.1', port: this.#port, method, path, headers, agent: false });
    sent.end(body);
    const [response]: IncomingMessage[] = await once(sent, 'response');
    if (response === undefined) throw new Error('no answer');
    const { statusCode: status = 0, headers: answered } = response;
    const said = await text(response);
    const isJson = answered['content-type']?.startsWith('application/json') === true;
    return { status, headers: answered, body: isJson ? JSON.parse(said) : {} };
  }
}

export interface Asked {
  readonly method: Method;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export class Browser {
  readonly world: AccountsWorld;
  cookie = '';
  account = '';
  /** Whether each request comes from another address, as far as a server with a proxy before it sees. */
  roams = false;
  readonly passkey: SoftPasskey = new SoftPasskey(ORIGIN);

  constructor(world: AccountsWorld) {
    this.world = world;
  }

  /** One whose person has made an account; `codes`: its recovery codes. */
  static async registered(world: AccountsWorld, name = 'Ada'): Promise<Browser & { codes: string[] }> {
    const browser = new Browser(world);
    const { challenge } = (await browser.post('/register/options', { name })).body;
    const response = browser.passkey.register(String(challenge));
    const { status, body } = await browser.post('/register', { response, passkeyName: 'Laptop' });
    expect(status).toBe(201);
    browser.account = String(body['account']);
    return Object.assign(browser, { codes: body['recoveryCodes'] as string[] });
  }

  post = (path: string, body: object = {}, headers: Record<string, string> = {}): Promise<Answer> =>
    this.ask('POST', path, body, headers);
  get = (path: string): Promise<Answer> => this.ask('GET', path);

  async ask(method: Method, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const isBytes = body instanceof Uint8Array || typeof body === 'string';
    const answer = await this.world.ask({
      method,
      path: `/api${path}`,
      headers: {
        host: 'pool.example',
        ...(method === 'GET' ? {} : { origin: ORIGIN }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(this.cookie !== '' && { cookie: this.cookie }),
        ...(this.roams && { 'x-forwarded-for': anAddress() }),
        ...headers,
      },
      body: isBytes ? body : body === undefined ? '' : JSON.stringify(body),
    });
    const set = answer.headers['set-cookie'];
    const cookie = Array.isArray(set) ? String(set[0]) : undefined;
    if (cookie !== undefined) this.cookie = cookie.includes('Max-Age=0') ? '' : (cookie.split(';')[0] ?? '');
    return answer;
  }

  async signIn(over: Parameters<SoftPasskey['use']>[1] = {}, passkey: SoftPasskey = this.passkey): Promise<Answer> {
    const { challenge } = (await this.post('/sign-in/options')).body;
    return this.post('/sign-in', { response: passkey.use(String(challenge), over) });
  }

  /** Binds a device of these keys, or of new ones. */
  async bind(keys?: DeviceKeys, name = 'Laptop'): Promise<DeviceKeys> {
    const own = keys ?? (await generateDeviceKeys(false));
    const answer = await this.post('/devices', await this.proof(own, name));
    expect(answer).toMatchObject({ body: { device: own.id } });
    return own;
  }

  /** What binds a device. */
  async proof(keys: DeviceKeys, name = 'Laptop'): Promise<Record<string, string>> {
    const nonce = String((await this.post('/devices/nonce')).body['nonce']);
    return { ...(await deviceProof(keys, { nonce, account: this.account, origin: ORIGIN })), name };
  }
}

/** The body that binds a device. */
export async function deviceProof(
  keys: DeviceKeys,
  { nonce, account, origin }: { readonly nonce: string; readonly account: string; readonly origin: string },
): Promise<Record<string, string>> {
  const signature = await proveDevice(keys, { nonce: Buffer.from(nonce, 'base64url'), account, origin });
  return {
    nonce,
    signKey: base64url(keys.signKey),
    signature: base64url(signature),
    name: 'Laptop',
    type: 'browser',
  };
}

let addresses = 0;
const anAddress = (): string => `10.0.${(addresses += 1) >> 8}.${addresses & 255}`;

export const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');

/** The answer that says no, whole. */
export const refusal = (status: number, code: string): object => ({
  status,
  body: { code, message: expect.any(String) },
});
