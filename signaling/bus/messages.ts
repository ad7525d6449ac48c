// What nodes say to each other over the bus, and its bytes: `[header u32 BE][header JSON, UTF-8][payload]`. Whoever may use the bus is
// trusted, but it may carry anything, so every header is checked; a payload is what a client or a server says, and decoded as such.
import { z } from 'zod';
import { SOCKET_CODES, type SocketCode } from '../../src/wire/codes.ts';
import { cleanName, isDevice, PEERS_MAX, SERVER_FRAME_BYTES_MAX } from '../../src/wire/signaling.ts';
import { parsePoolCode } from '../../src/wire/pool-code.ts';
import { joined } from '../../src/wire/bytes.ts';
import type { Grant, HubRequest, Present } from '../hub-ports.ts';
import type { LinkNumbers } from './links.ts';
import type { Revocation } from './revocations.ts';

/** Nodes of different numbers do not hear each other (nats.ts): another one for every change of this file. */
export const BUS_VERSION = 3;
/** Bytes of one message. Of a header, what is not a payload: NATS takes 1 MiB in all. */
export const BUS_BYTES_MAX: number = 1024 * 1024;
const HEADER_BYTES_MAX = BUS_BYTES_MAX - SERVER_FRAME_BYTES_MAX;
/** Claims in one message, and firsts, each of about 150 bytes. */
export const CLAIMS_MAX = 1_000;

/** A socket of the edge's, and which of its attachments is meant: an owner knows only its own, so a late one is told. */
export type SeatName = readonly [socket: number, attachment: number];

/** Which of a device's joins it is: when it asked, at which node, and the edge's count of attachments; the greatest is the newest. */
export type Version = readonly [stamp: number, node: string, attachment: number];

/** `untilMs` of the grant: since 1970. */
export interface BusJoin extends Omit<Extract<HubRequest, { kind: 'join' }>, 'version'> {
  readonly seat: SeatName;
  readonly version: Version;
  readonly bytes: number;
}

/** Who is away keeps its place with the receiver. `untilMs` of the grant: since 1970. `owner`: as in a join. */
export interface BusAbsent extends Omit<BusJoin, 'kind' | 'seat' | 'again' | 'bytes'> {
  readonly kind: 'absent';
}

/** Who came first in a pool. */
export interface First {
  readonly pool: string;
  readonly device: string;
}

/** Of a device that has its place at the sender's. */
export interface Claim {
  readonly device: string;
  readonly pool: string;
  readonly version: Version;
}

/** What an edge tells the owner of a pool. */
export type ToOwner =
  | BusJoin
  /** Also one owner to the next, and then what waits for it. */
  | BusAbsent
  /** In pools that the sender is about to attach sockets to: whoever comes there before those is not the first. */
  | { readonly kind: 'firsts'; readonly firsts: readonly First[] }
  /** Its payload is the client's message. */
  | { readonly kind: 'relay'; readonly seat: SeatName; readonly bytes: number }
  | { readonly kind: 'leave'; readonly seat: SeatName }
  | Gone
  /** Its payload is the server's message, which waited for the device. */
  | { readonly kind: 'held'; readonly device: string; readonly pool: string };

/** What says which of the seats it is about. */
export type OfSeat = Extract<ToOwner, { readonly seat: SeatName }>;

/** The seat is empty: its socket is lost, or was closed with `code`, or goes on with another owner. */
export interface Gone {
  readonly kind: 'gone';
  readonly seat: SeatName;
  readonly why: 'lost' | 'moved' | { readonly code: SocketCode };
}

/** What an owner tells an edge. */
export type ToEdge =
  /** Its payload is the server's message. `owner`, of a welcome: who came first in that pool. */
  | { readonly kind: 'send'; readonly seats: readonly SeatName[]; readonly owner?: string }
  | { readonly kind: 'close'; readonly seat: SeatName; readonly code: SocketCode; readonly retryMs?: number };

/** Who is in a pool? And the answer, to the same number. */
export type Look =
  | { readonly kind: 'look'; readonly question: number; readonly pool: string }
  | { readonly kind: 'looked'; readonly question: number; readonly present: readonly Present[] };

export type BusBody =
  | Look
  | ToOwner
  | ToEdge
  | { readonly kind: 'claims'; readonly claims: readonly Claim[] }
  /** `again`: the receiver may not have heard it, and devices may have joined since. */
  | ({ readonly kind: 'revoke'; readonly again: boolean } & Revocation);

/** Every node's word to all others that it lives. */
export interface Beat {
  readonly kind: 'beat';
  readonly from: string;
  /** The common clock as it knows it, ms since 1970 (stamps.ts). */
  readonly atMs: number;
  /** It takes no pools any more. */
  readonly draining: boolean;
  /** It stops now. */
  readonly leaving: boolean;
  /** Node -> the sender's number for the link, that node's as far as known or 0, messages sent since they agreed. */
  readonly links: Readonly<Record<string, readonly [mine: number, yours: number, sent: number]>>;
}

