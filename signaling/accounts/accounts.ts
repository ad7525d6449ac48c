// A server's own accounts, put together: the routes for pages, the hooks for joins, one database below both.
import type { FastifyPluginAsync } from 'fastify';
import { messageOf } from '../store/errors.ts';
import type { BanList } from '../hooks-ticket.ts';
import type { SessionHooks, Subject } from '../hooks.ts';
import type { Database } from '../store/database.ts';
import { forgetExpired } from '../store/expiry.ts';
import { accountHooks } from './account-hooks.ts';
import { accountRoutes } from './account-routes.ts';
import { Passphrases } from './passphrases.ts';
import { Rates } from './rates.ts';
import { Seats } from './seats.ts';
import { ticketSigner } from './ticket-signer.ts';

export interface AccountsOptions {
  /** Open; whoever opened it closes it, after `close`. */
  readonly database: Database;
  /** Of pages that may use the accounts, such as `https://pool.example`. Default: those of the host that a request names. */
  readonly origins?: readonly string[] | undefined;
  /** Whether people without an account may join what is not for the invited alone. Default true. */
  readonly guests?: boolean;
  readonly proxyHops?: number;
  readonly bans?: BanList;
  /** Ends sessions of devices that are in pools: the server's own `revoke`. */
  readonly revoke: (subject: Subject) => void;
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
  const { database, guests = true, proxyHops = 0, bans, revoke, nowMs = Date.now, onTrouble = () => {} } = options;
  const signer = await ticketSigner(database, nowMs());
  const seats = new Seats();
  const context = {
    database,
    origins: options.origins,
    proxyHops,
    guests,
    rates: new Rates(),
    passphrases: new Passphrases(),
    seats,
    signer,
    revoke,
    nowMs,
  };
  const timer = setInterval(() => {
    const told = (error: unknown): void => onTrouble(messageOf(error));
    database.transact((tx) => forgetExpired(tx, nowMs())).catch(told);
  }, FORGET_MS).unref();
  return {
    hooks: accountHooks({ database, signer, seats, guests, nowMs, ...(bans !== undefined && { bans }) }),
    routes: accountRoutes(context),
    close: () => clearInterval(timer),
  };
}
