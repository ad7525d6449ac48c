// A server's accounts as a program on Node uses them: who is signed in there from this data directory, and tickets for its pools. A
// session is a file of that directory, `account-HASH.json` by the server, its owner's alone.
import { createHash } from 'node:crypto';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AccountProblem, ticketFor, type AskAccounts, type BoundDevice, type Shown } from './account-ticket.ts';
import { askHttp, objectIn, type HttpAnswer } from './ask-http.ts';
import { codeOf } from './final-name.ts';
import { writePrivately } from './private-file.ts';
import { appAddress } from './server-address.ts';

export interface AccountsPlace {
  /** `ws://` or `wss://`, path `/ws`. */
  readonly server: string;
  /** The data directory. */
  readonly data: string;
}

export interface OwnAccount {
  readonly id: string;
  readonly name: string;
}

const FOLDER_MODE = 0o700;
/** A session's cookie as servers set it, and others: its name and value. */
const SESSION = /^((?:__Host-)?rockpool)=([\w-]*)(?:;|$)/;

export class ServerAccounts {
  /** Of the app, without a slash at its end. */
  readonly url: string;
  /** Why there was no ticket the last time, if the person can do something about it. */
  refused: AccountProblem | undefined;
  readonly #path: string;
  readonly #data: string;
  #session: Promise<string | undefined> | undefined;
  #has: Promise<boolean> | undefined;

  constructor({ server, data }: AccountsPlace) {
    this.url = appAddress(server);
    this.#data = data;
    this.#path = join(data, `account-${sha256Hex(this.url).slice(0, 16)}.json`);
  }

  /** For PoolClient: '' where none is needed. Rejects with an AccountProblem. */
  async ticket(pool: string, device: BoundDevice, shown: Shown): Promise<string> {
    this.refused = undefined;
    try {
      if (!(await this.#hasAccounts())) return '';
      const { passphrase, ...open } = shown;
      const door = { ask: this.#ask, origin: this.#origin };
      return await ticketFor(door, pool, device, open).catch((error: unknown) => {
        // Shown to those doors alone that want one.
        if (passphrase === undefined || !isProblem(error, 'passphrase-needed')) throw error;
        return ticketFor(door, pool, device, shown);
      });
    } catch (error) {
      if (error instanceof AccountProblem && !error.passes) this.refused = error;
      throw error;
    }
  }

  /** `code`: the words that a device which is signed in shows. Rejects with an AccountProblem. */
  async signIn(code: string): Promise<OwnAccount> {
    await this.#requireAccounts();
    await this.#ask('POST', 'links/use', { code });
    return this.me();
  }

  /** Rejects with an AccountProblem: `signed-out` if nobody is. */
  async me(): Promise<OwnAccount> {
    await this.#requireAccounts();
    const { id, name } = await this.#ask<OwnAccount>('GET', 'me');
    return { id: String(id), name: String(name) };
  }

  /** Rejects with an AccountProblem. */
  async signOut(): Promise<void> {
    if ((await this.#keptSession()) !== undefined) await this.#ask('POST', 'sign-out', {});
  }

  async #requireAccounts(): Promise<void> {
    if (await this.#hasAccounts()) return;
    throw new AccountProblem('no-accounts', `The server at ${this.url} keeps no accounts.`, false);
  }

  /** Asked once, unless the server cannot be reached. */
  #hasAccounts(): Promise<boolean> {
    this.#has ??= this.#send('GET', 'about').then(({ status, body }) => {
      if (status === 429 || status >= 500) throw this.#unreachable();
      return status === 200 && objectIn(body)?.['accounts'] === true;
    });
    this.#has.catch(() => (this.#has = undefined));
    return this.#has;
  }

  readonly #ask: AskAccounts = async <Answer>(method: 'GET' | 'POST', path: string, body?: object): Promise<Answer> => {
    const { status, cookies, body: said } = await this.#send(method, path, body);
    const answer = objectIn(said);
    if (status < 200 || status > 299 || answer === undefined) {
      const message = String(answer?.['message'] ?? 'The server was not understood.');
      throw new AccountProblem(String(answer?.['code']), message, status >= 500 || status === 429);
    }
    const set = cookies.map((cookie) => SESSION.exec(cookie)).find((match) => match !== null);
    if (set !== undefined) await this.#keepSession(set[2] === '' ? undefined : `${set[1]}=${set[2]}`);
    return answer as Answer;
  };

  async #send(method: 'GET' | 'POST', path: string, body?: object): Promise<HttpAnswer> {
    const session = await this.#keptSession();
    const headers = {
      // What is asked for by a page of the server's own would say so; this is no page.
      origin: this.#origin,
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(session !== undefined && { cookie: session }),
    };
    const content = body === undefined ? {} : { body: JSON.stringify(body) };
    return askHttp(`${this.url}/api/${path}`, { method, headers, ...content }).catch(() => {
      throw this.#unreachable();
    });
  }

  get #origin(): string {
    return new URL(this.url).origin;
  }

  #unreachable(): AccountProblem {
    return new AccountProblem('unreachable', `The server at ${this.url} cannot be reached.`, true);
  }

  #keptSession(): Promise<string | undefined> {
    this.#session ??= readFile(this.#path, 'utf8').then(
      (text) => String(objectIn(text)?.['session'] ?? '') || undefined,
      (error: unknown) => {
        if (codeOf(error) === 'ENOENT') return undefined;
        throw error;
      },
    );
    return this.#session;
  }

  async #keepSession(session: string | undefined): Promise<void> {
    this.#session = Promise.resolve(session);
    if (session === undefined) return rm(this.#path, { force: true });
    await mkdir(this.#data, { recursive: true, mode: FOLDER_MODE });
    await writePrivately(this.#path, `${JSON.stringify({ server: this.url, session })}\n`);
  }
}

const isProblem = (error: unknown, code: string): boolean => error instanceof AccountProblem && error.code === code;

const sha256Hex = (text: string): string => createHash('sha256').update(text).digest('hex');
