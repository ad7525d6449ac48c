// Rockpool's own version, read from the package it stands in: the source tree, a build of it, or an installed package.
import { readFileSync } from 'node:fs';

/** Folders looked at, upwards from this file: `cli/`, `dist/node/` and its chunks are all nearer. */
const FOLDERS_MAX = 4;

/** The version, such as `0.1.0`. Throws if the package was taken apart. */
export function packageVersion(): string {
  let folder = new URL('.', import.meta.url);
  for (let looked = 0; looked < FOLDERS_MAX; looked += 1) {
    const facts = packageAt(folder);
    if (facts?.name === 'rockpool') return facts.version;
    folder = new URL('..', folder);
  }
  throw new Error(`no package.json of rockpool above ${import.meta.url}`);
}

function packageAt(folder: URL): { readonly name: string; readonly version: string } | undefined {
  let text: string;
  try {
    text = readFileSync(new URL('package.json', folder), 'utf8');
  } catch {
    return undefined; // No package.json here: look further up.
  }
  return JSON.parse(text) as { name: string; version: string };
}
