// Two bindings joined by a path that loses, delays, repeats and overtakes, under a virtual clock, and whoever sits on it.
// Signatures are the simulator's unless a test brings real ones.
import { createHash } from 'node:crypto';
import { Binding, type BindingOutput, type BindingSetup } from '../../src/pool/binding.ts';
import type { KeyOp, KeyResult, OwnKeys } from '../../src/pool/ports.ts';
import { SimKeyring } from '../../src/sim/keys.ts';
import { Random } from '../../src/sim/random.ts';

export const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest());

/** Above what binding ever waits for. */
export const LIMIT_MS = 12_000;

export interface Shape {
  readonly lossRatio: number;
  readonly repeatRatio: number;
  /** Under way at most this long, ms, each datagram by itself. */
  readonly delayMsMax: number;
  /** What a signature or a check takes at most, ms. */
  readonly keyMsMax: number;
  /** Between the two ends' beginnings at most, ms. */
  readonly apartMsMax: number;
}

export interface Crew {
  readonly keyring: SimKeyring;
  readonly initiator: OwnKeys;
  readonly acceptor: OwnKeys;
}

export function crewOf(seed: number): Crew {
  const random = new Random(seed);
  const keyring = new SimKeyring(sha256);
  const [a, b] = [keyring.add(random), keyring.add(random)];
  return a.id < b.id ? { keyring, initiator: a, acceptor: b } : { keyring, initiator: b, acceptor: a };
}

export const FINGERPRINTS: Readonly<Record<'initiator' | 'acceptor', Uint8Array>> = {
  initiator: new Uint8Array(32).fill(1),
  acceptor: new Uint8Array(32).fill(2),
};

export class End {
  binding: Binding | undefined;
  readonly setup: BindingSetup;
  readonly outputs: BindingOutput[] = [];
  readonly sent: Uint8Array[] = [];
  /** Each datagram that arrives; what is returned arrives instead. */
  meddle: (bytes: Uint8Array) => Uint8Array[] = (bytes) => [bytes];
  perform: (op: KeyOp) => KeyResult;

  constructor(setup: BindingSetup, perform: (op: KeyOp) => KeyResult) {
    this.setup = setup;
    this.perform = perform;
  }

  get bound(): Extract<BindingOutput, { kind: 'bound' }>[] {
    return this.outputs.flatMap((output) => (output.kind === 'bound' ? [output] : []));
  }

  get failed(): string[] {
    return this.outputs.flatMap((output) => (output.kind === 'failed' ? [output.code] : []));
  }
}

export class BindingPair {
  now = 0;
  readonly initiator: End;
  readonly acceptor: End;
  readonly #random: Random;
  readonly #shape: Shape;
  readonly #queue: { readonly atMs: number; readonly order: number; readonly run: () => void }[] = [];
  #order = 0;

  constructor(
    seed: number,
    options: {
      readonly crew?: Crew;
      readonly shape?: Partial<Shape>;
      readonly initiator?: Partial<BindingSetup>;
      readonly acceptor?: Partial<BindingSetup>;
    } = {},
  ) {
    this.#random = new Random(seed);
    this.#shape = { lossRatio: 0, repeatRatio: 0, delayMsMax: 20, keyMsMax: 2, apartMsMax: 0, ...options.shape };
    const crew = options.crew ?? crewOf(seed);
    const end = (role: 'initiator' | 'acceptor'): End => {
      const other = role === 'initiator' ? 'acceptor' : 'initiator';
      const setup: BindingSetup = {
        role,
        pool: 'reef',
        self: crew[role],
        peer: crew[other].id,
        fingerprints: { own: FINGERPRINTS[role], theirs: FINGERPRINTS[other] },
        share: this.#random.bytes(32),
        resendMs: 200,
        ...options[role],
      };
      return new End(setup, (op) => crew.keyring.perform(setup.self.signKey, op));
    };
    this.initiator = end('initiator');
    this.acceptor = end('acceptor');
    for (const one of this.ends) {
      this.#later(this.#random.between(0, this.#shape.apartMsMax), () => {
        one.binding = new Binding(this.now, one.setup);
        this.#drain(one);
      });
    }
  }

  get ends(): readonly [End, End] {
    return [this.initiator, this.acceptor];
  }

  /** Until nothing more happens, or `LIMIT_MS` have passed. */
  run(untilMs: number = LIMIT_MS): void {
    for (;;) {
      this.#queue.sort((a, b) => a.atMs - b.atMs || a.order - b.order);
      const eventMs = this.#queue[0]?.atMs ?? Infinity;
      const timerMs = Math.min(...this.ends.map(({ binding }) => binding?.nextTimeout() ?? Infinity));
      const nextMs = Math.min(eventMs, timerMs);
      if (nextMs > untilMs) return;
      this.now = Math.max(this.now, nextMs);
      if (eventMs <= timerMs) this.#queue.shift()?.run();
      else
        for (const end of this.ends) {
          end.binding?.handle(this.now, { kind: 'timeout' });
          this.#drain(end);
        }
    }
  }

  /** As if `bytes` had come to `end` over its transport. */
  deliver(end: End, bytes: Uint8Array): void {
    end.binding?.handle(this.now, { kind: 'datagram', bytes });
    this.#drain(end);
  }

  #drain(end: End): void {
    for (let output = end.binding?.poll(); output !== undefined; output = end.binding?.poll()) {
      end.outputs.push(output);
      if (output.kind === 'datagram') this.#carry(end, output.bytes);
      if (output.kind === 'key') {
        const { op } = output;
        this.#later(this.#random.between(0, this.#shape.keyMsMax), () => {
          end.binding?.handle(this.now, { kind: 'key-done', result: end.perform(op) });
          this.#drain(end);
        });
      }
    }
  }

  #carry(from: End, bytes: Uint8Array): void {
    const to = from === this.initiator ? this.acceptor : this.initiator;
    const { lossRatio, repeatRatio, delayMsMax } = this.#shape;
    from.sent.push(bytes);
    for (let copies = this.#random.chance(repeatRatio) ? 2 : 1; copies > 0; copies--) {
      if (this.#random.chance(lossRatio)) continue;
      this.#later(this.#random.between(0, delayMsMax), () => {
        for (const arriving of to.meddle(bytes)) this.deliver(to, arriving);
      });
    }
  }

  #later(ms: number, run: () => void): void {
    this.#queue.push({ atMs: this.now + ms, order: this.#order++, run });
  }
}
