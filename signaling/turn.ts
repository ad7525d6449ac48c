// TURN by coturn: credentials that expire, as coturn's `use-auth-secret` checks them, and a configuration for it that relays
// to nobody's own network. Running it is the operator's: docs/turn.md.
import { createHmac } from 'node:crypto';
import { BlockList, isIP } from 'node:net';
import type { IceServer } from '../src/wire/signaling.ts';
import { requireInteger } from './limits.ts';

export interface TurnOptions {
  /** 1 to 4, such as `turn:turn.example.org:3478?transport=udp`. */
  readonly urls: readonly string[];
  /** coturn's `static-auth-secret`. Never leaves the server. */
  readonly secret: string;
  /**
   * How long a credential may begin relaying, seconds, 60 .. 604,800; what relays by then goes on. Default a day: a device that
   * stays in a pool for longer gets a new one when its websocket opens anew.
   */
  readonly ttlSeconds?: number;
}

const TTL_SECONDS_DEFAULT = 86_400;
/** 128 bits, written in hexadecimal. */
const SECRET_CHARACTERS_MIN = 32;

/**
 * For one device's welcome. The user name is `[expiry, seconds since 1970]:[device]`, the password base64 of its HMAC-SHA1 by
 * the secret: "A REST API for access to TURN services" (draft-uberti-behave-turn-rest). coturn keeps its quotas by device.
 */
export function turnServers(options: TurnOptions & { readonly nowMs: number; readonly device: string }): IceServer {
  const { urls, secret, ttlSeconds = TTL_SECONDS_DEFAULT, nowMs, device } = options;
  const username = `${Math.floor(nowMs / 1000) + ttlSeconds}:${device}`;
  return { urls, username, credential: createHmac('sha1', secret).update(username).digest('base64') };
}

/** Addresses of STUN servers, 4 at most, and TURN. */
export interface IceOptions {
  readonly stunUrls?: readonly string[];
  readonly turn?: TurnOptions;
}

/** What each device is told, as the server's `iceServers`. Throws a RangeError on what no client would take. */
export function iceServersFor({ stunUrls = [], turn }: IceOptions): (device: string) => readonly IceServer[] {
  if (turn !== undefined) requireTurnOptions(turn);
  const stun = stunUrls.length === 0 ? [] : [{ urls: stunUrls }];
  if (turn === undefined) return () => stun;
  return (device) => [...stun, turnServers({ ...turn, nowMs: Date.now(), device })];
}

function requireTurnOptions({ urls, secret, ttlSeconds = TTL_SECONDS_DEFAULT }: TurnOptions): void {
  requireInteger('turn.ttlSeconds', ttlSeconds, 60, 604_800);
  requireSecret('turn.secret', secret);
  const odd = urls.find((url) => !/^turns?:[\w.:[\]-]+(?:\?transport=(?:udp|tcp))?$/.test(url));
  if (odd !== undefined) throw new RangeError(`turn.urls: expected turn:HOST or turns:HOST, got ${odd}`);
  if (urls.length < 1 || urls.length > 4) throw new RangeError(`turn.urls: expected 1 to 4, got ${urls.length}`);
}

export interface CoturnOptions {
  /** Name of the service, such as its domain. */
  readonly realm: string;
  readonly secret: string;
  /** Addresses to listen on. Default all. */
  readonly listen?: readonly string[];
  /** Default 3478, where Rockpool's own STUN would be too: coturn answers STUN as well, so one of them is enough. */
  readonly port?: number;
  /** UDP ports it relays through, first and last: as many as there may be allocations at once. Default 49,152 to 65,535. */
  readonly relayPorts?: readonly [first: number, last: number];
  /** Where the machine is behind a one-to-one NAT, as in most clouds: its public address, and its own. */
  readonly behindNat?: { readonly publicAddress: string; readonly ownAddress: string };
  /** Certificate and key, PEM files, for `turns:` addresses. Default none: `turn:` only. */
  readonly tls?: { readonly certificate: string; readonly key: string; readonly port?: number };
  /**
   * Allocations at once, of one device and of all. Defaults 256 and 4,096: each of a device's links asks every address of the relay
   * for one while it looks for its way, and a pool has up to 64 members.
   */
  readonly deviceQuota?: number;
  readonly totalQuota?: number;
  /** Addresses or ranges (`first-last`) to relay to although the configuration denies them: for a network of one's own. */
  readonly allowedPeers?: readonly string[];
}

