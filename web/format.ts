// Figures and moments as people read them: bytes, speed, time left, percent, clock and day.

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;

/** Decimal units, three significant digits at most: `0 B`, `999 B`, `1.2 kB`, `14.3 MB`, `128 MB`. */
export function formatBytes(bytes: number): string {
  let value = Math.max(0, bytes);
  let unit = 0;
  // 999.5 and up would read "1000"; the next unit reads better.
  while (unit < UNITS.length - 1 && value >= (unit === 0 ? 1000 : 999.5)) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1;
  return `${value.toLocaleString(undefined, { maximumFractionDigits: digits })} ${UNITS[unit] ?? ''}`;
}

/** `4.2 MB/s`; empty while nothing moves. */
export function formatSpeed(bytesPerSecond: number): string {
  return bytesPerSecond >= 1 ? `${formatBytes(bytesPerSecond)}/s` : '';
}

/** How long `bytes` more take at this speed: `12 s left`, `3 min left`, `1 h 20 min left`. Empty when nobody can tell. */
export function formatTimeLeft(bytes: number, bytesPerSecond: number): string {
  if (bytesPerSecond < 1 || bytes <= 0) return '';
  return `${formatDuration(bytes / bytesPerSecond)} left`;
}

/** Coarse on purpose, so that it does not flicker: seconds, then minutes, then hours with tens of minutes. */
export function formatDuration(seconds: number): string {
  if (seconds < 59.5) return `${Math.max(1, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  const rest = Math.round((minutes % 60) / 10) * 10;
  if (hours >= 48) return `${Math.round(hours / 24)} days`;
  return rest === 0 ? `${hours} h` : rest === 60 ? `${hours + 1} h` : `${hours} h ${rest} min`;
}

/** A time too short to count in seconds: `0.4 ms`, `23 ms`, `1.2 s`. */
export function formatMs(ms: number): string {
  const [value, unit] = ms >= 999.5 ? [ms / 1000, 's'] : [ms, 'ms'];
  return `${value.toLocaleString(undefined, { maximumFractionDigits: value < 9.95 ? 1 : 0 })} ${unit}`;
}

/** A share of 0 to 1 where small ones matter: `0%`, `0.3%`, `12%`. */
export function formatShare(share: number): string {
  const percent = share * 100;
  return `${percent.toLocaleString(undefined, { maximumFractionDigits: percent < 9.95 ? 1 : 0 })}%`;
}

/** Part of a whole, 0 to 1. A file of 0 bytes is wholly there. */
export function fraction(done: number, total: number): number {
  return total <= 0 ? 1 : Math.min(1, Math.max(0, done / total));
}

/** `61%`, rounded down, so that 100% is said only of the whole. */
export function formatPercent(done: number, total: number): string {
  return `${Math.floor(fraction(done, total) * 100)}%`;
}

/** Made once: making it takes fifty times as long as using it. */
const clock = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' });

/** `14:03`, as the reader's locale writes it. */
export const formatClock = (atMs: number): string => clock.format(atMs);

/** Names a day in the reader's own time zone: equal for two moments of one day. */
export function dayKey(atMs: number): string {
  const at = new Date(atMs);
  return `${at.getFullYear()}-${at.getMonth() + 1}-${at.getDate()}`;
}

/** When the reader's day around a moment begins, and when the next one does. */
export function dayAround(atMs: number): { readonly fromMs: number; readonly untilMs: number } {
  const at = new Date(atMs);
  const [year, month, day] = [at.getFullYear(), at.getMonth(), at.getDate()];
  return { fromMs: new Date(year, month, day).getTime(), untilMs: new Date(year, month, day + 1).getTime() };
}

/** `Today`, `Yesterday`, or the day's name and date. */
export function formatDay(atMs: number, nowMs: number): string {
  if (dayKey(atMs) === dayKey(nowMs)) return 'Today';
  const yesterday = new Date(nowMs);
  yesterday.setDate(yesterday.getDate() - 1);
  if (dayKey(atMs) === dayKey(yesterday.getTime())) return 'Yesterday';
  return new Date(atMs).toLocaleDateString(undefined, { weekday: 'long', day: 'numeric', month: 'long' });
}

/** The clock of today, `Yesterday`, or a short date. */
export function formatMoment(atMs: number, nowMs: number): string {
  const day = formatDay(atMs, nowMs);
  if (day === 'Today') return formatClock(atMs);
  if (day === 'Yesterday') return day;
  const year = new Date(atMs).getFullYear() === new Date(nowMs).getFullYear() ? undefined : 'numeric';
  return new Date(atMs).toLocaleDateString(undefined, { day: 'numeric', month: 'short', year });
}

/** `1 file`, `3 files`. */
export function countOf(count: number, one: string, many: string = `${one}s`): string {
  return `${count.toLocaleString()} ${count === 1 ? one : many}`;
}

/** `Mara`, `Mara and Juno`, `Mara, Juno and 3 more`: at most `max` names. */
export function listNames(names: readonly string[], max = 2): string {
  if (names.length <= 1) return names[0] ?? '';
  if (names.length <= max) return `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}`;
  return `${names.slice(0, max).join(', ')} and ${names.length - max} more`;
}
