// A server's own accounts, put together: the routes for pages, the hooks for joins, one database below both.
import type { FastifyPluginAsync } from 'fastify';
import { messageOf } from '../store/errors.ts';
import type { SessionHooks, Subject } from '../hooks.ts';
import type { Present } from '../hub-ports.ts';
import { setOperators } from '../store/accounts.ts';
import type { Database } from '../store/database.ts';
import { forgetExpired } from '../store/expiry.ts';
import { accountHooks } from './account-hooks.ts';
import { accountRoutes } from './account-routes.ts';
import { Passphrases } from './passphrases.ts';
import { Rates } from './rates.ts';
import { ticketSigner } from './ticket-signer.ts';

export interface AccountsOptions {
  /** Open; whoever opened it closes it, after `close`. */
  readonly database: Database;
  /** Of pages that may use the accounts, such as `https://pool.example`. Default: those of the host that a request names. */
  readonly origins?: readonly string[] | undefined;
  /** Whether people without an account may join what is not for the invited alone. Default true. */
  readonly guests?: boolean;
  readonly proxyHops?: number;
  /** Accounts that may look at reports, ban and kick, from now on these alone. Default: nobody. */
  readonly operators?: readonly string[];
  /** Ends sessions of devices that are in pools: the server's own `revoke`. */
  readonly revoke: (subject: Subject) => void;
  /** Whoever has a place in a pool right now: the server's own `presentIn`. */
  readonly presentIn: (pool: string) => Promise<readonly Present[]>;
  /** Told what went wrong where nobody asked. */
  readonly onTrouble?: (problem: string) => void;
  /** Ms since 1970. Default Date.now. */
  readonly nowMs?: () => number;
}

export interface Accounts {
  readonly hooks: SessionHooks;
  /** To be registered under `/api`. */
  readonly routes: FastifyPluginAsync;
  close(): void;
}

/** How often what is over leaves the database, ms. */
const FORGET_MS = 3_600_000;

/** Rejects with a DatabaseError. */
export async function openAccounts(options: AccountsOptions): Promise<Accounts> {
  const { database, guests = true, proxyHops = 0, operators = [], revoke, presentIn } = options;
  const { nowMs = Date.now, onTrouble = () => {} } = options;
  const signer = await ticketSigner(database, nowMs());
  const known = await database.transact((tx) => setOperators(tx, operators));
  for (const id of operators) if (!known.includes(id)) onTrouble(`operators: there is no account ${id}`);
  const context = {
    database,
    origins: options.origins,
    proxyHops,
    guests,
    rates: new Rates(),
    passphrases: new Passphrases(),
    presentIn,
    signer,
    revoke,
    nowMs,
  };
  const timer = setInterval(() => {
    const told = (error: unknown): void => onTrouble(messageOf(error));
    database.transact((tx) => forgetExpired(tx, nowMs())).catch(told);
  }, FORGET_MS).unref();
  return {
    hooks: accountHooks({ database, signer, guests, nowMs }),
    routes: accountRoutes(context),
    close: () => clearInterval(timer),
  };
}
