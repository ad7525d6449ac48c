// Statistics of a pool: once a while, while somebody asks for them, what every link has counted becomes one report of
// rates, sums, histograms and how things are. Nothing here runs for a datagram. What a link counts is link/stats.ts.
import { Histogram, type LinkStats } from '../link/stats.ts';
import { clockReport, type PoolClock } from './pool-clock.ts';
import type { PoolControl } from './control.ts';
import type { Peer } from './peer.ts';
import type { LinkRates, LinkReport, PoolStats } from './views.ts';

/** A report costs a pass over all links: more often than this would show in what it measures. */
export const STATS_EVERY_MS_MIN = 100;
const STATS_EVERY_MS_MAX = 3_600_000;

/** Upper bounds of the histograms' buckets, ms; the last bucket, one more, has none. */
export const STATS_BOUNDS_MS: readonly number[] = Array.from(
  { length: Histogram.buckets - 1 },
  (_, bucket) => Histogram.unitMs * 2 ** bucket,
);

export class StatsMeter {
  #everyMs = 0;
  #sinceMs = 0;
  /** What each link had counted at the last report; only links that were there then. */
  #before: ReadonlyMap<Peer, LinkStats> = new Map();
  /** When the next report is due; Infinity while nobody asks. */
  dueMs: number = Infinity;

  /** From now on a report every `everyMs` (100 to 3,600,000); 0 for none. Throws a RangeError on anything else. */
  watch(now: number, everyMs: number, peers: Iterable<Peer>): void {
    if (everyMs !== 0 && !(everyMs >= STATS_EVERY_MS_MIN && everyMs <= STATS_EVERY_MS_MAX)) {
      throw new RangeError(`everyMs: expected 0, or ${STATS_EVERY_MS_MIN} to ${STATS_EVERY_MS_MAX}, got ${everyMs}`);
    }
    this.#everyMs = everyMs;
    this.dueMs = everyMs === 0 ? Infinity : now + everyMs;
    this.#sinceMs = now;
    this.#before = everyMs === 0 ? new Map() : figuresOf(peers);
  }

  /** The last chance: what has not been reported is due now, unless it is hardly anything. */
  hasten(now: number): void {
    if (now >= this.#sinceMs + STATS_EVERY_MS_MIN)
      this.dueMs = Math.min(this.dueMs, this.#everyMs === 0 ? Infinity : now);
  }

  /** The report that is due at `now`, if one is. */
  report(now: number, peers: Iterable<Peer>, clock: PoolClock, control: PoolControl): PoolStats | undefined {
    if (now < this.dueMs) return undefined;
    const seconds = (now - this.#sinceMs) / 1000;
    const before = this.#before;
    this.#before = figuresOf(peers);
    this.#sinceMs = now;
    // A late one does not make the next ones come in a heap.
    this.dueMs = Math.max(this.dueMs + this.#everyMs, now + STATS_EVERY_MS_MIN);
    const links: LinkReport[] = [];
    for (const [peer, total] of this.#before) links.push(linkReport(now, seconds, peer, total, before.get(peer)));
    return {
      atMs: now + clock.offsetMs(now),
      seconds,
      boundsMs: STATS_BOUNDS_MS,
      clock: clock.report(now),
      links,
      control: control.totals,
    };
  }
}

function figuresOf(peers: Iterable<Peer>): Map<Peer, LinkStats> {
  const figures = new Map<Peer, LinkStats>();
  for (const peer of peers) figures.set(peer, peer.link.stats);
  return figures;
}

function linkReport(
  now: number,
  seconds: number,
  peer: Peer,
  total: LinkStats,
  before: LinkStats | undefined,
): LinkReport {
  return {
    peer: peer.id,
    path: peer.view.path,
    rates: ratesOf(total, before, seconds),
    rttCounts: gained(total.rttHistogram, before?.rttHistogram),
    queueCounts: gained(total.queueHistogram, before?.queueHistogram),
    total,
    clock: clockReport(peer.clock, now),
  };
}

function ratesOf(total: LinkStats, before: LinkStats | undefined, seconds: number): LinkRates {
  const gain = (name: SumName): number => total[name] - (before?.[name] ?? 0);
  const perSecond = (name: SumName): number => gain(name) / seconds;
  // What was declared lost in this second may have been sent in the one before: hence the bounds.
  const lost = gain('packetsLost') - gain('packetsSpurious');
  return {
    sentBytesPerSecond: perSecond('bytesSent'),
    receivedBytesPerSecond: perSecond('bytesReceived'),
    ackedBytesPerSecond: perSecond('bytesAcked'),
    packetsSentPerSecond: perSecond('packetsSent'),
    packetsReceivedPerSecond: perSecond('packetsReceived'),
    controlSentPerSecond: perSecond('controlSent'),
    controlReceivedPerSecond: perSecond('controlReceived'),
    lossRatio: Math.min(1, Math.max(0, lost) / Math.max(1, gain('packetsSent'))),
  };
}

type SumName =
  | 'bytesSent'
  | 'bytesReceived'
  | 'bytesAcked'
  | 'packetsSent'
  | 'packetsReceived'
  | 'packetsLost'
  | 'packetsSpurious'
  | 'controlSent'
  | 'controlReceived';

function gained(total: readonly number[], before: readonly number[] = []): number[] {
  return total.map((count, bucket) => count - (before[bucket] ?? 0));
}
