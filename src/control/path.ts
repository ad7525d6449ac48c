// What the way to one peer is taken for when clones are planned. A link's own figures are calm averages; a stream must not
// wait for them: it begins as if the path were bad, believes the last second if that was worse, and eases off slowly.
import type { PathQuality } from './clones.ts';

/** What a link counts and measures. */
export interface LinkFigures {
  readonly packetsSent: number;
  readonly packetsLost: number;
  /** Averages over thousands of packets: share lost, and how many in a row. */
  readonly lossRatio: number;
  readonly lossBurst: number;
  /** Packets are counted in a row on one lane each. */
  readonly lanes: number;
  readonly srttMs: number;
  /** What of the round trip is waiting in queues. */
  readonly queueMs: number;
}

/** What a path is taken for before anything went over it: bad wireless. */
const PRIOR_LOSS_RATIO = 0.05;
const PRIOR_BURST_PACKETS = 3;
/** Few bursts are seen in a few seconds, and the long ones are those that count: the mean is taken for longer by this. */
const BURST_CAUTION = 1.25;
const PRIOR_ONE_WAY_MS = 50;
/** Packets after which only half of that is believed; a clean path is known as one after eleven times as many. */
const PRIOR_HALF_PACKETS = 300;
/** The last second, in steps of as often as the link is asked. */
const RECENT_MS = 1000;
const SAMPLES_MAX = 64;
/** Fewer packets than this say nothing of a second: one loss among ten is no ten percent. */
const RECENT_PACKETS_MIN = 100;

interface Sample {
  readonly atMs: number;
  readonly sent: number;
  readonly lost: number;
}

export class PathMeter {
  /** Oldest first; the first one is about RECENT_MS old. */
  readonly #samples: Sample[] = [];

  /** Takes the link's figures as they are at `now`, ms. */
  measure(now: number, figures: LinkFigures): PathQuality {
    const { packetsSent, packetsLost, lossRatio, lossBurst, lanes, srttMs, queueMs } = figures;
    this.#samples.push({ atMs: now, sent: packetsSent, lost: packetsLost });
    while ((this.#samples[1]?.atMs ?? now) <= now - RECENT_MS || this.#samples.length > SAMPLES_MAX)
      this.#samples.shift();
    const first = this.#samples[0];
    const passedMs = first === undefined ? 0 : now - first.atMs;
    const sent = packetsSent - (first?.sent ?? 0);
    const recent = sent < RECENT_PACKETS_MIN ? 0 : (packetsLost - (first?.lost ?? 0)) / sent;
    // A link that ran before this stream began knows its path.
    const doubt = 0.5 ** (packetsSent / PRIOR_HALF_PACKETS);
    return {
      lossRatio: Math.max(lossRatio, recent, PRIOR_LOSS_RATIO * doubt),
      burstPackets: Math.max(1 + (lossBurst - 1) * BURST_CAUTION, 1 + (PRIOR_BURST_PACKETS - 1) * doubt),
      packetsPerSecond: passedMs > 0 ? (sent * 1000) / passedMs / Math.max(1, lanes) : 0,
      // Half of the round trip and of what waits: which way the queues stand, nobody knows.
      oneWayMs: Math.min((srttMs + queueMs) / 2, packetsSent === 0 ? PRIOR_ONE_WAY_MS : Infinity),
    };
  }
}
