// What `send --stay` offers again at its next start: one small file an offer, replaced and removed whole, so that neither a
// kill nor two commands at once leave half of one. Each pool of each server has its own: what was meant for one stays there.
// Beside them, a lock for what is being offered: of the commands that run, one offers it.
import { createHash, randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { access, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { Slices } from './file-calls.ts';
import { codeOf, failure } from './final-name.ts';
import { STORED_OFFERS_MAX, type StoredOffer, type StoredOffers } from './history.ts';
import { lockPart, unlockPart, type PartPaths } from './store-kept.ts';
import { lookAtTree } from './tree-source.ts';

/** Nobody else's business. */
const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;
const SUFFIX = '.json';
const LOCK_SUFFIX = '.lock';
/** Hex digits of names here: no two offers or pools of one person ever meet. */
const NAME_DIGITS = 32;

/** `handle` is the whole path. */
export type PathOffer = Required<Omit<StoredOffer<string>, 'to' | 'entry'>> & Pick<StoredOffer<string>, 'entry'>;

export class OfferFiles implements StoredOffers<string> {
  readonly #folder: string;

  /** `dataFolder` is made when there is something to store. */
  constructor(dataFolder: string, { server, pool }: { readonly server: string; readonly pool: string }) {
    this.#folder = join(dataFolder, 'offers', nameFor(`${server} ${pool}`));
  }

  async put(offer: StoredOffer<string>): Promise<void> {
    const path = this.#pathOf(offer.id);
    const temporary = `${path}.${randomBytes(6).toString('hex')}`;
    try {
      await mkdir(this.#folder, { recursive: true, mode: FOLDER_MODE });
      await writeFile(temporary, JSON.stringify(offer), { mode: FILE_MODE });
      await rename(temporary, path);
      const tooMany = (await this.list()).slice(STORED_OFFERS_MAX);
      await this.remove(tooMany.map(({ id }) => id));
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => undefined);
      throw failure('store-failed', 'What is offered cannot be stored', error);
    }
  }

  async list(): Promise<PathOffer[]> {
    try {
      const names = (await readdir(this.#folder)).filter((name) => name.endsWith(SUFFIX));
      const texts = await Promise.all(names.map((name) => readFile(join(this.#folder, name), 'utf8').catch(() => '')));
      return texts.flatMap((text) => parseOffer(text) ?? []).toSorted((a, b) => b.atMs - a.atMs);
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return [];
      throw failure('store-failed', 'What was offered cannot be read', error);
    }
  }

  async remove(ids: readonly string[]): Promise<void> {
    try {
      await Promise.all(ids.map((id) => rm(this.#pathOf(id), { force: true })));
    } catch (error) {
      throw failure('store-failed', 'What was offered cannot be removed', error);
    }
  }

  /** Removes the record of `offer`, unless something else has been offered from there since. */
  async drop(offer: PathOffer): Promise<void> {
    const record = parseOffer(await readFile(this.#pathOf(offer.id), 'utf8').catch(() => ''));
    if (record !== undefined && isSame(record, offer)) await this.remove([offer.id]);
  }

  /**
   * Makes this process the one that offers what lay there when `offer` was made, until `release`. False if one that is
   * running, be it this one, does already. What has changed since is something else.
   */
  async claim(offer: PathOffer): Promise<boolean> {
    try {
      await mkdir(this.#folder, { recursive: true, mode: FOLDER_MODE });
      return await lockPart(this.#lockOf(offer));
    } catch (error) {
      throw failure('store-failed', 'What is offered cannot be claimed', error);
    }
  }

  async release(offer: PathOffer): Promise<void> {
    // A lock that stays holds nobody up once this process has ended.
    await unlockPart(this.#lockOf(offer)).catch(() => undefined);
  }

  /** Removes the locks that processes left behind when they were killed; what cannot be removed stays for another time. */
  async sweep(): Promise<void> {
    const names = await readdir(this.#folder).catch(() => []);
    for (const name of names.filter((each) => each.endsWith(LOCK_SUFFIX))) {
      const lock = asPart(join(this.#folder, name));
      if (await lockPart(lock).catch(() => false)) await unlockPart(lock).catch(() => undefined);
    }
  }

  #lockOf({ id, bytes, modifiedMs }: PathOffer): PartPaths {
    return asPart(join(this.#folder, nameFor(`${id} ${bytes} ${modifiedMs}`) + LOCK_SUFFIX));
  }

  #pathOf(id: string): string {
    return join(this.#folder, nameFor(id) + SUFFIX);
  }
}

/** A lock that is all there is of a part. */
const asPart = (lock: string): PartPaths => ({ part: lock, have: lock, lock, tree: lock });

type Version = Pick<PathOffer, 'bytes' | 'modifiedMs'>;
const isSame = (one: Version, other: Version): boolean =>
  one.bytes === other.bytes && one.modifiedMs === other.modifiedMs;

/** The record of what lies at `path` now. Rejects with the file system's error. */
export async function offerOfPath(path: string, atMs: number): Promise<PathOffer> {
  const handle = resolve(path);
  return { id: handle, name: basename(handle), handle, ...(await lookAt(handle)), atMs };
}

/** Whether what was offered is still what it was. */
export async function recheck(offer: PathOffer): Promise<'unchanged' | 'changed' | 'gone'> {
  try {
    return isSame(offer, await lookAt(offer.handle)) ? 'unchanged' : 'changed';
  } catch {
    return 'gone';
  }
}

/** Of a folder: the bytes of all files in it and the latest time of anything, so that no change within goes unseen. */
async function lookAt(path: string): Promise<Version> {
  const facts = await stat(path);
  // What may not be read any more is as good as gone.
  await access(path, constants.R_OK);
  if (!facts.isDirectory()) return { bytes: facts.size, modifiedMs: facts.mtimeMs };
  const { contentBytes: bytes, modifiedMs } = await lookAtTree(path, basename(path), new Slices());
  return { bytes, modifiedMs: Math.max(facts.mtimeMs, modifiedMs) };
}

function parseOffer(text: string): PathOffer | undefined {
  try {
    const { id, name, handle, bytes, modifiedMs, atMs, entry }: Partial<Record<string, unknown>> = JSON.parse(text);
    if (typeof id !== 'string' || typeof name !== 'string' || typeof handle !== 'string') return undefined;
    if (typeof bytes !== 'number' || typeof modifiedMs !== 'number' || typeof atMs !== 'number') return undefined;
    const offer = { id, name, handle, bytes, modifiedMs, atMs };
    return typeof entry === 'string' ? { ...offer, entry } : offer;
  } catch {
    return undefined; // Not one of ours.
  }
}

const nameFor = (id: string): string => createHash('sha256').update(id).digest('hex').slice(0, NAME_DIGITS);
