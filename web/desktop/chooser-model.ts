// What is marked in the chooser and where its cursor stands, as keys and clicks change it. Pure: the rows are given, and so is the
// time. As in file managers: arrows mark what they reach, Shift a range, Ctrl moves or adds, letters jump to a name.
import type { ListedPath } from '../../src/remote/host-face.ts';

export interface Marks {
  readonly entries: readonly ListedPath[];
  /** Several may be marked. */
  readonly several: boolean;
  /** The row that keys are about; -1 before the first of them. */
  readonly cursor: number;
  /** Where a range begins. */
  readonly anchor: number;
  readonly marked: ReadonlySet<number>;
  /** Letters typed shortly after one another, and when the last was. */
  readonly typed: string;
  readonly typedMs: number;
}

export interface Press {
  readonly key: string;
  readonly shift: boolean;
  /** Ctrl, or Cmd. */
  readonly ctrl: boolean;
  readonly alt: boolean;
}

/** `ignored`: the key means nothing here. */
export type Outcome =
  { readonly kind: 'moved' | 'choose' | 'up' | 'ignored' } | { readonly kind: 'open'; readonly path: string };

/** Letters further apart than this begin a new name, ms. */
const TYPING_MS = 1_000;

/** Of a folder that was just opened. `from`: the path in it that one came from, if one went up. */
export function beginMarks(entries: readonly ListedPath[], several: boolean, from?: string): Marks {
  const cursor = from === undefined ? -1 : entries.findIndex(({ path }) => path === from);
  const marked = new Set(cursor < 0 ? [] : [cursor]);
  return { entries, several, cursor, anchor: Math.max(0, cursor), marked, typed: '', typedMs: 0 };
}

export function clicked(marks: Marks, at: number, { shift, ctrl }: Pick<Press, 'shift' | 'ctrl'>): Marks {
  if (marks.several && shift) return ranged(marks, at);
  return marks.several && ctrl ? toggled(marks, at) : single(marks, at);
}

/** `page`: rows in sight. */
export function pressed(
  marks: Marks,
  press: Press,
  page: number,
  nowMs: number,
): { readonly marks: Marks; readonly outcome: Outcome } {
  const { key, ctrl, alt } = press;
  const only = (outcome: Outcome): { readonly marks: Marks; readonly outcome: Outcome } => ({ marks, outcome });
  const moved = (next: Marks): { readonly marks: Marks; readonly outcome: Outcome } => ({
    marks: next,
    outcome: { kind: 'moved' },
  });
  if (key === 'Backspace' || (alt && key === 'ArrowUp')) return only({ kind: 'up' });
  if (alt) return only({ kind: 'ignored' });
  if (key === 'Enter') return only(entered(marks, ctrl));
  const to = target(marks, key, page);
  if (to !== undefined)
    return marks.entries.length === 0 ? only({ kind: 'moved' }) : moved(travelled(marks, to, press));
  if (key === ' ' && !isTyping(marks, nowMs)) {
    if (marks.cursor < 0) return only({ kind: 'moved' });
    return moved(marks.several ? toggled(marks, marks.cursor) : single(marks, marks.cursor));
  }
  if (ctrl && key.toLowerCase() === 'a' && marks.several) {
    return moved({ ...marks, marked: new Set(marks.entries.keys()) });
  }
  if (!ctrl && [...key].length === 1) return moved(sought(marks, key.toLowerCase(), nowMs));
  return only({ kind: 'ignored' });
}

/** What is marked, in the order of the rows. */
export function markedPaths({ entries, marked }: Marks): readonly ListedPath[] {
  return entries.filter((_entry, at) => marked.has(at));
}

/** A folder alone opens; anything else is chosen. Ctrl chooses a folder too. */
function entered(marks: Marks, ctrl: boolean): Outcome {
  const { entries, cursor, marked } = marks;
  const [only = cursor] = marked;
  const entry = entries[only];
  if (!ctrl && marked.size <= 1 && entry?.kind === 'folder') return { kind: 'open', path: entry.path };
  return marked.size > 0 ? { kind: 'choose' } : { kind: 'ignored' };
}

function target({ entries, cursor }: Marks, key: string, page: number): number | undefined {
  const last = entries.length - 1;
  switch (key) {
    case 'ArrowDown':
      return Math.min(last, cursor + 1);
    case 'ArrowUp':
      return cursor < 0 ? last : Math.max(0, cursor - 1);
    case 'PageDown':
      return Math.min(last, Math.max(0, cursor) + page);
    case 'PageUp':
      return Math.max(0, cursor - page);
    case 'Home':
      return 0;
    case 'End':
      return last;
    default:
      return undefined;
  }
}

function travelled(before: Marks, to: number, { shift, ctrl }: Press): Marks {
  // Whoever moves on has typed a name.
  const marks = { ...before, typed: '' };
  if (!marks.several) return single(marks, to);
  if (shift) return ranged(marks, to);
  return ctrl ? { ...marks, cursor: to } : single(marks, to);
}

const single = (marks: Marks, at: number): Marks => ({ ...marks, cursor: at, anchor: at, marked: new Set([at]) });

function ranged(marks: Marks, to: number): Marks {
  const [from, until] = [Math.min(marks.anchor, to), Math.max(marks.anchor, to)];
  const marked = new Set(Array.from({ length: until - from + 1 }, (_, step) => from + step));
  return { ...marks, cursor: to, marked };
}

function toggled(marks: Marks, at: number): Marks {
  const marked = new Set(marks.marked);
  if (!marked.delete(at)) marked.add(at);
  return { ...marks, cursor: at, anchor: at, marked };
}

const isTyping = ({ typed, typedMs }: Marks, nowMs: number): boolean => typed !== '' && nowMs - typedMs < TYPING_MS;

/** To the next name that begins with what was typed; one letter over and over goes through all that begin with it. */
function sought(marks: Marks, letter: string, nowMs: number): Marks {
  const typed = isTyping(marks, nowMs) ? marks.typed + letter : letter;
  const again = [...typed].every((each) => each === letter);
  const wanted = again ? letter : typed;
  const { entries } = marks;
  const from = Math.max(0, marks.cursor) + (again && marks.cursor >= 0 ? 1 : 0);
  const order = [...entries.keys()].map((step) => (from + step) % entries.length);
  const found = order.find((at) => entries[at]?.name.toLowerCase().startsWith(wanted));
  return { ...(found === undefined ? marks : single(marks, found)), typed, typedMs: nowMs };
}
