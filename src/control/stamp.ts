// Polls and their one-byte stamps. A poll's number follows from the sender's clock alone, so a stamp needs no state to be
// unwrapped: only the time in the header of the datagram that brought it.

/** Polls in one turn of the stamp. */
export const STAMP_POLLS = 256;
/**
 * How far a stamp may lie ahead of its datagram's time, in polls: the sender's clock is corrected now and then, and may
 * step back a little between a poll and the datagram. The rest of the turn lies behind: more than any deadline.
 */
export const STAMP_AHEAD_POLLS = 8;

/** The poll that the moment `timeUs` (0 to 2^48) falls in: it lasts from poll / hz seconds up to the next. */
export function pollAt(timeUs: number, hz: number): number {
  // Whole seconds apart: the product of both would go past 2^53, and a boundary must fall on its own side.
  const seconds = Math.floor(timeUs / 1_000_000);
  return seconds * hz + Math.floor(((timeUs - seconds * 1_000_000) * hz) / 1_000_000);
}

/** When `poll` began, in microseconds on the sender's clock. */
export function pollTimeUs(poll: number, hz: number): number {
  return (poll / hz) * 1_000_000;
}

/**
 * The poll whose lowest byte is `stamp` (0 to 255), from 247 polls before to 8 after the one that `sentUs` falls in.
 * Negative if that lies before the clock began: such a poll never was.
 */
export function unwrapStamp(stamp: number, sentUs: number, hz: number): number {
  const latest = pollAt(sentUs, hz) + STAMP_AHEAD_POLLS;
  return latest - modulo(latest - stamp, STAMP_POLLS);
}

function modulo(value: number, by: number): number {
  return ((value % by) + by) % by;
}
