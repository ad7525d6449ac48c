// Figures and states as people read them: bytes, speed, time left, one transfer's progress line, why a transfer ended.
import type { EndCode, SocketCode } from '../src/wire/codes.ts';
import type { TransferView } from '../src/pool/views.ts';
import type { FolderFacts } from '../src/share/ports.ts';
import { columnsOf, fitColumns, safeLine } from './safe-text.ts';

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;
const BAR_COLUMNS_MAX = 30;
const BAR_COLUMNS_MIN = 6;
const NAME_COLUMNS_MIN = 8;

/** Decimal units, three figures: `0 B`, `999 B`, `1.5 kB`, `12.3 MB`, `123 GB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  // 999.5 would print as 1000.
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const figures = unit === 0 || value >= 99.95 ? value.toFixed(0) : value.toFixed(1);
  return `${figures} ${UNITS[unit] ?? 'PB'}`;
}

export function formatSpeed(bytesPerSecond: number): string {
  return `${formatBytes(bytesPerSecond)}/s`;
}

/** `0.4 s`, `12 s`, `3 min 05 s`, `2 h 10 min`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`;
  return `${Math.floor(whole / 3600)} h ${String(Math.floor((whole % 3600) / 60)).padStart(2, '0')} min`;
}

/** Time left, or `—` while nothing moves. */
export function formatEta(bytesLeft: number, bytesPerSecond: number): string {
  if (bytesPerSecond <= 0) return '—';
  return `${formatSeconds(Math.ceil(bytesLeft / bytesPerSecond)).replace('.0', '')} left`;
}

/** 0 .. 100. Never 100 before the last byte: a bar that stands full for a while looks broken. */
export function percentOf(done: number, total: number): number {
  if (total <= 0) return 100;
  return done >= total ? 100 : Math.min(99, Math.floor((done / total) * 100));
}

/** A bar of `columns` columns, in halves: `━━━━━╸────`. */
export function progressBar(fraction: number, columns: number): string {
  const halves = Math.round(Math.min(1, Math.max(0, fraction)) * columns * 2);
  const full = Math.floor(halves / 2);
  const half = halves % 2 === 1 ? '╸' : '';
  return '━'.repeat(full) + half + '─'.repeat(columns - full - half.length);
}

/** Columns a name gets beside a bar on a line of `columns`. */
export function nameColumnsIn(name: string, columns: number): number {
  return Math.min(columnsOf(safeLine(name)), Math.max(NAME_COLUMNS_MIN, Math.floor(columns * 0.35)));
}

const STATE_WORDS: Readonly<Record<TransferView['state'], string>> = {
  queued: 'waits its turn',
  running: '',
  paused: 'paused',
  waiting: 'waits for a source',
  ended: 'over',
};

/** What moves of a transfer: itself or, read from the disk, the second look at its file. Undefined once nothing does. */
export function moving(transfer: TransferView): TransferView | undefined {
  const { state, recheck } = transfer;
  if (state !== 'ended') return transfer;
  if (recheck?.done !== false) return undefined;
  const { doneBytes, seconds } = recheck;
  const bytesPerSecond = seconds > 0 ? doneBytes / seconds : 0;
  return { ...transfer, state: 'running', doneBytes, bytesPerSecond, seconds, peerName: 'the disk', sources: [] };
}

/** `2.4 MB/s` and the time left; or why nothing moves. */
export function paceParts({ state, bytes, doneBytes, bytesPerSecond }: TransferView): readonly string[] {
  if (state !== 'running') return [STATE_WORDS[state]];
  return [formatSpeed(bytesPerSecond), formatEta(bytes - doneBytes, bytesPerSecond)];
}

/** `from Mara`, `from 3 devices`, `to Jo`. */
export function wayWords({ direction, peerName, sources }: TransferView): string {
  const active = sources.filter((source) => source.bytesPerSecond > 0).length;
  if (direction === 'in' && active > 1) return `from ${active} devices`;
  return `${direction === 'in' ? 'from' : 'to'} ${fitColumns(safeLine(peerName), 16)}`;
}

