// Join tickets: what lets a device into a pool without anybody being asked, on any node that knows the issuer's public keys.
// JSON Web Tokens (RFC 7519) signed with Ed25519 (RFC 8037), by jose. Only servers import this: no page checks a ticket.
import { createLocalJWKSet, errors, jwtVerify, SignJWT, type CryptoKey as JoseKey, type JSONWebKeySet } from 'jose';
import type { AccountId, DeviceId } from '../wire/entry.ts';
import { isRole, type Role } from '../wire/signaling.ts';

/** How long a ticket may be good for, ms: it is fetched when it is needed. */
export const TICKET_MS = 60_000;
/** How far the clocks of who signs and who checks may be apart, ms: both are servers that keep time. */
export const TICKET_SKEW_MS = 5_000;
/** Characters of a ticket's number, account and audience; zones, and characters of each. */
export const TICKET_BOUNDS = { id: 64, account: 128, audience: 256, zones: 16, zone: 64 } as const;

/** `typ` of the header, so that no other token of the same issuer is taken for one (RFC 8725, section 3.11). */
const TYPE = 'rockpool-ticket+jwt';

export interface Ticket {
  /** Which server it is for, such as `https://pool.example`. */
  readonly audience: string;
  /** Normalized pool code. */
  readonly pool: string;
  /** The one device it lets in, which proves with a signature of its own that it is that. */
  readonly device: DeviceId;
  /** Whose device it is; undefined: a guest's. */
  readonly account: AccountId | undefined;
  readonly role: Role;
  readonly zones: readonly string[];
  /** Never twice the same: good for one join. */
  readonly id: string;
  /** Ms since 1970, whole seconds. */
  readonly issuedMs: number;
  /** At most TICKET_MS later. */
  readonly expiresMs: number;
}

/** What a ticket must say to be good here and now, for the device that shows it. */
export interface TicketExpected {
  readonly audience: string;
  readonly pool: string;
  readonly device: DeviceId;
  readonly nowMs: number;
}

export type TicketVerdict =
  | { readonly kind: 'valid'; readonly ticket: Ticket }
  /** Of a right signature, and too late. */
  | { readonly kind: 'expired' }
  /** Anything else: no ticket, no key of ours, or for another server, pool or device. */
  | { readonly kind: 'wrong' };

/** The token, about 600 characters. `key`: Ed25519, and `kid` its name among the public keys. Rejects on a key of another kind. */
export async function signTicket(key: JoseKey, kid: string, ticket: Ticket): Promise<string> {
  const { audience, pool, device, account, role, zones, id, issuedMs, expiresMs } = ticket;
  const token = new SignJWT({ pool, device, role, zones: [...zones] })
    .setProtectedHeader({ alg: 'EdDSA', typ: TYPE, kid })
    .setAudience(audience)
    .setJti(id)
    .setIssuedAt(issuedMs / 1000)
    .setExpirationTime(expiresMs / 1000);
  return (account === undefined ? token : token.setSubject(account)).sign(key);
}

export type CheckTicket = (token: string, expected: TicketExpected) => Promise<TicketVerdict>;

/**
 * Checks tickets against the public keys of those who may sign them, each with its `kid` (RFC 7517): several, so that keys can
 * change. Keys are imported once. Whether a ticket was used before is for the caller to know. Throws if `keys` is no key set.
 */
export function ticketChecker(keys: JSONWebKeySet): CheckTicket {
  const find = createLocalJWKSet(keys);
  return async (token, { audience, pool, device, nowMs }) => {
    try {
      const { payload } = await jwtVerify(token, find, {
        algorithms: ['EdDSA', 'Ed25519'],
        typ: TYPE,
        audience,
        currentDate: new Date(nowMs),
        clockTolerance: TICKET_SKEW_MS / 1000,
        requiredClaims: ['exp', 'iat', 'jti', 'pool', 'device', 'role'],
      });
      const ticket = ticketOf(payload, audience);
      const fits = ticket !== undefined && ticket.pool === pool && ticket.device === device && isTimely(ticket, nowMs);
      return fits ? { kind: 'valid', ticket } : { kind: 'wrong' };
    } catch (error) {
      return { kind: error instanceof errors.JWTExpired ? 'expired' : 'wrong' };
    }
  };
}

/** Made now or before, and for no longer than a ticket may be. */
function isTimely({ issuedMs, expiresMs }: Ticket, nowMs: number): boolean {
  return issuedMs <= nowMs + TICKET_SKEW_MS && expiresMs - issuedMs <= TICKET_MS;
}

function ticketOf(claims: Readonly<Record<string, unknown>>, audience: string): Ticket | undefined {
  const { pool, device, sub: account, role, zones = [], jti, iat, exp } = claims;
  if (typeof pool !== 'string' || typeof device !== 'string' || typeof role !== 'string' || !isRole(role))
    return undefined;
  if (account !== undefined && !isText(account, TICKET_BOUNDS.account)) return undefined;
  if (!isText(jti, TICKET_BOUNDS.id) || typeof iat !== 'number' || typeof exp !== 'number') return undefined;
  if (!isZones(zones)) return undefined;
  const [issuedMs, expiresMs] = [iat * 1000, exp * 1000];
  return { audience, pool, device, account, role, zones, id: jti, issuedMs, expiresMs };
}

function isZones(zones: unknown): zones is string[] {
  return (
    Array.isArray(zones) &&
    zones.length <= TICKET_BOUNDS.zones &&
    zones.every((zone) => isText(zone, TICKET_BOUNDS.zone))
  );
}

function isText(value: unknown, charactersMax: number): value is string {
  return typeof value === 'string' && value.length >= 1 && value.length <= charactersMax;
}
