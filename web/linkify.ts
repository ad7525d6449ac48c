// Splits a message into plain text and web links. It never makes HTML: the pieces are rendered as text nodes and anchors.

export type Piece =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'link'; readonly text: string; readonly href: string };

/** More links than this in one message stay plain text: nobody reads them, and each costs the page an element. */
const LINKS_MAX = 50;

/** Only http and https, only where the scheme is written out; punctuation that ends a sentence stays outside. */
export function linkify(text: string): readonly Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  let links = 0;
  for (const match of text.matchAll(/\bhttps?:\/\/[^\s<>"`]+/giu)) {
    if (links === LINKS_MAX) break;
    const shown = withoutTail(match[0]);
    const href = webAddress(shown);
    if (href === undefined) continue;
    if (match.index > from) pieces.push({ kind: 'text', text: text.slice(from, match.index) });
    pieces.push({ kind: 'link', text: shown, href });
    from = match.index + shown.length;
    links += 1;
  }
  if (from < text.length) pieces.push({ kind: 'text', text: text.slice(from) });
  return pieces;
}

function withoutTail(url: string): string {
  let end = url.length;
  for (; end > 0; end -= 1) {
    const last = url.charAt(end - 1);
    if (".,:;!?'’”*".includes(last)) continue;
    // A closing bracket belongs to the sentence unless it was opened inside the address.
    if (last === ')' && !url.slice(0, end).includes('(')) continue;
    if (last === ']' && !url.slice(0, end).includes('[')) continue;
    break;
  }
  return url.slice(0, end);
}

function webAddress(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const { protocol, href } = new URL(text);
  return protocol === 'http:' || protocol === 'https:' ? href : undefined;
}
