// What a message's Markdown comes to: a small tree of what may be shown, made of marked's tokens. Whatever is not in the tree
// stands there as it was typed. A text that would be costly to read, by accident or design, stays plain.
import { Lexer, type MarkedToken, type Token } from 'marked';

export type Inline =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'break' }
  | { readonly kind: 'code'; readonly text: string }
  | { readonly kind: 'strong' | 'em' | 'del'; readonly children: readonly Inline[] }
  | {
      readonly kind: 'link';
      readonly href: string;
      /** Where it really leads, if its text does not say so itself. */
      readonly host: string | undefined;
      readonly children: readonly Inline[];
    };

export type Block =
  | { readonly kind: 'paragraph' | 'heading'; readonly children: readonly Inline[] }
  | { readonly kind: 'code'; readonly text: string }
  | { readonly kind: 'quote'; readonly children: readonly Block[] }
  /** `start`: the first number; undefined for a list without numbers. */
  | { readonly kind: 'list'; readonly start: number | undefined; readonly items: readonly (readonly Block[])[] }
  | { readonly kind: 'rule' };

/** Quotes and lists within one another; deeper ones stay as they were typed. */
const NESTING_MAX = 8;
/** Time grows with the square of these (8,192 of the worst: half a second). With so many a text is read in a few milliseconds. */
const MARKS_MAX = 600;
const LINES_MAX = 600;
const ITEMS_MAX = 300;

/** Texts that were read lately, so that scrolling back and forth costs nothing. */
const REMEMBERED_MAX = 500;
const remembered = new Map<string, readonly Block[]>();

/** Never throws, whatever is in `text`. */
export function parseMarkdown(text: string): readonly Block[] {
  const known = remembered.get(text);
  if (known !== undefined) return known;
  const blocks = fenced(harmless(text)).flatMap(({ code, text: part }): readonly Block[] =>
    code ? [{ kind: 'code', text: part }] : read(part),
  );
  remembered.set(text, blocks);
  const [oldest] = remembered.keys();
  if (remembered.size > REMEMBERED_MAX && oldest !== undefined) remembered.delete(oldest);
  return blocks;
}

/** The first line of a message as plain text, for a quotation of it. */
export const plainLine = (text: string): string =>
  plainText(text.slice(0, 400))
    .split('\n')
    .map((line) => line.trim())
    .find((line) => line !== '') ?? '';

/** What a message says, without its marks; what was apart in it stands on lines of its own. */
export const plainText = (text: string): string => parseMarkdown(text).map(plainOf).join('\n');

function plainOf(block: Block): string {
  switch (block.kind) {
    case 'paragraph':
    case 'heading':
      return block.children.map(plainInline).join('');
    case 'code':
      return block.text;
    case 'quote':
      return block.children.map(plainOf).join(' ');
    case 'list':
      return block.items.map((item) => item.map(plainOf).join(' ')).join('\n');
    case 'rule':
      return '';
  }
}

function plainInline(inline: Inline): string {
  if (inline.kind === 'break') return ' ';
  return 'children' in inline ? inline.children.map(plainInline).join('') : inline.text;
}

/**
 * Without characters that turn the direction of what follows or that nobody sees: they can make one text look like another.
 * Joiners of emoji and of scripts that need them stay.
 */
export function harmless(text: string): string {
  return text.replaceAll(/[\u202A-\u202E\u2066-\u2069\u200B\u2060-\u2064\uFEFF]/gu, '');
}

interface Part {
  readonly code: boolean;
  readonly text: string;
}

/** Code between fences is taken out first: it may hold any number of marks, and it costs nothing. */
function fenced(text: string): readonly Part[] {
  const parts: Part[] = [];
  let lines: string[] = [];
  let fence: string | undefined;
  const end = (code: boolean): void => {
    const part = lines.join('\n');
    lines = [];
    if (code || part.trim() !== '') parts.push({ code, text: part });
  };
  for (const line of text.split(/\r\n?|\n/u)) {
    const mark = /^ {0,3}(`{3,}(?=[^`]*$)|~{3,})/u.exec(line)?.[1];
    if (fence === undefined && mark !== undefined) {
      end(false);
      fence = mark;
    } else if (fence !== undefined && mark?.startsWith(fence) === true && line.trim() === mark) {
      end(true);
      fence = undefined;
    } else lines.push(line);
  }
  end(fence !== undefined);
  return parts;
}

function read(text: string): readonly Block[] {
  if (isCostly(text)) return plain(text);
  try {
    const blocks = blocksOf(new Lexer({ gfm: true, breaks: true }).lex(text), 0);
    return blocks.length === 0 ? plain(text) : blocks;
  } catch {
    return plain(text); // nested beyond what the lexer bears
  }
}

