// The session hooks of a server with accounts of its own: what the database says about the pool and the device, and the ticket, if
// one is needed or shown. Asks the database once for every join, so that a ban and a device's end hold on every node.
import { ticketHooks } from '../hooks-ticket.ts';
import type { JoinAsked, SessionHooks, Verdict } from '../hooks.ts';
import { addressSubjects } from '../moderation/address-subject.ts';
import type { Database } from '../store/database.ts';
import { deviceOf } from '../store/devices.ts';
import { banAmong } from '../store/moderation.ts';
import { poolOf, roleOf } from '../store/pools.ts';
import type { DeviceRow, Subject } from '../store/schema.ts';
import { OWN_AUDIENCE, type TicketSigner } from './ticket-signer.ts';

export interface AccountHooksOptions {
  readonly database: Database;
  readonly signer: TicketSigner;
  /** Whether people without an account may join what is not for the invited alone. */
  readonly guests: boolean;
  /** Ms since 1970. */
  readonly nowMs: () => number;
}

export function accountHooks({ database, signer, guests, nowMs }: AccountHooksOptions): SessionHooks {
  const shared = { keys: signer.keys, audience: OWN_AUDIENCE, nowMs };
  /** All tickets are shown to the first: it knows which were used. The second lets guests in. */
  const strict = ticketHooks({ ...shared, guests: false });
  const kept = ticketHooks({ ...shared, guests: { role: 'member' } });

  const authorize = async (asked: JoinAsked, signal: AbortSignal): Promise<Verdict> => {
    const { pool, device, role, isBanned } = await database.transact(async (tx) => {
      const device = await deviceOf(tx, asked.device);
      const ban = await banAmong(tx, namesOf(asked, device), nowMs());
      const role = device && (await roleOf(tx, { pool: asked.pool, account: device.account }));
      return { pool: await poolOf(tx, asked.pool), device, role, isBanned: ban !== undefined };
    });
    const isRevoked = device !== undefined && device.revokedMs !== null;
    if (isRevoked || isBanned) return { kind: 'refused', code: 'denied' };
    const needsTicket = asked.ticket !== undefined || !guests || (pool !== undefined && pool.policy !== 'open');
    const verdict = await (needsTicket ? strict : kept).authorize(asked, signal);
    if (verdict.kind !== 'admitted') return verdict;
    // Whoever is signed out here is found all the same when the account's sessions are to end.
    const admitted = { ...verdict, ...(device !== undefined && { account: device.account }) };
    if (pool === undefined) {
      // Nobody keeps this pool: who comes first owns it.
      const { role: _role, ...rest } = admitted;
      return rest;
    }
    // A ticket says what somebody was when it was given: who was removed since asks for another, and learns why there is none.
    if (role === undefined && pool.policy === 'invited') return { kind: 'refused', code: 'expired' };
    return verdict.account === undefined ? admitted : { ...admitted, role: role ?? 'member' };
  };
  return { authorize, onJoin: () => {}, onLeave: () => {} };
}

/** What a ban may be called that holds for it. */
function namesOf({ device: id, address }: JoinAsked, device: DeviceRow | undefined): Subject[] {
  const names: Subject[] = addressSubjects(address).map((subject) => ({ subjectKind: 'address', subject }));
  names.push({ subjectKind: 'device', subject: id });
  if (device !== undefined) names.push({ subjectKind: 'account', subject: device.account });
  return names;
}
