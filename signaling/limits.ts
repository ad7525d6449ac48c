// Every limit and time of the signaling hub: its unit, its range, its default and the reason for it.
import { PEERS_MAX } from '../src/wire/signaling.ts';

/** Options of the hub. All are integers. Times are in ms; a deadline is met within `sweepMs` after it. */
export interface HubLimits {
  /** Members of one pool, 2 .. 256. Everyone links to everyone, and a browser carries some tens of links well. */
  readonly poolMembersMax: number;
  /** Pools with a member in them, or one who may come back, 1 .. 1,000,000. */
  readonly poolsMax: number;
  /** Open websockets, 1 .. 1,000,000. An idle one costs about 20 KB. */
  readonly socketsMax: number;
  /** From opening to the first join, 100 .. 600,000. */
  readonly joinMs: number;
  /** A socket that says nothing for this long is probed with a websocket ping, 100 .. 600,000. */
  readonly probeMs: number;
  /**
   * A socket that says nothing for this long is closed; more than `probeMs`. Browsers answer websocket pings even
   * where they slow a hidden page's timers down to one a minute, so this need not wait for the client's own pings.
   */
  readonly silentMs: number;
  /** Deadlines are looked for at most this often, 1 .. 60,000: one look goes through all sockets. */
  readonly sweepMs: number;
  /** Messages a socket may send at once, 10 .. 1,000,000: who enters a full pool negotiates with all of it. */
  readonly messagesBurst: number;
  /** Messages a second it may go on with, 1 .. 1,000,000. */
  readonly messagesPerSecond: number;
  /** What a join counts in messages, 1 .. `messagesBurst`: each has a signature checked and goes out to a whole pool. */
  readonly joinCostMessages: number;
  /** Bytes a socket may send at once, 65,536 (one whole frame) .. 2^30. */
  readonly bytesBurst: number;
  /** Bytes a second it may go on with, 1 .. 2^30. */
  readonly bytesPerSecond: number;
  /**
   * How long a member that lost its socket keeps its place and role, 1 .. 600,000: a restart of a machine's network takes
   * some seconds, a walk out of the lift up to a minute. It counts in `poolMembersMax` meanwhile.
   */
  readonly resumeMs: number;
  /** Members of all pools that may be away at once, 0 .. 1,000,000; past it who went first is forgotten. Each costs about 1 KB. */
  readonly awayMax: number;
  /** Signals kept for one who is away, 0 .. 10,000: what was on its way when the socket went, from every other member. */
  readonly awaySignalsMax: number;
  /** Bytes of signals kept for all who are away, 0 .. 2^30. */
  readonly awayBytesMax: number;
  /**
   * Joins the server takes on at once, 1 .. 1,000,000. After a restart everyone comes back: those beyond are told when to
   * come again (`busy`), before their signatures cost anything. To be sent away costs half of a join, so it is for more than can be
   * let in while they wait: 10,000 take about four seconds, and clients have patience for ten.
   */
  readonly joinsBurst: number;
  /** Joins a second it goes on with, 1 .. 1,000,000: less than half of what one core can do. */
  readonly joinsPerSecond: number;
  /** Open websockets from one address (IPv4, or an IPv6 /64), 1 .. 1,000,000: a school may be behind one. */
  readonly addressSocketsMax: number;
  /** Openings and joins together that one address may have at once, 1 .. 1,000,000: everyone there comes back after a restart. */
  readonly addressBurst: number;
  /** Openings and joins a second from one address, 1 .. 1,000,000. */
  readonly addressPerSecond: number;
  /**
   * HTTP requests that one address may have answered at once, 1 .. 1,000,000: a page that is loaded for the first time takes some 60, and
   * a class of fifty may open it together.
   */
  readonly addressRequestsBurst: number;
  /** HTTP requests a second from one address, 1 .. 1,000,000: a few per cent of what one core answers. */
  readonly addressRequestsPerSecond: number;
}

export const HUB_DEFAULTS: HubLimits = {
  poolMembersMax: 64,
  poolsMax: 10_000,
  socketsMax: 10_000,
  joinMs: 10_000,
  probeMs: 10_000,
  silentMs: 30_000,
  sweepMs: 250,
  messagesBurst: 1_500,
  messagesPerSecond: 100,
  joinCostMessages: 20,
  bytesBurst: 2 * 1024 * 1024,
  bytesPerSecond: 128 * 1024,
  resumeMs: 60_000,
  awayMax: 10_000,
  awaySignalsMax: 256,
  awayBytesMax: 16 * 1024 * 1024,
  joinsBurst: 10_000,
  joinsPerSecond: 1_000,
  addressSocketsMax: 512,
  addressBurst: 512,
  addressPerSecond: 32,
  addressRequestsBurst: 3_000,
  addressRequestsPerSecond: 100,
};

const RANGES: Readonly<Record<keyof HubLimits, readonly [least: number, most: number]>> = {
  poolMembersMax: [2, PEERS_MAX + 1],
  poolsMax: [1, 1_000_000],
  socketsMax: [1, 1_000_000],
  joinMs: [100, 600_000],
  probeMs: [100, 600_000],
  silentMs: [100, 600_000],
  sweepMs: [1, 60_000],
  messagesBurst: [10, 1_000_000],
  messagesPerSecond: [1, 1_000_000],
  joinCostMessages: [1, 1_000_000],
  bytesBurst: [65_536, 2 ** 30],
  bytesPerSecond: [1, 2 ** 30],
  resumeMs: [1, 600_000],
  awayMax: [0, 1_000_000],
  awaySignalsMax: [0, 10_000],
  awayBytesMax: [0, 2 ** 30],
  joinsBurst: [1, 1_000_000],
  joinsPerSecond: [1, 1_000_000],
  addressSocketsMax: [1, 1_000_000],
  addressBurst: [1, 1_000_000],
  addressPerSecond: [1, 1_000_000],
  addressRequestsBurst: [1, 1_000_000],
  addressRequestsPerSecond: [1, 1_000_000],
};

/** The defaults with `changes` over them. Throws a RangeError that names the limit, what it may be, and what it was. */
export function hubLimits(changes: Partial<HubLimits> = {}): HubLimits {
  const limits = { ...HUB_DEFAULTS, ...changes };
  for (const name of Object.keys(RANGES) as (keyof HubLimits)[]) {
    const [least, most] = RANGES[name];
    requireInteger(name, limits[name], least, most);
  }
  requireInteger('silentMs', limits.silentMs, limits.probeMs + 1, Infinity);
  requireInteger('joinCostMessages', limits.joinCostMessages, 1, limits.messagesBurst);
  return limits;
}

/** Throws a RangeError unless `value` is an integer from `least` to `most`. */
export function requireInteger(name: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new RangeError(`${name}: expected an integer from ${least} to ${most}, got ${value}`);
}
