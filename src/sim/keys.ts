// Keys of a simulated world: what stands for a signature is a hash over a secret that only the world knows, so that thousands
// of simulated links cost no curve arithmetic. Public keys are real points, because those are checked on the spot.
import { deviceIdOf, isAgreeKey, isSignKey } from '../keys/identity.ts';
import { joined, equalBytes, toHex } from '../wire/bytes.ts';
import { KEY_BYTES } from '../wire/entry.ts';
import type { KeyOp, KeyResult, OwnKeys } from '../pool/ports.ts';
import type { Random } from './random.ts';

export class SimKeyring {
  readonly #sha256: (bytes: Uint8Array) => Uint8Array;
  /** By signing key, in hex. */
  readonly #secrets = new Map<string, Uint8Array>();

  constructor(sha256: (bytes: Uint8Array) => Uint8Array) {
    this.#sha256 = sha256;
  }

  /** A new device. */
  add(random: Random): OwnKeys {
    const signKey = draw(random, isSignKey);
    this.#secrets.set(toHex(signKey), random.bytes(KEY_BYTES));
    return { id: deviceIdOf(signKey), signKey, agreeKey: draw(random, isAgreeKey) };
  }

  /** Does what a driver does with src/keys, for the device that has `signKey`. */
  perform(signKey: Uint8Array, op: KeyOp): KeyResult {
    if (op.op === 'sign') return { op: 'sign', signature: this.#signature(signKey, op) };
    return { op: 'verify', holds: equalBytes(this.#signature(op.key, op), op.signature) };
  }

  /** 64 bytes. */
  #signature(signKey: Uint8Array, { label, bytes }: Pick<KeyOp, 'label' | 'bytes'>): Uint8Array {
    const secret = this.#secrets.get(toHex(signKey)) ?? new Uint8Array(0);
    const half = this.#sha256(joined(secret, new TextEncoder().encode(`${label}\0`), bytes));
    return joined(half, half);
  }
}

/** Half of all 32 bytes are no point. */
function draw(random: Random, fits: (bytes: Uint8Array) => boolean): Uint8Array {
  let bytes = random.bytes(KEY_BYTES);
  while (!fits(bytes)) bytes = random.bytes(KEY_BYTES);
  return bytes;
}
