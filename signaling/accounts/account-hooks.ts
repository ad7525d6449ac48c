// The session hooks of a server with accounts of its own: what the database says about the pool and the device, and the ticket, if
// one is needed or shown. Asks the database once for every join, so that a revoked device is out on every node.
import type { BanList } from '../hooks-ticket.ts';
import { ticketHooks } from '../hooks-ticket.ts';
import type { JoinAsked, SessionHooks, Verdict } from '../hooks.ts';
import type { Database } from '../store/database.ts';
import { deviceOf } from '../store/devices.ts';
import { poolOf } from '../store/pools.ts';
import type { Seats } from './seats.ts';
import { OWN_AUDIENCE, type TicketSigner } from './ticket-signer.ts';

export interface AccountHooksOptions {
  readonly database: Database;
  readonly signer: TicketSigner;
  readonly seats: Seats;
  /** Whether people without an account may join what is not for the invited alone. */
  readonly guests: boolean;
  /** Who may not join at all, whatever they bring. */
  readonly bans?: BanList;
  /** Ms since 1970. */
  readonly nowMs: () => number;
}

export function accountHooks({ database, signer, seats, guests, bans, nowMs }: AccountHooksOptions): SessionHooks {
  const listed = bans === undefined ? {} : { bans };
  const shared = { keys: signer.keys, audience: OWN_AUDIENCE, nowMs, ...listed };
  /** All tickets are shown to the first: it knows which were used. The second lets guests in. */
  const strict = ticketHooks({ ...shared, guests: false });
  const kept = ticketHooks({ ...shared, guests: { role: 'member' } });

  const authorize = async (asked: JoinAsked, signal: AbortSignal): Promise<Verdict> => {
    const { pool, device } = await database.transact(async (tx) => ({
      pool: await poolOf(tx, asked.pool),
      device: await deviceOf(tx, asked.device),
    }));
    if (device !== undefined && device.revokedMs !== null) return { kind: 'refused', code: 'denied' };
    const needsTicket = asked.ticket !== undefined || !guests || (pool !== undefined && pool.policy !== 'open');
    const verdict = await (needsTicket ? strict : kept).authorize(asked, signal);
    if (verdict.kind !== 'admitted' || pool !== undefined) return verdict;
    // Nobody keeps this pool: who comes first owns it.
    const { role: _role, ...rest } = verdict;
    return rest;
  };
  return { authorize, onJoin: (seat) => seats.took(seat), onLeave: (seat) => seats.left(seat) };
}
