// What may be said of an offered file, in an offer (envelope.ts) and in the entry of a log that tells of one (talk.ts): bounds.

/** Files in one offer: with the longest names it still fits one message. */
export const FILES_PER_OFFER_MAX = 500;
/** UTF-8 bytes of a file name: what every common file system takes. */
export const FILE_NAME_BYTES_MAX = 255;

const utf8 = new TextEncoder();

/** 1 to FILE_NAME_BYTES_MAX bytes of UTF-8. Not yet safe as a path. */
export const isOfferedName = (name: string): boolean =>
  name.length > 0 && name.length <= FILE_NAME_BYTES_MAX && utf8.encode(name).length <= FILE_NAME_BYTES_MAX;

/** 0 to 2^53-1. */
export const isOfferedSize = (bytes: number): boolean => Number.isSafeInteger(bytes) && bytes >= 0;
