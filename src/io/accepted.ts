// Which files a device has said yes to and does not have yet: when their offer comes back after a restart or a reload, or with its
// device, nobody is asked again. Where they are kept is the caller's.
import type { OfferView } from '../pool/views.ts';

export interface AcceptedFile {
  readonly pool: string;
  /** The device that offered it. */
  readonly from: string;
  readonly name: string;
  readonly bytes: number;
  readonly folder: boolean;
}

/** Files remembered; the oldest go first. Four full offers. */
export const ACCEPTED_MAX = 2000;

export class AcceptedFiles {
  readonly #keep: (files: readonly AcceptedFile[]) => void;
  #files: readonly AcceptedFile[];

  /** `files`: what an earlier life of this program kept; `keep` is told of every change. */
  constructor(files: readonly AcceptedFile[], keep: (files: readonly AcceptedFile[]) => void) {
    this.#files = files;
    this.#keep = keep;
  }

  /** These files (by number; all if not said) of an offer are wanted. */
  add(pool: string, offer: OfferView, numbers?: readonly number[]): void {
    const wanted = offer.files.filter((file) => numbers === undefined || numbers.includes(file.number));
    const files = wanted.map((file) => facts(pool, offer.from, file));
    const others = this.#files.filter((known) => !files.some((file) => same(known, file)));
    this.#set([...others, ...files].slice(-ACCEPTED_MAX));
  }

  /** It is here, or not wanted any more. */
  remove(pool: string, from: string, file: Facts): void {
    const gone = facts(pool, from, file);
    if (this.#files.some((known) => same(known, gone))) this.#set(this.#files.filter((known) => !same(known, gone)));
  }

  /** Numbers of the files of `offer` that were said yes to. */
  wanted(pool: string, offer: OfferView): readonly number[] {
    const isWanted = (file: Facts): boolean => this.#files.some((known) => same(known, facts(pool, offer.from, file)));
    return offer.files.filter(isWanted).map((file) => file.number);
  }

  #set(files: readonly AcceptedFile[]): void {
    this.#files = files;
    this.#keep(files);
  }
}

interface Facts {
  readonly name: string;
  readonly bytes: number;
  readonly folder?: unknown;
}

function facts(pool: string, from: string, { name, bytes, folder }: Facts): AcceptedFile {
  return { pool, from, name, bytes, folder: folder !== undefined };
}

function same(one: AcceptedFile, other: AcceptedFile): boolean {
  return (
    one.name === other.name &&
    one.bytes === other.bytes &&
    one.from === other.from &&
    one.folder === other.folder &&
    one.pool === other.pool
  );
}

/** What was kept as text. Empty for anything else than what `keep` was given. */
export function readAccepted(text: string): readonly AcceptedFile[] {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value.filter(isAccepted).slice(-ACCEPTED_MAX) : [];
  } catch {
    return [];
  }
}

function isAccepted(value: unknown): value is AcceptedFile {
  if (typeof value !== 'object' || value === null) return false;
  if (!('pool' in value && 'from' in value && 'name' in value && 'bytes' in value && 'folder' in value)) return false;
  const texts = [value.pool, value.from, value.name].every((each) => typeof each === 'string');
  return texts && typeof value.bytes === 'number' && typeof value.folder === 'boolean';
}