/** `a.txt (4 B)`, `pics (folder of 12, 3.1 MB)`. */
export function fileWords(file: {
  readonly name: string;
  readonly bytes: number;
  readonly folder?: FolderFacts;
}): string {
  const { name, bytes, folder } = file;
  const size = folder === undefined ? formatBytes(bytes) : formatBytes(folder.contentBytes);
  return `${safeLine(name)} (${folder === undefined ? size : `folder of ${folder.entries}, ${size}`})`;
}

/**
 * One line, at most `columns` columns wide: name, bar, percent, speed and time left or why nothing moves, whom. Drops
 * figures from the right, then the bar, where there is little room. `nameColumns` pads the name, so that bars of several
 * lines stand in line.
 */
export function progressLine(transfer: TransferView, columns: number, nameColumns = 0): string {
  const { bytes, doneBytes } = transfer;
  const percent = `${String(percentOf(doneBytes, bytes)).padStart(3)}%`;
  const [first = '', ...rest] = paceParts(transfer);
  const all = [percent, first.padStart(10), ...rest, wayWords(transfer)];
  const figures = all.map((_, dropped) => all.slice(0, all.length - dropped).join('  '));
  const chosen = figures.find((text) => columnsOf(text) + 2 + NAME_COLUMNS_MIN <= columns) ?? percent;
  const width = Math.max(nameColumns, nameColumnsIn(transfer.name, columns));
  const spare = columns - width - columnsOf(chosen) - 4;
  if (spare < BAR_COLUMNS_MIN) {
    const name = fitColumns(safeLine(transfer.name), columns - columnsOf(chosen) - 2);
    return fitColumns(`${name}  ${chosen}`, columns);
  }
  const name = fitColumns(safeLine(transfer.name), width);
  const bar = progressBar(bytes === 0 ? 1 : doneBytes / bytes, Math.min(BAR_COLUMNS_MAX, spare));
  return `${name}${' '.repeat(width - columnsOf(name))}  ${bar}  ${chosen}`;
}

const END_WORDS: Readonly<Record<EndCode, string>> = {
  verified: 'verified',
  cancelled: 'cancelled',
  withdrawn: 'withdrawn by the sender',
  declined: 'they declined it',
  unreadable: 'the sender could not read it any more',
  changed: 'it changed while it was being sent',
  corrupt: 'what arrived did not match its hashes',
  'no-space': 'no space left for it',
  'store-failed': 'it could not be written',
  refused: 'refused',
  'peer-left': 'the other device left',
};

/** Why a transfer ended, in plain words without a full stop. */
export function endWords(end: EndCode): string {
  return END_WORDS[end];
}

const LEFT_WORDS: Readonly<Record<SocketCode, string>> = {
  'going-away': 'the server is stopping',
  'too-large': 'the server did not take what this device sent',
  malformed: 'the server did not understand this device',
  version: 'this rockpool and the server speak different versions',
  rate: 'the server got too much at once from this device',
  'pool-full': 'the pool is full',
  elsewhere: 'this device joined from elsewhere',
  'server-full': 'the server is full',
  'join-first': 'the server did not understand this device',
  silent: 'the server heard nothing from this device',
  identity: 'the server could not make sure who this device is',
  restarting: 'the server is restarting',
  busy: 'the server has too much to do',
  unavailable: 'the server could not check whether this device may join',
  ticket: 'the pool needs an invitation or a sign-in',
  expired: 'the time in the pool is over',
  denied: 'this device may not join the pool',
  revoked: 'whoever runs the server ended the session',
};

/** Why this device is out of its pool, in plain words without a full stop; `reason` as PoolClient gives it. */
export function leftWords(reason: string): string {
  const words = Object.entries(LEFT_WORDS).find(([code]) => code === reason)?.[1];
  return words ?? safeLine(reason);
}

/** Seconds as json mode gives them: to the millisecond. */
export function roundSeconds(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}

/** `2026-03-01 09:05` where this device is. */
export function localTime(ms: number): string {
  const at = new Date(ms);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}`;
}
