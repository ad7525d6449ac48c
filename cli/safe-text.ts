// Makes text from peers harmless on a terminal: no control characters, no escape sequences, no bidirectional overrides.
// Also measures and cuts text by terminal columns. Every peer-made string passes here before it is printed.

// Cc is C0, DEL and C1 (U+009B alone starts a control sequence), embeddings, overrides and isolates, line and paragraph
// separators, interlinear annotation, byte order mark.
const HARMFUL = /[\p{Cc}\u2028-\u202e\u2066-\u2069\ufff9-\ufffb\ufeff]/gu;
const LONE_SURROGATE = /\p{Surrogate}/gu;
const WIDE =
  /\p{Emoji_Presentation}|\ufe0f|[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/u;
const INVISIBLE = /^[\p{Mark}\p{Cf}]+$/u;
const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** `text` on one line: line breaks and tabs become spaces, harmful characters vanish. */
export function safeLine(text: string): string {
  return text
    .replace(/[\t\n\r\u0085\u2028\u2029]+/gu, ' ')
    .replace(HARMFUL, '')
    .replace(LONE_SURROGATE, '\ufffd');
}

/** `text` with its line breaks kept, but continuation lines indented: no line can pass for somebody else's. */
export function safeBlock(text: string, indent = '  '): string {
  return text
    .split(/\r\n|[\n\r\u0085\u2028\u2029]/u)
    .map(safeLine)
    .join(`\n${indent}`);
}

/** `text` with its line breaks kept as they are: for a text whose lines cannot pass for somebody else's anyway. */
export function safeLines(text: string): string {
  return text.split('\n').map(safeLine).join('\n');
}

/** One line of JSON in which characters that harm a terminal stand as `\uXXXX`; parsing gives them back unchanged. */
export function safeJson(value: object): string {
  return safeJsonText(JSON.stringify(value));
}

/** The same for JSON that is text already, with line breaks between its values. */
export function safeJsonText(json: string): string {
  return json.replace(HARMFUL, (char) =>
    char === '\n' ? char : `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Terminal columns `text` takes, as most terminals count: wide letters and emoji two, marks none. */
export function columnsOf(text: string): number {
  let columns = 0;
  for (const { segment } of graphemes.segment(text)) columns += graphemeColumns(segment);
  return columns;
}

/** `text` in at most `columns` columns, cut in the middle with `…`, so that a file's extension stays readable. */
export function fitColumns(text: string, columns: number): string {
  if (columnsOf(text) <= columns) return text;
  if (columns <= 1) return columns === 1 ? '…' : '';
  const parts = [...graphemes.segment(text)].map((part) => part.segment);
  const tailColumns = Math.floor((columns - 1) / 3);
  const head = takeColumns(parts, columns - 1 - tailColumns);
  const tail = takeColumns(parts.toReversed(), tailColumns).toReversed();
  return `${head.join('')}…${tail.join('')}`;
}

function takeColumns(parts: readonly string[], columns: number): string[] {
  const taken: string[] = [];
  let left = columns;
  for (const part of parts) {
    left -= graphemeColumns(part);
    if (left < 0) break;
    taken.push(part);
  }
  return taken;
}

function graphemeColumns(segment: string): number {
  if (WIDE.test(segment)) return 2;
  return INVISIBLE.test(segment) ? 0 : 1;
}
