// What sockets are challenged with: drawn for many at once, since a call of the generator takes longer than what it gives.
import { randomBytes } from 'node:crypto';
import { NONCE_BYTES } from '../src/wire/signaling.ts';

/** Drawn at once, 4 KiB in all. */
const DRAWN = 128;

export class Nonces {
  #drawn: Uint8Array = new Uint8Array(0);
  #at = 0;

  /** Never the same again. */
  next(): Uint8Array {
    if (this.#at === this.#drawn.length) {
      this.#drawn = randomBytes(DRAWN * NONCE_BYTES);
      this.#at = 0;
    }
    this.#at += NONCE_BYTES;
    return this.#drawn.subarray(this.#at - NONCE_BYTES, this.#at);
  }
}
