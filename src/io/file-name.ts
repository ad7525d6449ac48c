// Turns a file name that a peer sent into one that is safe to create in a directory, on every platform.
// The result is always one plain component: it can neither leave the directory, nor hide in it, nor name a device.

import { isOfferedName } from '../wire/offered.ts';

/** The longest name most file systems take, in UTF-8 bytes. */
export const FILE_NAME_BYTES_MAX = 255;

/** More of a name than this, in UTF-16 units, is not looked at: only its end, where the last component is. */
const LOOKED_AT_MAX = 4_096;

/** A longer "extension" is taken for a part of the name that happens to follow a dot, and cut like the rest. */
const EXTENSION_BYTES_MAX = 32;

const FALLBACK = 'file';

/**
 * C0, DEL and C1 controls, line and paragraph separators, byte order marks and zero-width spaces, and every mark,
 * embedding, override and isolate that reorders text: with them `gpj.exe` can be made to read as `exe.jpg`.
 * Joiners (U+200C, U+200D) stay: Persian and emoji are spelled with them.
 */
const INVISIBLE = /[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/gu;

/** Not allowed on Windows; `:` would also open an alternate stream there and name a volume. */
const FORBIDDEN = /[<>:"|?*]/gu;

/** Halves of surrogate pairs on their own: they have no UTF-8. */
const LONE_SURROGATE = /\p{Surrogate}/gu;

/** Windows ignores dots and spaces at the end, and so `NUL.` would be `NUL`; a dot in front hides a file elsewhere. */
const EDGES = /^[\s.]+|[\s.]+$/gu;
const END = /[\s.]+$/u;

/** Names of devices on Windows, with or without an extension. */
const DEVICE =
  /^(?:con|prn|aux|nul|conin\$|conout\$|com[0-9\u00b9\u00b2\u00b3]|lpt[0-9\u00b9\u00b2\u00b3])\s*(?:\.|$)/iu;

const encoder = new TextEncoder();

function utf8Bytes(text: string): number {
  return encoder.encode(text).length;
}

/** `name` as stem and extension; the extension begins with its dot or is empty. */
function split(name: string): readonly [stem: string, extension: string] {
  const dot = name.lastIndexOf('.');
  if (dot <= 0 || utf8Bytes(name.slice(dot)) > EXTENSION_BYTES_MAX) return [name, ''];
  return [name.slice(0, dot), name.slice(dot)];
}

/** The longest beginning of `text`, in whole code points, that takes at most `bytesMax` bytes and ends in no blank or dot. */
function cut(text: string, bytesMax: number): string {
  let bytes = 0;
  let end = 0;
  for (const point of text) {
    bytes += utf8Bytes(point);
    if (bytes > bytesMax) break;
    end += point.length;
  }
  return text.slice(0, end).replace(END, '');
}

function shorten(name: string, suffix: string): string {
  const [stem, extension] = split(name);
  const tail = suffix + extension;
  if (utf8Bytes(stem + tail) <= FILE_NAME_BYTES_MAX) return stem + tail;
  return cut(stem, FILE_NAME_BYTES_MAX - utf8Bytes(tail)) + tail;
}

/**
 * A name to create a file under, made of `name` as a peer sent it (any string). 1 to 255 UTF-8 bytes, keeping the
 * extension. Only the last component of a path is kept; invisible and reordering characters go; what Windows forbids
 * becomes `_`; dots and blanks at either end go, so no name is hidden (`.bashrc` becomes `bashrc`), nor is it a
 * directory; a device's name gets a `_` in front; nothing left becomes `file`. Letters of every script, emoji and
 * spaces within stay. Applying it twice changes nothing more.
 */
export function safeFileName(name: string): string {
  const visible = name.slice(-LOOKED_AT_MAX).replace(LONE_SURROGATE, '\ufffd').replace(INVISIBLE, '');
  const last = visible.split(/[/\\]/u).findLast((part) => part.replace(EDGES, '') !== '') ?? '';
  const plain = last.replace(FORBIDDEN, '_').replace(EDGES, '');
  if (plain === '') return FALLBACK;
  const short = shorten(plain, '');
  // Only after cutting, because cutting can lay a device's name bare.
  return DEVICE.test(short) ? shorten(`_${short}`, '') : short;
}

/** What to try when `safeName` (a result of `safeFileName`) is taken: `name (2).ext`, within the same limit. */
export function numberedFileName(safeName: string, number: number): string {
  return shorten(safeName, ` (${number})`);
}

/** The name that an own file is offered by. Some systems allow longer ones than others: what does not fit is shortened. */
export const offeredName = (name: string): string => (isOfferedName(name) ? name : safeFileName(name));
