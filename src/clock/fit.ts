// A line through samples of one clock against another: offset and skew, and how far off they can be at worst.
// Which samples go in, and when they are all forgotten, is clock-sync.ts.

/** One question and answer, digested. All in ms. */
export interface Sample {
  /** When, on the own clock: halfway between question and answer. */
  readonly atMs: number;
  /** Their clock minus the own one, as if both ways had taken equally long: off by at most half of `rttMs`. */
  readonly offsetMs: number;
  /** Time on the wire, there and back. */
  readonly rttMs: number;
}

export interface Fit {
  /** Around this time on the own clock, which is also where it is best. */
  readonly atMs: number;
  readonly offsetMs: number;
  /** Their clock gains this much on the own one, per unit of time. */
  readonly skew: number;
  /** The smallest round trip. Half of it is what asymmetry may hide, for ever. */
  readonly rttMs: number;
  /** At `atMs`, beside half of `rttMs`: what jitter may have done to the offset … */
  readonly jitterMs: number;
  /** … and to the skew, with what the prior did to it. */
  readonly skewError: number;
}

export interface FitOptions {
  readonly resolutionMs: number;
  readonly skewPpmMax: number;
  readonly skewPpmUsual: number;
}

/**
 * Least squares, each sample weighed by how much longer than the best it took: whatever a sample is wrong by, beyond the
 * asymmetry that all share, is at most half of that excess. Skew gets a prior around none. The errors are no
 * deviations but bounds, as far as both clocks run evenly: they follow from the excesses and not from a distribution.
 * `samples` has at least one.
 */
export function fitted(samples: readonly Sample[], options: FitOptions): Fit {
  const { resolutionMs, skewPpmMax, skewPpmUsual } = options;
  const rttMs = Math.min(...samples.map((sample) => sample.rttMs));
  const first = samples[0] ?? { atMs: 0, offsetMs: 0, rttMs };
  const rows = samples.map((sample) => {
    const errorMs = (sample.rttMs - rttMs) / 2 + resolutionMs;
    // Against the first sample: squares of wall-clock times would leave a double without digits.
    return { x: sample.atMs - first.atMs, y: sample.offsetMs - first.offsetMs, errorMs, weight: 1 / errorMs ** 2 };
  });
  let weight = 0;
  let x = 0;
  let y = 0;
  for (const row of rows) {
    weight += row.weight;
    x += row.weight * row.x;
    y += row.weight * row.y;
  }
  x /= weight;
  y /= weight;
  const prior = 1 / (skewPpmUsual * 1e-6) ** 2;
  let spread = prior;
  let slope = 0;
  let jitterMs = 0;
  let skewError = skewPpmMax * 1e-6 * prior;
  for (const row of rows) {
    spread += row.weight * (row.x - x) ** 2;
    slope += row.weight * (row.x - x) * (row.y - y);
    jitterMs += (row.weight / weight) * row.errorMs;
    skewError += row.weight * Math.abs(row.x - x) * row.errorMs;
  }
  return {
    atMs: first.atMs + x,
    offsetMs: first.offsetMs + y,
    skew: slope / spread,
    rttMs,
    jitterMs,
    skewError: skewError / spread,
  };
}
