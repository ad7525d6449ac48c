// What the app's pages may do, said in the headers of every answer: by a server on the net, and by the host of a window.

/**
 * What a page of ours may do: run and load only what this server serves, and connect only back to it. Safari and
 * older browsers do not count websockets as 'self', so the host is named for them.
 */
export function contentSecurityPolicy(hostHeader: string | undefined): string {
  const host = plainHost(hostHeader);
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' blob: data:",
    "font-src 'self'",
    host === undefined ? "connect-src 'self'" : `connect-src 'self' ws://${host} wss://${host}`,
    "worker-src 'self'",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

/** Of every answer, beside the policy. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=(), serial=(), hid=()',
};

/** A DNS name or IPv4 address with an optional port. IPv6 literals have no place in a Content-Security-Policy. */
const PLAIN_HOST = /^[a-z0-9](?:[a-z0-9.-]{0,252}[a-z0-9])?(?::\d{1,5})?$/i;

/** `host` if it is safe to write into a header of ours; undefined if not. */
function plainHost(host: string | undefined): string | undefined {
  return host !== undefined && PLAIN_HOST.test(host) ? host : undefined;
}
