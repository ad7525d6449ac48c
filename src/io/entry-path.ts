// Which paths a shared folder may hold, for those who offer one and those who unpack one alike. Nothing is renamed: what
// could leave the target, or would mean something else on another platform, is refused, and said which.
import { FILE_NAME_BYTES_MAX } from './file-name.ts';

/** The longest path most systems take, in UTF-8 bytes (Linux's PATH_MAX). */
export const PATH_BYTES_MAX = 4_096;

/** Names in a path; real trees stay below 30, and walkers that recurse stay safe. */
export const DEPTH_MAX = 64;

/** Files and folders of one tree: what is remembered of each to find collisions is some 100 bytes. */
export const ENTRIES_MAX = 1_000_000;

/** Of a path in a sentence for people, in code points. */
const SHOWN_MAX = 120;

/** What is wrong with a path. `reserved`, `edge` and `forbidden` only hold where paths are to be portable. */
export type EntryProblemCode =
  | 'empty'
  | 'absolute'
  | 'climbs'
  | 'backslash'
  | 'control'
  | 'encoding'
  | 'too-long'
  | 'too-deep'
  | 'reserved'
  | 'edge'
  | 'forbidden'
  | 'twice'
  | 'alike'
  | 'file-and-folder'
  | 'too-many';

/** `code` for programs; `message`, a sentence that names the path, for people. */
export interface EntryProblem {
  readonly code: EntryProblemCode;
  readonly message: string;
}

export interface EntryRules {
  /**
   * Refuse as well what only Windows forbids: device names, trailing dots and blanks, and `<>:"|?*`. Default true;
   * false where the tree stays on systems that know no such names.
   */
  readonly portable: boolean;
  /** Files and folders one `EntryGuard` takes. */
  readonly entries: number;
}

export const ENTRY_RULES: EntryRules = { portable: true, entries: ENTRIES_MAX };

const DRIVE = /^[a-z]:/iu;
const CONTROL = /\p{Cc}/u;
const LONE_SURROGATE = /\p{Surrogate}/u;
const FORBIDDEN = /[<>:"|?*]/u;
const EDGE = /[. ]$/u;

/** Devices on Windows, with or without an extension, and with blanks before it. */
const DEVICE =
  /^(?:con|prn|aux|nul|conin\$|conout\$|clock\$|com[0-9\u00b9\u00b2\u00b3]|lpt[0-9\u00b9\u00b2\u00b3]) *(?:\.|$)/iu;

/** Controls, and the marks that reorder or hide text: none may act in a message. */
const UNSHOWABLE = /[\p{Cc}\p{Bidi_Control}\p{Surrogate}\u2028\u2029\u200b\ufeff]/gu;

const ASCII = /^[\0-\x7f]*$/u;

const encoder = new TextEncoder();

/** `path` in quotes, short, and with nothing in it that could disturb a terminal or a line of text. */
export function shownPath(path: string): string {
  const points = Array.from(path.slice(0, 2 * SHOWN_MAX));
  const short =
    points.length > SHOWN_MAX || path.length > 2 * SHOWN_MAX ? [...points.slice(0, SHOWN_MAX), '…'] : points;
  const plain = short.join('').replace(UNSHOWABLE, (mark) => `\\u{${(mark.codePointAt(0) ?? 0).toString(16)}}`);
  return `"${plain}"`;
}

const utf8Longer = (text: string, bytesMax: number): boolean =>
  text.length > bytesMax || (3 * text.length > bytesMax && encoder.encode(text).length > bytesMax);

/**
 * What is wrong with `path` as the path of a file or folder in a shared folder ('/' separated, relative, no slash at
 * either end), or undefined if nothing is. Looks at the path alone; `EntryGuard` compares it with the others.
 */
export function entryProblem(path: string, rules: Partial<EntryRules> = {}): EntryProblem | undefined {
  return pathProblem(path) ?? namesProblem(path, rules.portable ?? ENTRY_RULES.portable);
}

function problem(code: EntryProblemCode, path: string, reason: string): EntryProblem {
  return { code, message: `${shownPath(path)}: ${reason}` };
}

/** What concerns the path as a whole. */
function pathProblem(path: string): EntryProblem | undefined {
  if (path === '') return problem('empty', path, 'an entry without a name');
  // First of all, so that nothing below has to look at more.
  if (utf8Longer(path, PATH_BYTES_MAX)) {
    return problem('too-long', path, `the path is longer than ${PATH_BYTES_MAX} bytes`);
  }
  if (CONTROL.test(path)) return problem('control', path, 'the path has a control character in it');
  if (LONE_SURROGATE.test(path)) return problem('encoding', path, 'the path is not valid Unicode');
  if (path.includes('\\')) return problem('backslash', path, 'the path has a backslash in it');
  if (path.startsWith('/')) return problem('absolute', path, 'the path is absolute');
  if (DRIVE.test(path)) return problem('absolute', path, 'the path names a drive');
  return undefined;
}

function namesProblem(path: string, portable: boolean): EntryProblem | undefined {
  const names = path.split('/');
  if (names.length > DEPTH_MAX) return problem('too-deep', path, `more than ${DEPTH_MAX} names, one within another`);
  for (const name of names) {
    const found = nameProblem(path, name) ?? (portable ? windowsProblem(path, name) : undefined);
    if (found) return found;
  }
  return undefined;
}

function nameProblem(path: string, name: string): EntryProblem | undefined {
  if (name === '') return problem('empty', path, 'the path has an empty name in it');
  if (name === '..') return problem('climbs', path, '".." would lead out of the folder');
  if (name === '.') return problem('climbs', path, '"." is no name of its own');
  if (utf8Longer(name, FILE_NAME_BYTES_MAX)) {
    return problem('too-long', path, `a name in it is longer than ${FILE_NAME_BYTES_MAX} bytes`);
  }
  return undefined;
}

function windowsProblem(path: string, name: string): EntryProblem | undefined {
  if (DEVICE.test(name)) return problem('reserved', path, `Windows reserves the name ${shownPath(name)}`);
  if (EDGE.test(name)) return problem('edge', path, `Windows drops the dot or space at the end of ${shownPath(name)}`);
  const [mark] = FORBIDDEN.exec(name) ?? [];
  if (mark !== undefined) return problem('forbidden', path, `Windows forbids ${mark} in names`);
  return undefined;
}

/** The same for all spellings that some file system takes for one: NFC, and case folded by way of both cases (ß is ss). */
function folded(path: string): string {
  if (ASCII.test(path)) return path.toLowerCase();
  return path.normalize('NFC').toLowerCase().toUpperCase().toLowerCase().normalize('NFC');
}

/** A folder that is only `implied` may still be named by the archive itself. */
type Known = 'file' | 'folder' | 'implied';

interface Place {
  readonly key: string;
  readonly path: string;
}

/** The folders above `path`, innermost first. `key`, its folded form, has as many slashes. */
function* parentsOf({ key, path }: Place): Generator<Place, void, undefined> {
  let keySlash = key.lastIndexOf('/');
  for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
    yield { key: key.slice(0, keySlash), path: path.slice(0, slash) };
    keySlash = key.lastIndexOf('/', keySlash - 1);
  }
}

