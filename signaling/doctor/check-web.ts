// The doctor's questions over HTTP: is it there, does a browser count it as secure, whose addresses does it see.
import { lookup } from 'node:dns/promises';
import { BlockList, isIPv4, isIPv6 } from 'node:net';
import { z } from 'zod';
import { askHttp, objectIn } from '../../src/io/ask-http.ts';
import { PROTOCOL_VERSION } from '../../src/wire/codes.ts';
import { unreachable, wrongStatus } from './asking.ts';
import { broken, hint, ok, skipped, type Finding } from './findings.ts';

/** Nobody's (RFC 5737). */
const FORGED = '192.0.2.77';

/** Of /health, where there is a bus. */
const WITH_BUS = z.object({ bus: z.object({ connected: z.boolean(), nodes: z.number() }) });

const INSIDE = new BlockList();
INSIDE.addSubnet('127.0.0.0', 8);
INSIDE.addSubnet('10.0.0.0', 8);
INSIDE.addSubnet('172.16.0.0', 12);
INSIDE.addSubnet('192.168.0.0', 16);
INSIDE.addSubnet('::1', 128, 'ipv6');
INSIDE.addSubnet('fc00::', 7, 'ipv6');

export async function checkReachable(url: string): Promise<Finding> {
  let answer;
  try {
    answer = await askHttp(`${url}/health`);
  } catch (error) {
    return unreachable('reachable', url, error);
  }
  const health = answer.status === 200 ? objectIn(answer.body) : undefined;
  if (health?.['status'] !== 'ok') return wrongStatus('reachable', '/health', answer);
  const { protocol } = health;
  if (protocol === PROTOCOL_VERSION) return ok('reachable', 'Rockpool answers.');
  return broken(
    'reachable',
    `The server speaks version ${String(protocol)} of the protocol, this program version ${PROTOCOL_VERSION}.`,
    'Bring the older one up to date.',
  );
}

/** Undefined: the server has no bus. Of several nodes only one answers. */
export async function checkBus(url: string): Promise<Finding | undefined> {
  try {
    const health = WITH_BUS.safeParse(objectIn((await askHttp(`${url}/health`)).body));
    if (!health.success) return undefined;
    const { connected, nodes } = health.data.bus;
    if (!connected) {
      return broken(
        'bus',
        'The node that answers does not reach the bus: who is there does not meet those at other nodes.',
        'See that NATS runs, and that --bus leads to it from that node.',
      );
    }
    if (nodes > 0) return ok('bus', `The node that answers is linked with ${nodes} more.`);
    return hint(
      'bus',
      'The node that answers knows of no other.',
      'If there are others: they need the same NATS, and the same version of Rockpool.',
    );
  } catch (error) {
    return unreachable('bus', url, error);
  }
}

export async function checkApp(url: string): Promise<Finding> {
  try {
    const answer = await askHttp(`${url}/`);
    if (answer.status === 200 && answer.type.startsWith('text/html')) return ok('app', 'The app is served.');
    return wrongStatus('app', '/', answer);
  } catch (error) {
    return unreachable('app', url, error);
  }
}

export function checkSecure(url: string): Finding {
  const { protocol, hostname } = new URL(url);
  if (protocol === 'https:') return ok('secure', 'Browsers count https:// as secure.');
  if (/^(?:localhost|.*\.localhost|127\.[\d.]+|\[::1\])$/.test(hostname)) {
    return ok('secure', 'Browsers count this machine’s own address as secure, on this machine.');
  }
  return broken(
    'secure',
    `Browsers do not count ${url} as secure, and give it neither encryption nor storage.`,
    'Serve it over https: with --tls-cert and --tls-key, or with a certificate in a proxy (docs/operating.md).',
  );
}

/** Without the addresses of its visitors a server counts all of them as one, and shuts them out together. */
export async function checkForwarded(url: string): Promise<Finding> {
  const check = 'forwarded';
  try {
    const { address, forwarded, trusted } = await seen(url);
    if (trusted === 0 && forwarded > 0) {
      return broken(
        check,
        'What stands in front tells whose question it is, and the server does not believe it: all visitors count as one.',
        `Start it with --trust-proxy ${forwarded}.`,
      );
    }
    if (trusted === 0) {
      if (!isInside(address) || (await leadsInside(url)))
        return ok(check, `Visitors come directly; you from ${address}.`);
      return broken(
        check,
        `Something in front hides its visitors: all of them seem to come from ${address}.`,
        'Let the proxy write X-Forwarded-For, and start Rockpool with --trust-proxy 1.',
      );
    }
    if (forwarded < trusted) {
      return broken(
        check,
        `The server expects the word of ${trusted} proxies on whose question it is, and has that of ${forwarded}.`,
        forwarded === 0
          ? 'Let the proxy write X-Forwarded-For; without a proxy, leave --trust-proxy out.'
          : `Start it with --trust-proxy ${forwarded}, or let every proxy add to X-Forwarded-For.`,
      );
    }
    if ((await seen(url, { 'x-forwarded-for': FORGED })).address === FORGED) {
      return broken(
        check,
        'Anybody can claim to come from any address.',
        'Lower --trust-proxy to the number of proxies, and let the outermost one add to X-Forwarded-For, not pass it on.',
      );
    }
    if (isInside(address) && !(await leadsInside(url))) {
      return hint(
        check,
        `The server sees you at ${address}, an address inside a network.`,
        'If you are not in that network, there is one more proxy than --trust-proxy says.',
      );
    }
    return ok(check, `The server sees you at ${address}, and believes nobody else’s word.`);
  } catch (error) {
    return skipped(check, `The server does not say whom it sees: ${error instanceof Error ? error.message : 'odd'}.`);
  }
}

interface Seen {
  readonly address: string;
  readonly forwarded: number;
  readonly trusted: number;
}

async function seen(url: string, headers: Readonly<Record<string, string>> = {}): Promise<Seen> {
  const answer = await askHttp(`${url}/seen`, { headers });
  const { address, forwarded, trusted } = objectIn(answer.body) ?? {};
  if (typeof address === 'string' && typeof forwarded === 'number' && typeof trusted === 'number')
    return { address, forwarded, trusted };
  throw new Error(`answered ${answer.status}`);
}

/** Of an address as the server counts it: IPv4, or the first 64 bits of IPv6 in hex. */
function isInside(address: string): boolean {
  if (isIPv4(address)) return INSIDE.check(address);
  const text = address.replace(/^(.{4})(.{4})(.{4})(.{4})$/, '$1:$2:$3:$4::');
  // The first half of ::1 is that of ::.
  return text === '0000:0000:0000:0000::' || (isIPv6(text) && INSIDE.check(text, 'ipv6'));
}

/** Whether the name in `url` is an address inside: then it is no wonder that visitors are, too. */
async function leadsInside(url: string): Promise<boolean> {
  const { hostname } = new URL(url);
  const { address, family } = await lookup(hostname.replace(/^\[|\]$/g, ''));
  return INSIDE.check(address, family === 6 ? 'ipv6' : 'ipv4');
}
