// Values of a TalkStore as text and back: JSON, with bytes as base64 and a word for what is undefined.

const BYTES = '$bytes';
const NONE = '$none';

export function writeTalk(value: unknown): string {
  return JSON.stringify({ value }, (_key, each: unknown) => {
    if (each === undefined) return NONE;
    if (!(each instanceof Uint8Array)) return each;
    return { [BYTES]: btoa(Array.from(each, (byte) => String.fromCharCode(byte)).join('')) };
  });
}

/** What `text` was written of. */
export function readTalk<T>(text: string): T {
  return revive(JSON.parse(text).value);
}

function revive(value: unknown): ReturnType<typeof JSON.parse> {
  if (value === NONE) return undefined;
  if (Array.isArray(value)) return value.map(revive);
  if (typeof value !== 'object' || value === null) return value;
  if (BYTES in value) return Uint8Array.from(atob(String(value[BYTES])), (character) => character.charCodeAt(0));
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, revive(each)]));
}
