// Types of find-chromium.mjs.

export const CHROMIUM_PATH_VARIABLE: 'CHROMIUM_PATH';

/** The first of findChromiums(). Throws as it does. */
export function findChromium(): string | undefined;

/**
 * Paths of every Chromium, Chrome, Edge and Brave of this machine, the one to try first first; only the one that `CHROMIUM_PATH`
 * names, where it is set. Throws if that is no executable.
 */
export function findChromiums(): readonly string[];
