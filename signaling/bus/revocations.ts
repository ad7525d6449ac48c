// Whose sessions were ended lately, at whichever node: a node that was cut off meanwhile is told once its link is up again.
import type { Subject } from '../hub-ports.ts';

export interface Revocation {
  readonly subject: Subject;
  /** When, by the clock that all nodes keep together (stamps.ts). */
  readonly stamp: number;
}

/** Older ones are not said again, ms. */
export const REVOCATIONS_MS = 3_600_000;
/** The newest of them are kept. Each has some 200 bytes. */
export const REVOCATIONS_MAX = 1_000;
/** A join that was admitted before may come to its pool this much later, ms: longer than hooks are usually asked for. */
const ADMITTED_MS = 5_000;

export class Revocations {
  /** In the order in which they became known. */
  readonly #known = new Map<string, Revocation>();

  /** False: this one is known, and was done. */
  note(revocation: Revocation): boolean {
    const key = JSON.stringify([revocation.stamp, revocation.subject]);
    if (this.#known.has(key)) return false;
    this.#known.set(key, revocation);
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= REVOCATIONS_MAX) break;
      this.#known.delete(oldest);
    }
    return true;
  }

  /** Those to say to a node that may have missed them, at `atMs` of the common clock. */
  since(atMs: number): Revocation[] {
    return [...this.#known.values()].filter(({ stamp }) => stamp > atMs - REVOCATIONS_MS);
  }
}

/** The last join that a revocation of `stamp` means where it is heard late: who joined after it was let in knowing of it. */
export const lastMeant = (stamp: number): number => stamp + ADMITTED_MS;
