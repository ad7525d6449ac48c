// Checking passphrases without being brought down by it: each takes 32 MiB and a thread, so only a few run at once, and one that
// was right a while ago is known by a keyed hash, for everybody comes back after a restart of a network.
import { createHmac, randomBytes } from 'node:crypto';
import { hashPassphrase, isPassphrase } from '../store/secrets.ts';
import { ApiError } from './api-error.ts';

/** Node has four threads for this and for files. */
const RUNNING_MAX = 2;
/** What waits for them: two to three seconds. */
const WAITING_MAX = 20;
const KNOWN_MAX = 10_000;
const RETRY_SECONDS = 3;

export class Passphrases {
  readonly #key = randomBytes(32);
  readonly #known = new Set<string>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  /** Rejects with `busy`. */
  hash(passphrase: string): Promise<string> {
    return this.#inTurn(() => hashPassphrase(passphrase));
  }

  /** `toll`: called before the dear look at one that is not known yet; may throw. Rejects with `busy`. */
  async isRight(passphrase: string, hash: string, toll: () => void): Promise<boolean> {
    // The hash carries a salt of its own, and another once the passphrase was changed.
    const name = createHmac('sha256', this.#key).update(`${hash}\0${passphrase}`).digest('base64url');
    if (this.#known.has(name)) return true;
    toll();
    const right = await this.#inTurn(() => isPassphrase(passphrase, hash));
    if (right) this.#known.add(name);
    const [oldest] = this.#known;
    if (this.#known.size > KNOWN_MAX && oldest !== undefined) this.#known.delete(oldest);
    return right;
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= RUNNING_MAX) {
      if (this.#waiting.length >= WAITING_MAX) throw new ApiError('busy', undefined, RETRY_SECONDS);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#running += 1;
    try {
      return await work();
    } finally {
      this.#running -= 1;
      this.#waiting.shift()?.();
    }
  }
}
