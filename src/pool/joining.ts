// Asking the server to be let into the pool: gets a ticket where one is needed, and signs what the server challenges with, for
// each connection anew.
import { LABELS } from '../keys/identity.ts';
import { PROTOCOL_VERSION } from '../wire/codes.ts';
import { cleanName, joinBytes } from '../wire/signaling.ts';
import type { KeyWork } from './key-work.ts';
import type { PoolInput, PoolOutput, PoolSetup } from './ports.ts';

export class Joining {
  readonly #setup: PoolSetup;
  readonly #keyWork: KeyWork;
  readonly #output: (output: PoolOutput) => void;
  #name: string;
  /** Of the present connection. */
  #nonce: Uint8Array | undefined;
  /** Of the present connection, where one is needed. The server reads it once: joining again under another name takes no other. */
  #ticket: string | undefined;

  constructor(setup: PoolSetup, keyWork: KeyWork, output: (output: PoolOutput) => void) {
    this.#setup = setup;
    this.#keyWork = keyWork;
    this.#output = output;
    this.#name = cleanName(setup.name) ?? setup.name;
  }

  /** What this device is called. */
  get name(): string {
    return this.#name;
  }

  challenged(nonce: Uint8Array): void {
    this.#nonce = nonce;
    if (this.#setup.ticketed === true) this.#output({ kind: 'ticket' });
    this.#join();
  }

  /** Who is in the pool joins it again under its new name, and has never been out of it. */
  handle(input: Extract<PoolInput, { kind: 'renamed' | 'ticket' }>): void {
    if (input.kind === 'renamed') this.#name = input.name;
    // Without one there is nothing to join with: the server closes the socket, and another is asked for with the next.
    else this.#ticket = input.ticket;
    this.#join();
  }

  #join(): void {
    const nonce = this.#nonce;
    const { pool, keys, device, ticketed = false } = this.#setup;
    const ticket = this.#ticket;
    if (nonce === undefined || (ticketed && ticket === undefined)) return;
    const name = this.#name;
    const bytes = joinBytes(nonce, { pool, name, device });
    this.#keyWork.ask({ op: 'sign', label: LABELS.join, bytes }, (result) => {
      // For a connection that is gone by now, or under a name that is, it is worth nothing.
      if (this.#nonce !== nonce || this.#name !== name || result.op !== 'sign') return;
      const { signKey } = keys;
      const { signature } = result;
      const join = { kind: 'join', version: PROTOCOL_VERSION, pool, name, device, signKey, signature } as const;
      this.#output({ kind: 'backhaul', message: ticket === undefined ? join : { ...join, ticket } });
    });
  }

  /** The connection is gone. */
  closed(): void {
    this.#nonce = undefined;
    this.#ticket = undefined;
  }
}
