// Session hooks: how whoever knows people and pools decides who may join, and hears who is there. The server asks before a
// device is let in and tells what came of it; it asks nothing more while the device stays. See docs/hooks.md.
import type { SocketCode } from '../src/wire/codes.ts';
import type { Grant, Seat, Subject, Vacated } from './hub-ports.ts';

export type { Grant, Seat, Subject, Vacated } from './hub-ports.ts';

/** Who asks to join. The device has signed this server's challenge: it is who it says. */
export interface JoinAsked {
  /** Normalized pool code. */
  readonly pool: string;
  /** Device id: 32 hex digits of the hash of its key. */
  readonly device: string;
  /** As the others will see it, 1 to 64 characters. */
  readonly name: string;
  /** `browser`, `terminal` or `desktop`, as the device says. */
  readonly kind: string;
  /** What the device brought, unread: at most 4,096 printable characters. */
  readonly ticket: string | undefined;
  /** An IPv4 address, or the first 64 bits of an IPv6 one in hex: never to be logged or kept without need. */
  readonly address: string;
}

/**
 * Why a device may not join, as it is told: no ticket or a wrong one; one that has run out (it comes back with another);
 * not here; not now (it comes back, in `retryMs` if that is said).
 */
export type RefusalCode = Extract<SocketCode, 'ticket' | 'expired' | 'denied' | 'busy' | 'unavailable'>;

export interface Refused {
  readonly kind: 'refused';
  readonly code: RefusalCode;
  /** 0 to 600,000 ms. */
  readonly retryMs?: number;
}

/** `untilMs`, if given: ms since 1970; then the device is closed with `expired` and may join again. */
export interface Admitted extends Grant {
  readonly kind: 'admitted';
}

export type Verdict = Refused | Admitted;

export interface SessionHooks {
  /**
   * May this device join? Asked for every join, also when a device comes back or changes its name. Whoever throws, or takes longer
   * than `authorizeMs` (`signal` fires then), has said `unavailable`.
   */
  authorize(asked: JoinAsked, signal: AbortSignal): Promise<Verdict>;
  /** A device has taken its place in a pool. Must not throw, and not take long: work of its own is begun and not waited for. */
  onJoin(seat: Seat): void;
  /**
   * A device has given its place up: it left or moved (`left`), did not come back in time after its connection broke (`lost`), or its
   * session was ended (`ended`). Once for each onJoin; not called when the server stops, for then everyone comes back.
   */
  onLeave(seat: Seat, why: Vacated): void;
}

/** Anybody may join any pool; who comes first is its owner. */
export const openHooks: SessionHooks = {
  authorize: () => Promise.resolve({ kind: 'admitted', zones: [] }),
  onJoin: () => {},
  onLeave: () => {},
};

/** Whose session, and in which pool. */
export interface SessionOf {
  readonly device: string;
  readonly account: string | undefined;
  readonly pool: string;
}

/** Whether `subject` means it. Addresses are compared where they are known: by the sockets (moderation/address-subject.ts). */
export function isSubject(subject: Subject, { device, account, pool }: SessionOf): boolean {
  if ('device' in subject) return subject.device === device;
  if ('address' in subject) return false;
  return subject.account === account && (subject.pool ?? pool) === pool;
}

/** What its sessions are closed with: who may come back is told so. */
export const endCode = (subject: Subject): 'expired' | 'revoked' =>
  'account' in subject && subject.pool !== undefined ? 'expired' : 'revoked';
