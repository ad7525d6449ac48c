// Why a question of the doctor's was not answered, or by something else, in words.
import type { HttpAnswer } from '../../src/io/ask-http.ts';
import { broken, type CheckName, type Finding } from './findings.ts';

/** Why nothing came from `url`, as a browser would feel it. */
export function unreachable(check: CheckName, url: string, error: unknown): Finding {
  const { hostname, host, protocol } = new URL(url);
  const code = codeOf(error);
  switch (code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return broken(check, `Nobody knows the name ${hostname}.`, 'Add it to the DNS, and wait until that has spread.');
    case 'ECONNREFUSED':
      return broken(
        check,
        `Nothing listens at ${host}.`,
        'Start the server, or the proxy in front of it. Without a proxy it must listen on an address that others reach: --host 0.0.0.0.',
      );
    case 'CERT_HAS_EXPIRED':
      return broken(check, 'The certificate has expired.', 'Renew it, and see that it is renewed by itself.');
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return broken(check, `The certificate is not for ${hostname}.`, 'Get one for this name.');
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
      return broken(
        check,
        'The certificate leads to no authority that is known here.',
        'Serve the whole chain (fullchain.pem), not the certificate alone. Of an authority of your own, name its certificate in NODE_EXTRA_CA_CERTS here, and install it in the browsers.',
      );
    case 'EPROTO':
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
      return broken(check, `No TLS is spoken at ${host}.`, 'Use http:// for it, or give the server a certificate.');
    case 'UND_ERR_CONNECT_TIMEOUT':
    case 'ETIMEDOUT':
    case 'TimeoutError':
      return broken(
        check,
        `No answer from ${host}.`,
        'A firewall may drop it: open the TCP port, and forward it on the router.',
      );
    default: {
      const tls = protocol === 'http:' ? ' If TLS is spoken there, use https://.' : '';
      return broken(check, `The connection to ${host} failed: ${messageOf(error)}.`, `See what listens there.${tls}`);
    }
  }
}

/** Of a response that is none of ours. */
export function wrongStatus(check: CheckName, path: string, { status, location }: HttpAnswer): Finding {
  if (location !== undefined)
    return broken(check, `${path} leads on to ${location}.`, 'Examine that address instead, and let people open it.');
  if (status >= 502 && status <= 504)
    return broken(
      check,
      `What stands in front answers ${status}: it does not reach Rockpool.`,
      'Start Rockpool, and see that the proxy passes to the address and port where it listens.',
    );
  return broken(
    check,
    `${path} is answered (${status}), but not by Rockpool.`,
    'See that the proxy passes this path on as it is, and that --base-path is the path in this address.',
  );
}

/** The system's own code is often the cause of the cause. */
function codeOf(error: unknown): string | undefined {
  for (let each = error, depth = 0; typeof each === 'object' && each !== null && depth < 4; depth += 1) {
    if ('code' in each && typeof each.code === 'string') return each.code;
    if ('name' in each && each.name === 'TimeoutError') return 'TimeoutError';
    // Tried over IPv6 and IPv4: both failed.
    const first: unknown = 'errors' in each && Array.isArray(each.errors) ? each.errors[0] : undefined;
    each = first ?? ('cause' in each ? each.cause : undefined);
  }
  return undefined;
}

function messageOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return (cause instanceof Error ? cause.message : String(cause)).replace(/\.$/, '');
}
