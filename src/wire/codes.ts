// Every code that crosses a wire, with the words a person sees. Numbers are part of the protocol: never reuse one.

/** Protocol version: the first byte of every datagram and the `version` of Join. */
export const PROTOCOL_VERSION = 3;

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

/** Why the signaling server closed a websocket: the close code. */
export const SOCKET_CODES = {
  'going-away': 1001,
  'too-large': 1009,
  malformed: 4000,
  version: 4001,
  rate: 4002,
  'pool-full': 4003,
  elsewhere: 4004,
  'server-full': 4005,
  'join-first': 4006,
  silent: 4007,
  identity: 4008,
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

/** The name of `number` in one of the tables above; undefined if the table has none. */
export function codeName<T extends string>(table: Readonly<Record<T, number>>, number: number): T | undefined {
  for (const name in table) if (table[name] === number) return name;
  return undefined;
}
