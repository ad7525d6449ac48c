// What the person has set, in one file. Only what differs from the defaults is in it, so that those may change.
import { mkdir } from 'node:fs/promises';
import { isAbsolute, join, resolve } from 'node:path';
import { z } from 'zod';
import { parsePoolCode } from '../src/wire/pool-code.ts';
import { HostError, type HostSettings } from '../src/remote/host-face.ts';
import { LastingJson } from './lasting-json.ts';
import { requireNotReceived } from './watch.ts';

/** Pools with a folder that is watched: more than anybody is in. */
const WATCHED_MAX = 256;
const PATH_LETTERS_MAX = 4096;

const path = z
  .string()
  .max(PATH_LETTERS_MAX)
  .refine((text) => isAbsolute(text) && !text.includes('\0'))
  .transform((text) => resolve(text));
const watched = z
  .record(
    z.string().refine((code) => parsePoolCode(code) === code),
    path,
  )
  .refine((folders) => Object.keys(folders).length <= WATCHED_MAX);
const CHANGES = z.strictObject({ into: path, watched, background: z.boolean() }).partial();
/** What cannot be read of a file counts as not set: the rest of it still holds. */
const KEPT = z.object({
  into: path.optional().catch(undefined),
  watched: watched.optional().catch(undefined),
  background: z.boolean().optional().catch(undefined),
});

export class Settings {
  readonly #file: LastingJson;
  readonly #defaults: HostSettings;
  #set: Partial<HostSettings>;

  private constructor(file: LastingJson, defaults: HostSettings, set: Partial<HostSettings>) {
    this.#file = file;
    this.#defaults = defaults;
    this.#set = set;
  }

  /** `into`: where files go as long as nobody has said. Rejects with the file system's error. */
  static async open(data: string, into: string): Promise<Settings> {
    const file = new LastingJson(join(data, 'settings.json'), 'The settings');
    const kept = KEPT.safeParse(await file.read());
    return new Settings(file, { into, watched: {}, background: false }, kept.success ? given(kept.data) : {});
  }

  get now(): HostSettings {
    return { ...this.#defaults, ...this.#set };
  }

  /** Rejects with `refused` on what cannot be set, with `store-failed` if it cannot be kept; nothing has changed then. */
  async change(settings: Partial<HostSettings>): Promise<void> {
    const read = CHANGES.safeParse(settings);
    if (!read.success) throw new HostError('refused', 'These settings cannot be used.', { cause: read.error });
    const changes = given(read.data);
    if (changes.into !== undefined) await requireFolder(changes.into);
    const before = this.#set;
    const { into, watched: folders } = { ...this.now, ...changes };
    for (const folder of Object.values(folders)) await requireNotReceived(folder, into);
    this.#set = { ...before, ...changes };
    try {
      await this.#file.write(this.#set);
    } catch (error) {
      this.#set = before;
      throw new HostError('store-failed', 'The settings could not be kept.', { cause: error });
    }
  }
}

async function requireFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    throw new HostError('refused', `${folder} cannot be used as a folder.`, { cause: error });
  }
}

/** Without what is undefined: it would hide a default. */
function given({ into, watched: folders, background }: z.infer<typeof KEPT>): Partial<HostSettings> {
  return {
    ...(into !== undefined && { into }),
    ...(folders !== undefined && { watched: folders }),
    ...(background !== undefined && { background }),
  };
}
