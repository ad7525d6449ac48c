// A verified file against a bare data channel, over the same two ends in the same run: two Chromium browsers, and two
// Node processes. Ours is accept -> `verified` with the real client, store and signaling server; raw is a reliable
// ordered channel of 16 KiB messages whose receiver does nothing but count.
import { inTurn, measureRounds, wholeOption } from './harness.ts';
import type { BenchmarkOptions, BenchmarkResult } from './harness.ts';
import { moveOffered, moveRaw, WARM_UP_BYTES } from './pair/move.ts';
import { MIB, withPair, withPlace, type Place } from './pair/pair.ts';

export const about: string = 'A verified file against a raw reliable channel: Chromium to Chromium and Node to Node';
/** Even, so that each contender goes first as often as second. */
export const rounds = 4;
export const defaults: Record<string, string> = { mib: '256', only: 'both' };

export async function run(options: BenchmarkOptions): Promise<BenchmarkResult> {
  const bytes = wholeOption(options.values['mib']) * MIB;
  const only = options.values['only'] ?? 'both';
  return withPlace(only, WARM_UP_BYTES, bytes, (place, server) => measure(options, place, server, bytes));
}

async function measure(
  options: BenchmarkOptions,
  place: Place,
  server: string,
  bytes: number,
): Promise<BenchmarkResult> {
  const ratios = new Map<string, number[]>();
  const result = await measureRounds(options, async (round) => {
    const figures: Record<string, number> = {};
    for (const { name, pair } of place.kinds) {
      const seat = { server, pool: `loopback-${name}-${round}`, into: place.received };
      const [ours = NaN, raw = NaN] = await inTurn(round, [
        () => withPair(pair, (ends) => moveOffered(ends, seat, bytes).finally(place.clear)),
        () => withPair(pair, (ends) => moveRaw(ends, bytes)),
      ]);
      figures[`${name}_mbit`] = ours;
      figures[`${name}_raw_mbit`] = raw;
      figures[`${name}_ratio`] = ours / raw;
      ratios.set(name, [...(ratios.get(name) ?? []), ours / raw]);
    }
    return figures;
  });
  const spread = [...ratios].flatMap(([name, each]) => [
    [`${name}_ratio_min`, Math.min(...each)],
    [`${name}_ratio_max`, Math.max(...each)],
  ]);
  return { rounds: result.rounds, figures: { ...result.figures, ...Object.fromEntries(spread) } };
}
