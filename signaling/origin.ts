// Who may open a websocket: the Origin check, and what a Host header may look like before anything is built from it.

/** A DNS name or IPv4 address with an optional port. IPv6 literals have no place in a Content-Security-Policy. */
const PLAIN_HOST = /^[a-z0-9](?:[a-z0-9.-]{0,252}[a-z0-9])?(?::\d{1,5})?$/i;

/** `host` if it is safe to write into a header of ours; undefined if not. */
export function plainHost(host: string | undefined): string | undefined {
  return host !== undefined && PLAIN_HOST.test(host) ? host : undefined;
}

/**
 * Whether a page of `origin` may open a websocket here. Without `allowed` it must be a page of the very host the
 * request names. A request without an Origin comes from no page: a terminal peer, which needs no protection.
 */
export function originAllowed(
  origin: string | undefined,
  host: string | undefined,
  allowed: readonly string[] | undefined,
): boolean {
  if (origin === undefined) return true;
  if (allowed !== undefined) return allowed.includes(origin);
  const page = parseUrl(origin);
  if (page === null || (page.protocol !== 'http:' && page.protocol !== 'https:')) return false;
  // Parsed under the page's own scheme, so that a default port written out in one of the two makes no difference.
  return host !== undefined && parseUrl(`${page.protocol}//${host}`)?.host === page.host;
}

/** `text` as an origin the way browsers write it. Throws a TypeError if it is none. */
export function requireOrigin(text: string): string {
  const url = parseUrl(text);
  if (url !== null && url.origin === text) return text;
  throw new TypeError(`allowedOrigins: expected an origin such as https://example.org, got ${text}`);
}

function parseUrl(text: string): URL | null {
  return URL.canParse(text) ? new URL(text) : null;
}
