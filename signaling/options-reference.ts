// The options of `rockpool serve` as people read them: a page of the help, and the table in docs/operating.md, which a test
// compares with this one.
import { SERVE_OPTIONS } from './options.ts';

const COLUMNS = 80;
const INDENT = 6;

/** One paragraph an option, no line longer than 80 columns. */
export function helpReference(): string {
  return SERVE_OPTIONS.map(({ name, value, about, fallback }) => {
    const words = fallback === undefined || fallback === '' ? `${about}.` : `${about} (default: ${fallback}).`;
    return `  --${name} ${value}\n${wrapped(words)}`;
  }).join('');
}

/** A row an option: flag, what it takes, default, what it does. */
export function referenceRows(): readonly (readonly string[])[] {
  return SERVE_OPTIONS.map(({ name, value, takes, about, fallback }) => [
    `\`--${name} ${value}\``,
    takes,
    fallback === undefined || fallback === '' ? '' : `\`${fallback}\``,
    about,
  ]);
}

function wrapped(text: string): string {
  const pad = ' '.repeat(INDENT);
  let [page, line] = ['', pad];
  for (const word of text.split(' ')) {
    if (line.length > INDENT && line.length + 1 + word.length > COLUMNS) {
      page += `${line}\n`;
      line = pad;
    }
    line += line.length > INDENT ? ` ${word}` : word;
  }
  return `${page}${line}\n`;
}
