// Files that a window has and cannot name a path of: what was pasted, or dropped where the window does not tell paths. Each is
// streamed to a folder of its own below one folder of the data directory, under its own name made safe.
import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { safeFileName } from '../src/io/file-name.ts';
import { failure } from '../src/io/final-name.ts';
import { HostError } from '../src/remote/host-face.ts';

/** What nobody offers any more is kept for so long, ms: it can be offered again until then. */
const KEPT_MS = 7 * 24 * 60 * 60 * 1000;

/** Nobody else's business. */
const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;

/** Of a folder's name; never twice. */
const ID_BYTES = 12;
const ID = /^[\w-]{16}$/u;

export class Uploads {
  readonly #folder: string;

  /** `folder` is made when something comes. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Writes the body of `request` to a file called `name`, made safe, as it comes. Rejects with `store-failed`, and leaves nothing,
   * if it is cut short or the disk refuses it.
   */
  async take(request: IncomingMessage, name: string): Promise<{ readonly path: string }> {
    const own = join(this.#folder, randomBytes(ID_BYTES).toString('base64url'));
    const path = join(own, safeFileName(name));
    try {
      await mkdir(own, { recursive: true, mode: FOLDER_MODE });
      await pipeline(request, createWriteStream(path, { flags: 'wx', mode: FILE_MODE }));
      return { path };
    } catch (error) {
      await rm(own, { recursive: true, force: true });
      const { code } = failure('store-failed', '', error);
      const why = code === 'no-space' ? 'the disk is full' : 'it did not arrive whole';
      throw new HostError('store-failed', `${safeFileName(name)} was not taken: ${why}.`, { cause: error });
    }
  }

  /** Removes what came more than a week ago and is not among `kept` (paths that `take` resolved to). */
  async sweep(kept: ReadonlySet<string>): Promise<void> {
    const ids = (await readdir(this.#folder).catch(() => [])).filter((name) => ID.test(name));
    for (const own of ids.map((id) => join(this.#folder, id))) {
      const facts = await stat(own).catch(() => undefined);
      if (facts === undefined || Date.now() - facts.mtimeMs < KEPT_MS) continue;
      const names = await readdir(own).catch(() => []);
      if (names.some((name) => kept.has(join(own, name)))) continue;
      // What cannot be removed now is swept another time.
      await rm(own, { recursive: true, force: true }).catch(() => undefined);
    }
  }
}
