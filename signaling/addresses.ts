// What one network address may take up: open websockets, openings and joins. Pure: the caller passes the time. Who that is
// behind a proxy: `clientAddress`.
import type { HubLimits } from './limits.ts';
import { socketAddress, sourceKey } from './stun/socket-address.ts';
import { TokenBucket } from './token-bucket.ts';

/** Addresses without a socket whose rate is still remembered; past it the one that was silent longest begins anew. */
const IDLE_MAX = 10_000;
/** When somebody over its rate is to come back, ms: a few tokens later. */
const RETRY_MS = 5_000;

/**
 * Who asks: an IPv4 address, or the /64 of an IPv6 one. Of `X-Forwarded-For` only what the `hops` nearest proxies wrote counts;
 * with 0 hops it is nobody's word. Anything that is no address counts as the connection's own.
 */
export function clientAddress({ headers, socket }: Connection, hops: number): string {
  const own = socket.remoteAddress ?? '';
  const named = hops === 0 ? '' : (forwardedAddresses({ headers }).at(-hops) ?? '');
  const address = socketAddress(named, 0) ?? socketAddress(own, 0);
  return address === undefined ? own : sourceKey(address);
}

/** What `X-Forwarded-For` lists, whoever wrote it; the nearest proxy's word comes last. */
export function forwardedAddresses({ headers }: Pick<Connection, 'headers'>): readonly string[] {
  const listed = [headers['x-forwarded-for'] ?? []].flat().join(',');
  return listed === '' ? [] : listed.split(',').map((each) => each.trim());
}

interface Connection {
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly socket: { readonly remoteAddress?: string | undefined };
}

interface Entry {
  sockets: number;
  readonly asked: TokenBucket;
}

type AddressLimits = Pick<HubLimits, 'addressSocketsMax' | 'addressBurst' | 'addressPerSecond'>;

export class Addresses {
  readonly #limits: AddressLimits;
  /** Those with a socket: as many as there are sockets at most. */
  readonly #active = new Map<string, Entry>();
  /** The others, who was silent longest in front. */
  readonly #idle = new Map<string, Entry>();

  constructor(limits: AddressLimits) {
    this.#limits = limits;
  }

  /** Takes a place for a websocket. False: it has too many, or asks too often. */
  open(now: number, address: string): boolean {
    const entry = this.#entry(now, address);
    const { addressSocketsMax } = this.#limits;
    if (entry.sockets >= addressSocketsMax || !entry.asked.take(now, 1)) {
      this.#settle(address, entry);
      return false;
    }
    entry.sockets += 1;
    this.#settle(address, entry);
    return true;
  }

  /** Gives a place back that `open` took. */
  close(address: string): void {
    const entry = this.#active.get(address);
    if (entry === undefined) return;
    entry.sockets -= 1;
    this.#settle(address, entry);
  }

  /** One join through a socket that is open. 0: go on. Otherwise: come back in so many ms. */
  join(now: number, address: string): number {
    return this.#active.get(address)?.asked.take(now, 1) === false ? RETRY_MS : 0;
  }

  #entry(now: number, address: string): Entry {
    const { addressBurst, addressPerSecond } = this.#limits;
    const known = this.#active.get(address) ?? this.#idle.get(address);
    return known ?? { sockets: 0, asked: new TokenBucket(addressBurst, addressPerSecond, now) };
  }

  #settle(address: string, entry: Entry): void {
    this.#idle.delete(address);
    if (entry.sockets > 0) {
      this.#active.set(address, entry);
      return;
    }
    this.#active.delete(address);
    this.#idle.set(address, entry);
    const [oldest] = this.#idle.keys();
    if (this.#idle.size > IDLE_MAX && oldest !== undefined) this.#idle.delete(oldest);
  }
}