/** Refuses what cannot lie beside the paths before it. One for each tree. */
export class EntryGuard {
  readonly #rules: EntryRules;
  /** By folded path. */
  readonly #known: Map<string, Known> = new Map();
  /** By folded path, where the real one is spelled otherwise. */
  readonly #spellings: Map<string, string> = new Map();
  #impliedParents: readonly string[] = [];

  constructor(rules: Partial<EntryRules> = {}) {
    this.#rules = { ...ENTRY_RULES, ...rules };
  }

  /** Files and folders so far, with those that are only parents of others. */
  get entries(): number {
    return this.#known.size;
  }

  /** The folders above the path of the last `add` that no path before had named or implied, outermost first. */
  get impliedParents(): readonly string[] {
    return this.#impliedParents;
  }

  /**
   * Takes a path, and its parents as folders; a folder may also come after what is in it. If something is wrong with it, by
   * itself (`entryProblem`) or beside the paths before it, it is not taken, and that is returned.
   */
  add(path: string, directory: boolean): EntryProblem | undefined {
    this.#impliedParents = [];
    const alone = entryProblem(path, this.#rules);
    if (alone) return alone;
    const place = { key: folded(path), path };
    const missing: Place[] = [];
    for (const parent of parentsOf(place)) {
      const known = this.#known.get(parent.key);
      if (known === undefined) missing.push(parent);
      else {
        const clash = this.#clash(path, parent, known === 'file');
        if (clash) return clash;
        break; // What is above a known folder is known.
      }
    }
    const known = this.#known.get(place.key);
    const found = known && this.#ownClash(place, known, directory);
    if (found) return found;
    if (this.#known.size + missing.length + (known ? 0 : 1) > this.#rules.entries) {
      return problem('too-many', path, `more than ${this.#rules.entries} files and folders`);
    }
    for (const parent of missing) this.#remember(parent, 'implied');
    this.#remember(place, directory ? 'folder' : 'file');
    this.#impliedParents = missing.map((parent) => parent.path).reverse();
    return undefined;
  }

  /** `path` needs a folder or file at `place`, where something is known. */
  #clash(path: string, place: Place, otherKind: boolean): EntryProblem | undefined {
    const spelled = this.#spellings.get(place.key) ?? place.key;
    if (spelled !== place.path) {
      return problem(
        'alike',
        path,
        `some systems take ${shownPath(place.path)} for ${shownPath(spelled)}, which is here too`,
      );
    }
    if (otherKind) return problem('file-and-folder', path, `${shownPath(place.path)} is both a file and a folder`);
    return undefined;
  }

  #ownClash(place: Place, known: Known, directory: boolean): EntryProblem | undefined {
    const clash = this.#clash(place.path, place, directory === (known === 'file'));
    if (clash || known === 'implied') return clash;
    return problem('twice', place.path, 'the path is there twice');
  }

  #remember({ key, path }: Place, known: Known): void {
    this.#known.set(key, known);
    if (path !== key) this.#spellings.set(key, path);
  }
}
