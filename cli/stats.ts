// Statistics of a stay in a pool: to the file that was named, and in json mode to stdout. Figures are cut to what they can
// tell, for a second of them is one line. There is no word of a peer in them: ids are hex digits, all else is numbers.
import type { ClockReport, LinkReport, PoolClientFace, PoolStats } from '../src/client.ts';
import type { LogWriter } from '../src/io/log-writer.ts';
import { reasonOf } from './errors.ts';
import type { Cli } from './io.ts';
import { UsageError } from './options.ts';
import { safeLine } from './safe-text.ts';
import type { Screen } from './screen.ts';

/** Opens `path`, if one is given. Throws a UsageError if it cannot be written. */
export async function openStatsFile(
  cli: Cli,
  path: string | undefined,
  screen: Screen,
): Promise<LogWriter | undefined> {
  if (path === undefined) return undefined;
  const shown = safeLine(path);
  try {
    return await cli.openLog(path, (error) => {
      screen.note(`Statistics no longer go to ${shown}: ${safeLine(reasonOf(error))}.`, 'bad');
    });
  } catch (error) {
    throw new UsageError(`--stats cannot write to ${shown}: ${safeLine(reasonOf(error))}.`);
  }
}

/** Watches, if anybody wants to know. Returns the way to stop. */
export function tellStats(client: PoolClientFace<string>, screen: Screen, file: LogWriter | undefined): () => void {
  if (!screen.json && file === undefined) return () => undefined;
  return client.stats((stats) => {
    const fields = statsFields(stats);
    screen.event('stats', fields);
    file?.write(fields);
  });
}

/** A report as json mode shows it. */
export function statsFields(stats: PoolStats): object {
  const { atMs, seconds, boundsMs, clock, links, control } = stats;
  return {
    atMs: Math.round(atMs),
    seconds: rounded(seconds),
    clock: clock && clockFields(clock),
    boundsMs,
    links: links.map(linkFields),
    control,
  };
}

function linkFields({ peer, path, rates, rttCounts, queueCounts, total, clock }: LinkReport): object {
  return {
    peer,
    path,
    ...roundedAll(rates),
    rttCounts,
    queueCounts,
    total: roundedAll(total),
    clock: clock && clockFields(clock),
  };
}

function clockFields(clock: ClockReport): object {
  return roundedAll(clock);
}

/** Every number to three places, whatever else as it is. */
function roundedAll(figures: object): object {
  return Object.fromEntries(
    Object.entries(figures).map(([name, value]) => [name, typeof value === 'number' ? rounded(value) : value]),
  );
}

/** To three places: milliseconds to the microsecond, shares to a thousandth. */
function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
