// The history of one transfer's speed over its progress, and the outline of the current that is drawn from it.

/** Where the transfer stood (0 to 1) and how fast it was then, bytes per second. */
export interface Sample {
  readonly at: number;
  readonly speed: number;
}

/** More than this many points cannot be told apart in a line of some 300 pixels. */
export const SAMPLES_MAX = 96;
/** The least step along the way that can be seen, as a part of the whole. */
const STEP = 0.004;
/** Half the thickness where a current springs and where it runs out, in a box of 2. */
const SPRING = 0.1;

/** `trace` with one more sample; past the limit every second one goes, so a long transfer keeps its whole shape. */
export function addSample(trace: readonly Sample[], sample: Sample): readonly Sample[] {
  const last = trace.at(-1);
  // The newest sample is provisional until it is a visible step from the one before it.
  const before = trace.at(-2);
  const kept = last !== undefined && before !== undefined && last.at - before.at < STEP ? trace.slice(0, -1) : trace;
  const thinned = kept.length >= SAMPLES_MAX ? kept.filter((_, index) => index % 2 === 0) : kept;
  return [...thinned, sample];
}

/**
 * The outline of a current as an SVG path in a box of 100 by 2: mirrored about the middle, as thick at each point of
 * the way as the transfer was fast there, thin where it springs. While it runs it goes on to the right edge as it last
 * was; the drawing is cut off at the progress, which lets that edge glide between two samples. Once it has ended at
 * `end` (0 to 1) it runs out there.
 */
export function currentPath(trace: readonly Sample[], end?: number): string {
  const peak = Math.max(...trace.map((sample) => sample.speed), 0);
  // Too few samples tell nothing of the speed: a thread, of even thickness.
  const half = (speed: number): number => (trace.length > 2 && peak > 0 ? 0.14 + 0.86 * (speed / peak) ** 1.5 : 0.3);
  const points = smooth(trace).map(({ at, speed }) => ({ x: at * 100, y: half(speed) }));
  const { y } = points.at(-1) ?? { y: half(0) };
  const way = [{ x: 0, y: SPRING }, ...points.filter(({ x }) => x >= 1.5)];
  if (end === undefined) way.push({ x: 100, y });
  else way.push({ x: Math.max(0, end * 100 - 1.5), y }, { x: end * 100, y: SPRING });
  const top = way.map((point) => `${round(point.x)} ${round(1 - point.y)}`);
  const bottom = way.map((point) => `${round(point.x)} ${round(1 + point.y)}`).toReversed();
  return `M${top.join('L')}L${bottom.join('L')}Z`;
}

/** Mean of each sample and its neighbours: water has no corners. */
function smooth(trace: readonly Sample[]): readonly Sample[] {
  return trace.map((sample, index) => {
    const around = trace.slice(Math.max(0, index - 1), index + 2);
    return { at: sample.at, speed: around.reduce((sum, each) => sum + each.speed, 0) / around.length };
  });
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
