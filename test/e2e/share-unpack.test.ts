// A received folder in a real folder of the device: all of it as it was sent, or nothing of it and the reason.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import type { Person } from './support/person.ts';
import { difference, makeTree, untar } from './support/tree.ts';
import { LIMIT_MS, type World, withWorld } from './support/world.ts';

const FILES = 60;
/** What `picksOwnFolder` gives, and what is in it by then. */
const CHOSEN = 'chosen';

let world: World;
withWorld((opened) => (world = opened));

/** Two people, of whom the second picks a folder of the browser's own whenever a folder is to be picked. */
async function pair(): Promise<readonly [Person, Person]> {
  const pool = world.freshPool();
  const [mara, jo] = [await world.person('Mara'), await world.person('Jo')];
  // The chooser is the system's own; what it gives is a real folder all the same, one of the browser's.
  await jo.page.addInitScript((name) => {
    window.showDirectoryPicker = () =>
      navigator.storage.getDirectory().then((root) => root.getDirectoryHandle(name, { create: true }));
  }, CHOSEN);
  // Once she says so, what she offers holds one file more, which her page never looked at.
  await mara.page.addInitScript(() => {
    const post = Worker.prototype.postMessage;
    Worker.prototype.postMessage = function (this: Worker, ...args: readonly [message: unknown, how?: unknown]): void {
      const { call } = args[0] as { readonly call?: { readonly source?: { readonly entries?: unknown } } };
      const entries = call?.source?.entries;
      if ('hostilePath' in window && Array.isArray(entries)) {
        entries.push({ path: window.hostilePath, file: new File(['not where it belongs'], 'hostile') });
      }
      Reflect.apply(post, this, args);
    };
  });
  await Promise.all([mara.page.reload(), jo.page.reload()]);
  await Promise.all([mara.join(pool), jo.join(pool)]);
  await mara.sees('Jo');
  return [mara, jo];
}

async function unpacks(person: Person, folder: string): Promise<void> {
  await person.offer(folder).getByRole('button', { name: 'Save to folder…' }).click();
}

/** Copies what is in the person's own storage under `name` to a new folder at `path`. */
async function copyOut(person: Person, name: string, path: string): Promise<void> {
  const found = await person.page.evaluate(async (top) => {
    const found: { readonly path: string; readonly bytes?: Uint8Array }[] = [];
    const visit = async (folder: FileSystemDirectoryHandle, prefix: string): Promise<void> => {
      found.push({ path: prefix });
      for await (const [each, handle] of folder.entries()) {
        if (handle.kind === 'directory') await visit(handle, `${prefix}/${each}`);
        else
          found.push({
            path: `${prefix}/${each}`,
            bytes: new Uint8Array(await (await handle.getFile()).arrayBuffer()),
          });
      }
    };
    const root = await navigator.storage.getDirectory();
    await visit(await root.getDirectoryHandle(top), '');
    return found;
  }, name);
  for (const { path: inside, bytes } of found) {
    if (bytes === undefined) await mkdir(join(path, inside));
    else await writeFile(join(path, inside), bytes);
  }
}

test(
  'a received folder is unpacked into a folder of the device, to the last empty folder, under a name that nothing there has',
  async () => {
    const [mara, jo] = await pair();
    const path = await world.place('holiday');
    await makeTree(path, FILES);
    await mara.drop(path);
    await mara.sendReviewed();
    await jo.accept('holiday');
    await jo.isVerified('holiday');
    const names = ['holiday', 'holiday (2)'];
    for (const count of names.keys()) {
      await unpacks(jo, 'holiday');
      await jo.page.waitForFunction(
        async ([chosen, folders]) => {
          const root = await navigator.storage.getDirectory();
          const folder = await root.getDirectoryHandle(chosen).catch(() => undefined);
          const there: string[] = [];
          for await (const name of folder?.keys() ?? []) there.push(name);
          return there.length === folders;
        },
        [CHOSEN, count + 1] as const,
      );
      await jo.offer('holiday').getByText(`Saved in “${CHOSEN}”.`).waitFor();
    }
    const unpacked = await world.place(CHOSEN);
    await copyOut(jo, CHOSEN, unpacked);
    for (const name of names) expect(await difference(path, join(unpacked, name))).toBe('');
  },
  LIMIT_MS,
);

test(
  'a folder with a hostile name in it is refused, saying which and why, and nothing of it is left anywhere',
  async () => {
    const [mara, jo] = await pair();
    const hostile = [
      ['../escaped.txt', '".." would lead out of the folder.'],
      ['..\\escaped.txt', 'the path has a backslash in it.'],
      ['con.txt', 'Windows reserves the name "con.txt".'],
    ] as const;
    for (const [at, [path, why]] of hostile.entries()) {
      const name = `shells ${at}`;
      const folder = await world.place(name);
      await mkdir(folder);
      await writeFile(join(folder, 'a shell.txt'), 'a shell');
      await mara.page.evaluate((hostilePath) => Object.assign(window, { hostilePath }), path);
      await mara.drop(folder);
      await mara.sendReviewed();
      await jo.accept(name);
      await jo.isVerified(name);
      await unpacks(jo, name);
      await jo.page
        .getByText(
          `Could not save “${name}” there: refused "${name}/${path}": ${why} It can still be saved as an archive.`,
        )
        .waitFor();
    }
    const left = await jo.page.evaluate(async (chosen) => {
      const names: string[] = [];
      const root = await navigator.storage.getDirectory();
      for await (const name of (await root.getDirectoryHandle(chosen)).keys()) names.push(name);
      for await (const name of root.keys()) if (name.includes('escaped')) names.push(name);
      return names;
    }, CHOSEN);
    expect(left).toEqual([]);
  },
  LIMIT_MS,
);

test(
  'a name that others cannot have is said before it is sent, and all the rest of the folder goes',
  async () => {
    const [mara, jo] = await pair();
    const path = await world.place('shells');
    await mkdir(path);
    await writeFile(join(path, 'a shell.txt'), 'a shell');
    await writeFile(join(path, 'con.txt'), 'not a console');
    // A browser's handles hide such files, as they hide the others.
    await writeFile(join(path, 'a copy.txt~'), 'the shell it was');
    await mara.drop(path);
    await mara.review.getByText('1 thing cannot be sent').click();
    await mara.review.getByText('"con.txt": Windows reserves the name "con.txt".').waitFor();
    await mara.sendReviewed();
    await jo.accept('shells');
    await jo.isVerified('shells');
    await rm(join(path, 'con.txt'));
    const unpacked = await world.place('unpacked');
    await untar(await (await jo.save('shells', 'Save .tar')).path(), unpacked);
    expect(await difference(path, join(unpacked, 'shells'))).toBe('');
  },
  LIMIT_MS,
);
