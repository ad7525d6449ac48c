// Every code that crosses a wire, with the words a person sees. Numbers are part of the protocol: never reuse one.

/** Protocol version: the first byte of every datagram and the `version` of Join. */
export const PROTOCOL_VERSION = 4;

/** Why a link ended: the code of a `disconnect` datagram. */
export const LINK_CODES = {
  left: 0,
  'unknown-session': 1,
  version: 2,
  malformed: 3,
  'flow-control': 4,
  'too-large': 5,
  exhausted: 6,
} as const;
export type LinkCode = keyof typeof LINK_CODES;

/** Why the signaling server closed a websocket: the close code. Its reason is `closeReason`. */
export const SOCKET_CODES = {
  'going-away': 1001,
  'too-large': 1009,
  restarting: 1012,
  malformed: 4000,
  version: 4001,
  rate: 4002,
  'pool-full': 4003,
  elsewhere: 4004,
  'server-full': 4005,
  'join-first': 4006,
  silent: 4007,
  identity: 4008,
  busy: 4009,
  unavailable: 4010,
  ticket: 4011,
  expired: 4012,
  denied: 4013,
  revoked: 4014,
} as const;
export type SocketCode = keyof typeof SOCKET_CODES;

/** How a transfer ended: `code` of Ended. */
export const END_CODES = {
  verified: 0,
  cancelled: 1,
  withdrawn: 2,
  declined: 3,
  unreadable: 4,
  changed: 5,
  corrupt: 6,
  'no-space': 7,
  'store-failed': 8,
  refused: 9,
  'peer-left': 10,
} as const;
export type EndCode = keyof typeof END_CODES;

/** A client comes back no later than that after a close that says when, ms. */
export const RETRY_MS_MAX = 600_000;

/** The reason of a close frame: the code's name, and when to come back, if the server knows: `busy 1500`, ms. */
export function closeReason(code: SocketCode, retryMs?: number): string {
  return retryMs === undefined ? code : `${code} ${retryMs}`;
}

/** When to come back as a close frame's reason says, 0 to RETRY_MS_MAX ms; undefined if it does not. */
export function retryMsIn(reason: string): number | undefined {
  const digits = /^[a-z-]{1,32} (\d{1,7})$/.exec(reason)?.[1];
  return digits === undefined ? undefined : Math.min(Number(digits), RETRY_MS_MAX);
}

/** The name of `number` in one of the tables above; undefined if the table has none. */
export function codeName<T extends string>(table: Readonly<Record<T, number>>, number: number): T | undefined {
  for (const name in table) if (table[name] === number) return name;
  return undefined;
}
