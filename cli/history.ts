// `rockpool history`: lists what was sent and received, newest first, or clears the list.
import { FileHistory } from '../src/io/history-files.ts';
import type { HistoryRecord } from '../src/io/history.ts';
import { END_CODES } from '../src/wire/codes.ts';
import { reasonOf } from './errors.ts';
import { endWords, formatBytes, localTime } from './format.ts';
import { dataFolder, EXIT, type Cli } from './io.ts';
import type { Command } from './options.ts';
import { safeLine } from './safe-text.ts';
import { Screen } from './screen.ts';
import { tellFailure } from './session.ts';

type HistoryCommand = Command & { readonly kind: 'history' };

/** Resolves to the exit code. */
export async function history(cli: Cli, command: HistoryCommand): Promise<number> {
  const screen = new Screen(cli, command.json);
  const records = new FileHistory(dataFolder(cli, command.data));
  try {
    if (command.clear) {
      await records.clear();
      screen.event('cleared');
      screen.note('The history is empty now.');
      return EXIT.ok;
    }
    const found = await records.list(command.search, Infinity);
    for (const record of found) {
      screen.event('transfer', record);
      screen.line(recordLine(record));
    }
    if (found.length === 0) screen.note(command.search === '' ? 'Nothing was sent or received yet.' : 'Nothing found.');
    return EXIT.ok;
  } catch (error) {
    tellFailure(screen, `${reasonOf(error)}.`);
    return EXIT.failed;
  }
}

function recordLine({
  direction,
  name,
  bytes,
  entries,
  peerName,
  pool,
  startedMs,
  end,
  location,
}: HistoryRecord): string {
  const way = direction === 'in' ? `received from ${safeLine(peerName)}` : `sent to ${safeLine(peerName)}`;
  const size = entries === undefined ? formatBytes(bytes) : `folder of ${entries}, ${formatBytes(bytes)}`;
  const where = location === undefined ? '' : `, ${safeLine(location)}`;
  return `${localTime(startedMs)}  ${safeLine(name)} (${size}) ${way} in ${safeLine(pool)}: ${outcome(end)}${where}`;
}

function outcome(end: string | undefined): string {
  if (end === undefined) return 'not finished';
  return isEndCode(end) ? endWords(end) : safeLine(end);
}

const isEndCode = (end: string): end is keyof typeof END_CODES => Object.hasOwn(END_CODES, end);
