// Asking the server to be let into the pool: signs what it challenges with, for each connection anew.
import { LABELS } from '../keys/identity.ts';
import { PROTOCOL_VERSION } from '../wire/codes.ts';
import { cleanName, joinBytes } from '../wire/signaling.ts';
import type { KeyWork } from './key-work.ts';
import type { PoolOutput, PoolSetup } from './ports.ts';

export class Joining {
  readonly #setup: PoolSetup;
  readonly #keyWork: KeyWork;
  readonly #output: (output: PoolOutput) => void;
  /** Of the present connection. */
  #nonce: Uint8Array | undefined;

  constructor(setup: PoolSetup, keyWork: KeyWork, output: (output: PoolOutput) => void) {
    this.#setup = setup;
    this.#keyWork = keyWork;
    this.#output = output;
  }

  challenged(nonce: Uint8Array): void {
    const { pool, keys, device } = this.#setup;
    const name = cleanName(this.#setup.name) ?? this.#setup.name;
    this.#nonce = nonce;
    const bytes = joinBytes(nonce, { pool, name, device });
    this.#keyWork.ask({ op: 'sign', label: LABELS.join, bytes }, (result) => {
      // Of a connection that is gone by now it is worth nothing.
      if (this.#nonce !== nonce || result.op !== 'sign') return;
      const { signKey } = keys;
      const { signature } = result;
      const message = { kind: 'join', version: PROTOCOL_VERSION, pool, name, device, signKey, signature } as const;
      this.#output({ kind: 'backhaul', message });
    });
  }

  /** The connection is gone. */
  closed(): void {
    this.#nonce = undefined;
  }
}
