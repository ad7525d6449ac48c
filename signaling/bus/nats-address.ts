// What the address of a NATS server says. Apart from nats.ts, so that who only reads options loads no client.

export interface NatsAddress {
  /** HOST:PORT. */
  readonly server: string;
  readonly tls: boolean;
  readonly user?: string;
  readonly pass?: string;
  readonly token?: string;
}

/**
 * `url`: `nats://` or `tls://`, then `user:password@` or `token@` if need be, and a host with a port, 4222 by default. Throws a RangeError
 * that does not repeat the password.
 */
export function natsAddress(url: string): NatsAddress {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const scheme = parsed?.protocol;
  if (parsed === undefined || (scheme !== 'nats:' && scheme !== 'tls:') || parsed.hostname === '')
    throw new RangeError('bus.url: expected nats://HOST:PORT or tls://HOST:PORT');
  const [user, pass] = [decodeURIComponent(parsed.username), decodeURIComponent(parsed.password)];
  const server = `${parsed.hostname}:${parsed.port || '4222'}`;
  const tls = scheme === 'tls:';
  if (user === '') return { server, tls };
  return pass === '' ? { server, tls, token: user } : { server, tls, user, pass };
}