/**
 * Nobody's public address, as ranges (coturn takes no prefixes): RFC 6890 and the registries that grew out of it. Without this, who
 * has a credential reaches what the relay's machine reaches: its own services, its neighbours, a cloud's metadata. None begins with
 * the zero address: coturn takes that for "any", and then denies everybody. It refuses the zero addresses themselves by itself.
 */
export const DENIED_PEERS: readonly (readonly [first: string, last: string, what: string])[] = [
  ['0.0.0.1', '0.255.255.255', 'this network'],
  ['10.0.0.0', '10.255.255.255', 'private'],
  ['100.64.0.0', '100.127.255.255', 'shared by providers'],
  ['127.0.0.0', '127.255.255.255', 'loopback'],
  ['169.254.0.0', '169.254.255.255', 'link-local, metadata of clouds'],
  ['172.16.0.0', '172.31.255.255', 'private'],
  ['192.0.0.0', '192.0.0.255', 'protocols'],
  ['192.0.2.0', '192.0.2.255', 'documentation'],
  ['192.88.99.0', '192.88.99.255', '6to4 relays'],
  ['192.168.0.0', '192.168.255.255', 'private'],
  ['198.18.0.0', '198.19.255.255', 'benchmarks'],
  ['198.51.100.0', '198.51.100.255', 'documentation'],
  ['203.0.113.0', '203.0.113.255', 'documentation'],
  ['224.0.0.0', '255.255.255.255', 'multicast, reserved, broadcast'],
  ['::1', '::ffff:ffff:ffff', 'loopback, IPv4 in IPv6'],
  ['64:ff9b::', '64:ff9b::ffff:ffff', 'NAT64'],
  ['64:ff9b:1::', '64:ff9b:1:ffff:ffff:ffff:ffff:ffff', 'NAT64, private'],
  ['100::', '100::ffff:ffff:ffff:ffff', 'discard'],
  ['2001::', '2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff', 'protocols, Teredo'],
  ['2001:db8::', '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff', 'documentation'],
  ['2002::', '2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '6to4: IPv4 in IPv6'],
  ['3fff::', '3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff', 'documentation'],
  ['5f00::', '5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 'segment routing'],
  ['fc00::', 'fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 'private'],
  ['fe80::', 'feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 'link-local, site-local'],
  ['ff00::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 'multicast'],
];

/** Text of a `turnserver.conf` for coturn 4.5 and later. Throws a RangeError that names the option it cannot write. */
export function coturnConfig(options: CoturnOptions): string {
  const { realm, secret, listen = [], port = 3478, relayPorts = [49_152, 65_535], behindNat, tls } = options;
  const { deviceQuota = 256, totalQuota = 4_096, allowedPeers = [] } = options;
  if (!/^[\w.-]{1,127}$/.test(realm)) throw new RangeError(`realm: expected a name such as a domain, got ${realm}`);
  requireSecret('secret', secret);
  for (const address of listen) requireAddress('listen', address);
  requireInteger('port', port, 1, 65_535);
  requireInteger('relayPorts[0]', relayPorts[0], 1024, 65_535);
  requireInteger('relayPorts[1]', relayPorts[1], relayPorts[0], 65_535);
  requireInteger('deviceQuota', deviceQuota, 1, 65_535);
  requireInteger('totalQuota', totalQuota, deviceQuota, 65_535);
  for (const peer of allowedPeers) requireRange('allowedPeers', peer);
  const own = behindNat === undefined ? [] : [behindNat.ownAddress];
  for (const address of own) requireAddress('behindNat.ownAddress', address);
  if (behindNat !== undefined) requireAddress('behindNat.publicAddress', behindNat.publicAddress);
  const allowed = [...own, ...allowedPeers];
  const lines = [
    '# coturn for Rockpool: keep it readable by its own user only, for it holds the secret.',
    ...listen.map((address) => `listening-ip=${address}`),
    `listening-port=${port}`,
    `min-port=${relayPorts[0]}`,
    `max-port=${relayPorts[1]}`,
    ...(behindNat === undefined ? [] : [`external-ip=${behindNat.publicAddress}/${behindNat.ownAddress}`]),
    '',
    '# Who may use it: whoever has a credential that Rockpool gave and that has not expired.',
    'use-auth-secret',
    `static-auth-secret=${secret}`,
    `realm=${realm}`,
    'stale-nonce=600',
    `user-quota=${deviceQuota}`,
    `total-quota=${totalQuota}`,
    '',
    '# To whom it relays: public addresses over UDP.',
    'no-tcp-relay',
    'no-multicast-peers',
    ...DENIED_PEERS.map(([first, last]) => `denied-peer-ip=${first}-${last}`),
    ...(allowed.length === 0 ? [] : ['', '# Except these: the relay itself behind its NAT, and what was asked for.']),
    ...allowed.map((peer) => `allowed-peer-ip=${peer}`),
    '',
    ...tlsLines(tls),
    '',
    '# What it does not do.',
    'fingerprint',
    'no-cli',
    'no-tlsv1',
    'no-tlsv1_1',
    'no-software-attribute',
    'no-rfc5780',
    'no-stun-backward-compatibility',
    'response-origin-only-with-rfc5780',
    '',
    '# No addresses on disk: only warnings, to standard output.',
    'log-file=stdout',
    'simple-log',
  ];
  return `${lines.join('\n')}\n`;
}

function tlsLines(tls: CoturnOptions['tls']): string[] {
  if (tls === undefined) return ['# No certificate, hence no turns: addresses.', 'no-tls', 'no-dtls'];
  const { certificate, key, port = 5349 } = tls;
  requireInteger('tls.port', port, 1, 65_535);
  requirePath('tls.certificate', certificate);
  requirePath('tls.key', key);
  const files = [`tls-listening-port=${port}`, `cert=${certificate}`, `pkey=${key}`];
  return ['# For turns: addresses.', ...files];
}

/** Nothing that would end a line or begin a comment: whoever writes options could write any setting otherwise. */
function requireSecret(name: string, secret: string): void {
  if (/^[\w+/=.~-]+$/.test(secret) && secret.length >= SECRET_CHARACTERS_MIN && secret.length <= 256) return;
  throw new RangeError(
    `${name}: expected ${SECRET_CHARACTERS_MIN} to 256 letters, digits and +/=.~-, got ${secret.length} characters`,
  );
}

function requireAddress(name: string, address: string): void {
  if (isIP(address) === 0 || address.includes('%'))
    throw new RangeError(`${name}: expected an IP address, got ${address}`);
}

function requireRange(name: string, range: string): void {
  const [first = '', last = first, ...more] = range.split('-');
  const family = isIP(first);
  if (family === 0 || isIP(last) !== family || more.length > 0)
    throw new RangeError(`${name}: expected an IP address or FIRST-LAST, got ${range}`);
  try {
    new BlockList().addRange(first, last, family === 6 ? 'ipv6' : 'ipv4');
  } catch (cause) {
    throw new RangeError(`${name}: expected FIRST before LAST, got ${range}`, { cause });
  }
}

function requirePath(name: string, path: string): void {
  if (!/^\/[\w./@+-]+$/.test(path)) throw new RangeError(`${name}: expected an absolute path, got ${path}`);
}
