// The built-in session manager: lets in whoever brings a ticket, signed by somebody whose public key it knows, and asks nobody.
// State of its own: which tickets were used in the last minute, and a list of bans that is pushed to it.
import type { JSONWebKeySet } from 'jose';
import { TICKET_MS, TICKET_SKEW_MS, ticketChecker, type CheckTicket } from '../src/keys/ticket.ts';
import type { Role } from '../src/wire/signaling.ts';
import type { JoinAsked, SessionHooks, Verdict } from './hooks.ts';
import { requireInteger } from './limits.ts';

/** Tickets remembered as used: 60 s and a little of 1,500 joins a second. About 200 bytes each. */
const USED_MAX = 100_000;
/** Bans held: about 100 bytes each. */
const BANS_MAX = 1_000_000;
/** When to come back if no more tickets can be remembered, ms. */
const RETRY_MS = 5_000;

export interface TicketOptions {
  /** Public keys (Ed25519) of those who may sign tickets, each with a `kid`. */
  readonly keys: JSONWebKeySet;
  /** What tickets for this server say in `aud`. */
  readonly audience: string;
  readonly bans?: BanList;
  /** Whether a device without a ticket is let in, and as what; a role that is undefined goes by who comes first. Default false. */
  readonly guests?: false | { readonly role?: Role };
  /**
   * How long a device stays in before it must show another ticket, ms, 60,000 to 2,592,000,000 (30 days); default a day. So that who
   * is no longer given tickets does not stay for ever where nobody said so.
   */
  readonly sessionMs?: number;
  /** Ms since 1970. Default Date.now. */
  readonly nowMs?: () => number;
}

/** An account or a device. */
export type Banned = { readonly account: string } | { readonly device: string };

/** Who may not join, whatever they bring. Whoever decides that pushes it here, and calls `revoke` to end sessions that exist. */
export class BanList {
  readonly #devices = new Set<string>();
  readonly #accounts = new Set<string>();

  /** Throws a RangeError if there is no more room. */
  add(subject: Banned): void {
    if (this.#devices.size + this.#accounts.size >= BANS_MAX)
      throw new RangeError(`bans: expected at most ${BANS_MAX}`);
    if ('device' in subject) this.#devices.add(subject.device);
    else this.#accounts.add(subject.account);
  }

  remove(subject: Banned): void {
    if ('device' in subject) this.#devices.delete(subject.device);
    else this.#accounts.delete(subject.account);
  }

  /** Instead of all that was listed. */
  replace(subjects: Iterable<Banned>): void {
    this.#devices.clear();
    this.#accounts.clear();
    for (const subject of subjects) this.add(subject);
  }

  has(device: string, account: string | undefined): boolean {
    return this.#devices.has(device) || (account !== undefined && this.#accounts.has(account));
  }
}

/** Throws if `keys` is no key set, and a RangeError on an option out of its range. */
export function ticketHooks(options: TicketOptions): SessionHooks {
  const { guests = false, sessionMs = 24 * 3_600_000 } = options;
  requireInteger('sessionMs', sessionMs, 60_000, 30 * 24 * 3_600_000);
  const admission = new TicketAdmission({ ...options, guests, sessionMs }, ticketChecker(options.keys));
  return { authorize: (asked) => admission.authorize(asked), onJoin: () => {}, onLeave: () => {} };
}

type Settled = TicketOptions & Required<Pick<TicketOptions, 'guests' | 'sessionMs'>>;

class TicketAdmission {
  readonly #options: Settled;
  readonly #check: CheckTicket;
  readonly #nowMs: () => number;
  /** Ticket id -> when it was used; who was used first is in front. */
  readonly #used = new Map<string, number>();

  constructor(options: Settled, check: CheckTicket) {
    this.#options = options;
    this.#check = check;
    this.#nowMs = options.nowMs ?? Date.now;
  }

  async authorize({ pool, device, ticket: token }: JoinAsked): Promise<Verdict> {
    const { audience, bans, guests, sessionMs } = this.#options;
    if (token === undefined) {
      if (guests === false) return { kind: 'refused', code: 'ticket' };
      if (bans?.has(device, undefined)) return { kind: 'refused', code: 'denied' };
      return { kind: 'admitted', zones: [], ...(guests.role !== undefined && { role: guests.role }) };
    }
    const verdict = await this.#check(token, { audience, pool, device, nowMs: this.#nowMs() });
    if (verdict.kind !== 'valid') return { kind: 'refused', code: verdict.kind === 'expired' ? 'expired' : 'ticket' };
    const { id, account, role, zones } = verdict.ticket;
    if (bans?.has(device, account)) return { kind: 'refused', code: 'denied' };
    const used = this.#use(id);
    if (used !== 'first') return used;
    const untilMs = this.#nowMs() + sessionMs;
    return { kind: 'admitted', role, zones, untilMs, ...(account !== undefined && { account }) };
  }

  /** One that could still be shown again is never forgotten: then rather nobody is let in. */
  #use(id: string): 'first' | Verdict {
    const now = this.#nowMs();
    for (const [old, usedMs] of this.#used) {
      if (usedMs + TICKET_MS + 2 * TICKET_SKEW_MS > now) break;
      this.#used.delete(old);
    }
    if (this.#used.has(id)) return { kind: 'refused', code: 'ticket' };
    if (this.#used.size >= USED_MAX) return { kind: 'refused', code: 'busy', retryMs: RETRY_MS };
    this.#used.set(id, now);
    return 'first';
  }
}