const plain = (text: string): readonly Block[] => [{ kind: 'paragraph', children: [{ kind: 'text', text }] }];

function isCostly(text: string): boolean {
  const lines = text.split('\n');
  if (lines.length > LINES_MAX) return true;
  if ((text.match(/[*_~[\]<`!&@]/gu)?.length ?? 0) > MARKS_MAX) return true;
  const items = lines.filter((line) => /^[\s>]*(?:[-*+]|\d{1,9}[.)])/u.test(line));
  if (items.length > ITEMS_MAX) return true;
  return lines.some((line) => nestingOf(line) > NESTING_MAX);
}

/** How many quotes and list items begin with this line, one inside the other; counts no further than is too many. */
function nestingOf(line: string): number {
  const mark = /\s*(?:>|[-*+](?=[\s>*+-]|$)|\d{1,9}[.)](?=\s|$))/uy;
  let count = 0;
  while (count <= NESTING_MAX && mark.test(line)) count += 1;
  return count;
}

const NAMES: ReadonlySet<string> = new Set<MarkedToken['type']>([
  'blockquote',
  'br',
  'checkbox',
  'code',
  'codespan',
  'def',
  'del',
  'em',
  'escape',
  'heading',
  'hr',
  'html',
  'image',
  'link',
  'list',
  'list_item',
  'paragraph',
  'space',
  'strong',
  'table',
  'text',
]);

const isKnown = (token: Token): token is MarkedToken => NAMES.has(token.type);

function blocksOf(tokens: readonly Token[], depth: number): readonly Block[] {
  return tokens.filter(isKnown).flatMap((token) => blockOf(token, depth));
}

function blockOf(token: MarkedToken, depth: number): readonly Block[] {
  switch (token.type) {
    case 'paragraph':
      return [{ kind: 'paragraph', children: inlinesOf(token.tokens) }];
    case 'text':
      return [{ kind: 'paragraph', children: token.tokens === undefined ? [asTyped(token)] : inlinesOf(token.tokens) }];
    case 'heading':
      return [{ kind: 'heading', children: inlinesOf(token.tokens) }];
    case 'code':
      return [{ kind: 'code', text: token.text }];
    case 'hr':
      return [{ kind: 'rule' }];
    case 'space':
      return [];
    case 'blockquote':
      if (depth >= NESTING_MAX) return plain(token.raw);
      return [{ kind: 'quote', children: blocksOf(token.tokens, depth + 1) }];
    case 'list':
      if (depth >= NESTING_MAX) return plain(token.raw);
      return [
        {
          kind: 'list',
          start: token.start === '' ? undefined : token.start,
          items: token.items.map((item) => blocksOf(item.tokens, depth + 1)),
        },
      ];
    default:
      return plain(token.raw.trimEnd());
  }
}

function inlinesOf(tokens: readonly Token[]): readonly Inline[] {
  return tokens.filter(isKnown).map(inlineOf);
}

function inlineOf(token: MarkedToken): Inline {
  switch (token.type) {
    case 'strong':
    case 'em':
    case 'del':
      return { kind: token.type, children: inlinesOf(token.tokens) };
    case 'codespan':
      return { kind: 'code', text: token.text };
    case 'br':
      return { kind: 'break' };
    case 'escape':
      return { kind: 'text', text: token.text };
    case 'link':
      return linkOf(token.href, token.text, inlinesOf(token.tokens)) ?? asTyped(token);
    case 'image':
      return linkOf(token.href, token.text, [{ kind: 'text', text: token.text || token.href }]) ?? asTyped(token);
    case 'text':
      return token.tokens === undefined ? { kind: 'text', text: token.text } : asTyped(token);
    default:
      return asTyped(token);
  }
}

const asTyped = ({ raw }: Pick<MarkedToken, 'raw'>): Inline => ({ kind: 'text', text: raw });

/** Undefined for what is no address of the web or of mail: it is no link then. */
function linkOf(href: string, text: string, children: readonly Inline[]): Inline | undefined {
  if (!URL.canParse(href)) return undefined;
  const url = new URL(href);
  if (url.protocol !== 'http:' && url.protocol !== 'https:' && url.protocol !== 'mailto:') return undefined;
  return { kind: 'link', href: url.href, host: says(text, url) ? undefined : placeOf(url), children };
}

const placeOf = (url: URL): string => (url.protocol === 'mailto:' ? url.pathname : url.host);

/** True if the text of a link begins with the very place it leads to. */
function says(text: string, url: URL): boolean {
  const place = placeOf(url);
  const rest = text.replace(/^(?:https?:\/\/|mailto:)/iu, '');
  return rest.toLowerCase().startsWith(place) && /^(?:[/?#]|$)/u.test(rest.slice(place.length));
}
