// What control streams count. Plain data, sums since the stream began.

/** Why something that arrived was not surfaced, beside being late or known already. */
export type ControlCode =
  /** The payload is not what its layout says. */
  | 'malformed'
  /** Another rate than this generation began with. */
  | 'rate-changed'
  /** The wide stamp says another poll than the stamp and the datagram's time. */
  | 'stamp-mismatch'
  /** A clone says something else than the first that told of its poll. The first one stands. */
  | 'contradiction'
  /** A poll from before the sender's clock stepped back, or from before its clock began. */
  | 'old-generation'
  /** The stream's own schema could not read the frame. */
  | 'unreadable';

export interface SentStats {
  /** Polls that had something to say. */
  polls: number;
  /** Payloads, one a peer. */
  payloads: number;
  /** Clones in them. */
  clones: number;
  bytes: number;
}

export interface ReceivedStats {
  /** Frames handed on, each poll once. */
  surfaced: number;
  /** Of these: brought by a clone, for the original was lost or slow. */
  recovered: number;
  /** Copies of what was known. */
  duplicates: number;
  /** Polls that were dropped because only late copies came. */
  late: number;
  /** Times at which the sender's clock went somewhere else. */
  timeJumps: number;
  readonly refused: Record<ControlCode, number>;
}

export const noneSent = (): SentStats => ({ polls: 0, payloads: 0, clones: 0, bytes: 0 });

export const noneReceived = (): ReceivedStats => ({
  surfaced: 0,
  recovered: 0,
  duplicates: 0,
  late: 0,
  timeJumps: 0,
  refused: {
    malformed: 0,
    'rate-changed': 0,
    'stamp-mismatch': 0,
    contradiction: 0,
    'old-generation': 0,
    unreadable: 0,
  },
});

/** Adds `more` to `sum`, number by number. */
export function addSent(sum: SentStats, more: SentStats): void {
  sum.polls += more.polls;
  sum.payloads += more.payloads;
  sum.clones += more.clones;
  sum.bytes += more.bytes;
}

/** Adds `more` to `sum`, number by number. */
export function addReceived(sum: ReceivedStats, more: ReceivedStats): void {
  sum.surfaced += more.surfaced;
  sum.recovered += more.recovered;
  sum.duplicates += more.duplicates;
  sum.late += more.late;
  sum.timeJumps += more.timeJumps;
  for (const code of Object.keys(more.refused) as ControlCode[]) sum.refused[code] += more.refused[code];
}
