// Who may open a websocket: the Origin check.

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
