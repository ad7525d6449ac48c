// Types of find-chromium.mjs.

export const CHROMIUM_PATH_VARIABLE: 'CHROMIUM_PATH';

/** Path of a Chromium or Chrome; undefined if this machine has none. Throws if `CHROMIUM_PATH` names no executable. */
export function findChromium(): string | undefined;
