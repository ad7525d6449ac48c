// How many clones of a frame go out and how far behind it, from what a path was measured to lose.
//
// Loss is taken for a two-state chain (Gilbert 1960): after a lost packet the n-th next one is lost with p + (1 - p) r^n,
// where r = 1 - 1 / (burst (1 - p)) is what a burst keeps of itself from packet to packet, and 0 if losses are independent.
// Clones wait for each other until the burst has faded to about the loss of the path itself; farther apart buys little.

/** What is known of the way to one peer. */
export interface PathQuality {
  /** Packets lost of those sent, 0 to 1. */
  readonly lossRatio: number;
  /** Mean number of packets lost in a row, 1 or more. */
  readonly burstPackets: number;
  /** Packets that go that way in a second, those of other traffic included; a burst of many then takes little time. */
  readonly packetsPerSecond: number;
  /** How long a packet is under way, ms. */
  readonly oneWayMs: number;
}

export interface ClonePlan {
  readonly hz: number;
  readonly deadlineMs: number;
  readonly clonesMax: number;
  readonly residualRatio: number;
  readonly marginMs: number;
}

/** Loss above this is planned for as this: more clones would only add to what overruns such a path. */
const LOSS_RATIO_MAX = 0.4;

/**
 * Offsets in polls, ascending, at which a frame is told again; empty on a clean path. All lie within the deadline less the
 * path's delay. One clone follows at once where bursts are long: it brings a third of what was lost back early.
 */
export function cloneOffsets(path: PathQuality, plan: ClonePlan): number[] {
  const { hz, deadlineMs, clonesMax, residualRatio, marginMs } = plan;
  const loss = Math.min(LOSS_RATIO_MAX, finite(path.lossRatio, 0));
  const budgetPolls = Math.floor(((deadlineMs - finite(path.oneWayMs, 0) - marginMs) * hz) / 1000);
  // Within one poll nothing is repeated, so packets of other traffic make the burst shorter in polls, never longer.
  const packetsPerPoll = Math.max(1, finite(path.packetsPerSecond, 0) / hz);
  const stays = Math.max(0, 1 - 1 / (Math.max(1, finite(path.burstPackets, 1)) * (1 - loss)));
  const keptPerPoll = stays ** packetsPerPoll;
  const gap = fadedAfterPolls(loss, keptPerPoll);

  const offsets: number[] = [];
  let residual = loss;
  let last = 0;
  while (residual > residualRatio && offsets.length < clonesMax) {
    const wanted = offsets.length === 0 && gap > 2 ? 1 : last === 1 && gap > 2 ? gap : last + gap;
    const offset = Math.min(wanted, budgetPolls);
    if (offset <= last) break;
    residual *= loss + (1 - loss) * keptPerPoll ** (offset - last);
    offsets.push(offset);
    last = offset;
  }
  // A deadline too short for that is filled: what one copy after the other finds of a burst, it leaves to the next.
  return residual > residualRatio && last === budgetPolls ? evenOffsets(budgetPolls, clonesMax) : offsets;
}

/** At most `count` offsets that divide `polls` evenly, the last one being `polls`. */
function evenOffsets(polls: number, count: number): number[] {
  const clones = Math.min(count, polls);
  return Array.from({ length: clones }, (_, i) => Math.round(((i + 1) * polls) / clones));
}

/** Polls after which a burst is no likelier than the path's own loss; 1 for independent losses. */
function fadedAfterPolls(loss: number, keptPerPoll: number): number {
  if (keptPerPoll < Number.EPSILON || loss <= 0) return 1;
  return Math.max(1, Math.ceil(Math.log(loss / (1 - loss)) / Math.log(keptPerPoll)));
}

/** A measurement that is no number, or a negative one, says nothing. */
function finite(value: number, otherwise: number): number {
  return Number.isFinite(value) && value > 0 ? value : otherwise;
}
