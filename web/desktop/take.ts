// From a drop, a paste or the chooser to paths of the host's disk. Where files lie that were dropped, a page is not told: the window
// tells the host, or they are copied to it.
import type { HostFace, HostPath } from '../../src/remote/host-face.ts';
import { currentSession } from '../app.ts';
import type { Audience } from '../audience.ts';
import { countOf } from '../format.ts';
import { pastedName, takePaths } from '../outbox.ts';
import { audienceName } from '../recipients.ts';
import { trouble } from '../trouble.ts';
import { about, choosing } from './state.ts';

declare global {
  /** What was dropped last, for the window that tells where it lies. */
  var rockpoolDropped: readonly File[] | undefined;
}

/** Opens the chooser; what is chosen is shared with `to`. */
export function choose(to: Audience): void {
  choosing.value = {
    title: `Share with ${audienceName(to)}`,
    mode: 'things',
    folder: '',
    onChosen: (paths) => take((host) => host.look(paths), labelOf(paths.map(nameOf)), to),
  };
}

/** To be called while the event is dispatched: afterwards the page may not look at it any more. */
export function takeDropped(data: DataTransfer, to: Audience): void {
  const items = [...data.items].filter(({ kind }) => kind === 'file');
  const files = items.map((item) => item.getAsFile()).filter((file) => file !== null);
  const folders = items.filter((item) => item.webkitGetAsEntry()?.isDirectory === true);
  const label = labelOf(files.map(({ name }) => name));
  if (about.value?.tellsDropped === true) {
    globalThis.rockpoolDropped = files;
    take(async (host) => host.look(await host.dropped()), label, to);
  } else if (folders.length > 0) {
    trouble.value = 'This window cannot tell where that folder lies: choose it with the button.';
  } else takeCopies(files, label, to);
}

/** To be called while the event is dispatched. */
export function takePasted(data: DataTransfer, to: Audience): void {
  const files = [...data.files];
  takeCopies(files, labelOf(files.map(({ name }) => name)), to);
}

function takeCopies(files: readonly File[], label: string, to: Audience): void {
  if (files.length === 0) return;
  const look = async (host: HostFace): Promise<readonly HostPath[]> => {
    const paths: string[] = [];
    // oxlint-disable-next-line no-await-in-loop -- one at a time: they go to the same disk
    for (const file of files) paths.push(await upload(file));
    return host.look(paths);
  };
  take(look, label, to);
}

function take(look: (host: HostFace) => Promise<readonly HostPath[]>, label: string, to: Audience): void {
  const host = currentSession()?.host;
  if (host !== undefined) void takePaths(look(host), label, to);
}

/** Copies it to the host. Resolves to where it lies there. */
async function upload(file: File): Promise<string> {
  // Browsers call every pasted picture so.
  const name = file.name === 'image.png' ? pastedName() : file.name;
  const place = new URL(`upload/${encodeURIComponent(name)}`, document.baseURI);
  const response = await fetch(place, { method: 'PUT', body: file });
  const said: unknown = response.ok ? await response.json() : undefined;
  if (typeof said === 'object' && said !== null && 'path' in said && typeof said.path === 'string') return said.path;
  throw new Error(`“${name}” could not be copied to this device. Is there room for it?`);
}

const nameOf = (path: string): string => /[^\\/]*[\\/]*$/u.exec(path)?.[0] ?? path;

const labelOf = (names: readonly string[]): string =>
  names.length === 1 ? `“${names.join('')}”` : countOf(names.length, 'thing');