export interface Directed {
  readonly kind: 'to';
  readonly from: string;
  readonly link: LinkNumbers;
  readonly number: number;
  readonly body: BusBody;
}

export type BusHeader = Beat | Directed;

const count = z.int().min(0);
const stamp = z.number().min(0).max(Number.MAX_SAFE_INTEGER);
const id = z.string().regex(/^[0-9a-f]{32}$/);
const pool = z.string().refine((text) => parsePoolCode(text) === text);
const code = z.custom<SocketCode>((value) => typeof value === 'string' && Object.hasOwn(SOCKET_CODES, value));
const seat = z.tuple([count, count]);
const version = z.tuple([stamp, id, count]);

const role = z.enum(['owner', 'member', 'listener']);

const asked = {
  version,
  pool,
  id,
  name: z.string().refine((name) => cleanName(name) === name),
  device: z.string().refine(isDevice),
  grant: z.object({
    account: z.string().exactOptional(),
    role: role.exactOptional(),
    zones: z.array(z.string()),
    untilMs: z.number().exactOptional(),
  }),
  owner: id.exactOptional(),
};

const body = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('join'), seat, ...asked, again: z.boolean().exactOptional(), bytes: count }),
  z.object({ kind: z.literal('absent'), ...asked }),
  z.object({ kind: z.literal('held'), device: id, pool }),
  z.object({
    kind: z.literal('firsts'),
    firsts: z
      .array(z.object({ pool, device: id }))
      .min(1)
      .max(CLAIMS_MAX),
  }),
  z.object({ kind: z.literal('relay'), seat, bytes: count }),
  z.object({ kind: z.literal('leave'), seat }),
  z.object({ kind: z.literal('gone'), seat, why: z.union([z.enum(['lost', 'moved']), z.object({ code })]) }),
  z.object({
    kind: z.literal('send'),
    seats: z
      .array(seat)
      .min(1)
      .max(PEERS_MAX + 1),
    owner: id.exactOptional(),
  }),
  z.object({ kind: z.literal('close'), seat, code, retryMs: count.exactOptional() }),
  z.object({
    kind: z.literal('claims'),
    claims: z
      .array(z.object({ device: id, pool, version }))
      .min(1)
      .max(CLAIMS_MAX),
  }),
  z.object({ kind: z.literal('look'), question: count, pool }),
  z.object({
    kind: z.literal('looked'),
    question: count,
    present: z.array(z.object({ id, role })).max(PEERS_MAX + 1),
  }),
  z.object({
    kind: z.literal('revoke'),
    subject: z.union([
      z.strictObject({ account: z.string(), pool: pool.exactOptional() }),
      z.strictObject({ device: id }),
      z.strictObject({ address: z.string() }),
    ]),
    stamp,
    again: z.boolean(),
  }),
]);

const header = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('beat'),
    from: id,
    atMs: stamp,
    draining: z.boolean(),
    leaving: z.boolean(),
    links: z.record(id, z.tuple([count, count, count])),
  }),
  z.object({ kind: z.literal('to'), from: id, link: z.tuple([count, count]), number: count, body }),
]);

export interface BusMessage {
  readonly header: BusHeader;
  readonly payload: Uint8Array;
}

const NOTHING = new Uint8Array(0);

export function encodeBus(said: BusHeader, payload: Uint8Array = NOTHING): Uint8Array {
  const text = new TextEncoder().encode(JSON.stringify(said));
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, text.length);
  return joined(length, text, payload);
}

/** Undefined if malformed or out of bounds. The payload is a view of `bytes`. */
export function decodeBus(bytes: Uint8Array): BusMessage | undefined {
  if (bytes.length < 4 || bytes.length > BUS_BYTES_MAX) return undefined;
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  if (length > HEADER_BYTES_MAX || length > bytes.length - 4) return undefined;
  const said = header.safeParse(parsed(bytes.subarray(4, 4 + length)));
  return said.success ? { header: said.data, payload: bytes.subarray(4 + length) } : undefined;
}

function parsed(text: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(text));
  } catch {
    return undefined;
  }
}

/** Less than 0: `a` is the older one. */
export function compareVersions(a: Version, b: Version): number {
  if (a[0] !== b[0]) return a[0] - b[0];
  if (a[1] !== b[1]) return a[1] < b[1] ? -1 : 1;
  return a[2] - b[2];
}

/** A grant as another clock has it, which is `byMs` ahead. One without an end may say so with Infinity, which JSON cannot. */
export function shifted({ untilMs = Infinity, ...grant }: Grant, byMs: number): Grant {
  return untilMs === Infinity ? grant : { ...grant, untilMs: Math.max(0, untilMs + byMs) };
}
