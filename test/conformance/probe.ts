// What runs at one end of a transport under test, in this process or in a page: it drives the transport, checks every
// datagram where it arrives, and counts what the contract forbids. Knows no platform; places.ts puts it somewhere.
import type { PathKind, Signal, Transport, TransportFactory } from '../../src/io/transport.ts';

export interface ProbeOptions {
  readonly initiator: boolean;
}

/** What an end has seen so far; plain data, so that it crosses from a page into the test. */
export interface Sightings {
  readonly opens: number;
  readonly path: PathKind | null;
  readonly closes: number;
  readonly reason: string | null;
  /** Handler calls the contract forbids, by what was wrong with them. */
  readonly violations: readonly string[];
  /** Datagrams that arrived whole, by their length. */
  readonly whole: Readonly<Record<number, number>>;
  readonly corrupt: number;
  /** Different numbers seen among numbered datagrams, and how many came twice. */
  readonly numbers: number;
  readonly repeats: number;
}

/** Junk around a datagram within its buffer, so that a transport which overlooks a view's offset is found out. */
const MARGIN_BYTES = 5;

export class TransportProbe {
  readonly #transport: Transport;
  readonly #emit: (signal: Signal) => void;
  /** Calls into the transport that have not returned: no handler may run meanwhile. */
  #inside = 0;
  #opens = 0;
  #path: PathKind | null = null;
  #closes = 0;
  #reason: string | null = null;
  readonly #violations: string[] = [];
  readonly #whole: Record<number, number> = {};
  #corrupt = 0;
  readonly #numbers = new Set<number>();
  #repeats = 0;
  readonly #waiting = new Set<() => void>();

  constructor(factory: TransportFactory, options: ProbeOptions, emit: (signal: Signal) => void) {
    this.#emit = emit;
    this.#inside += 1;
    this.#transport = factory(
      { initiator: options.initiator, iceServers: [] },
      {
        onSignal: (signal) => this.#handled('onSignal', () => this.#emit(signal)),
        onOpen: (path) => this.#handled('onOpen', () => this.#opened(path)),
        onDatagram: (datagram) => this.#handled('onDatagram', () => this.#received(datagram)),
        onClosed: (reason) => this.#handled('onClosed', () => this.#closed(reason)),
      },
    );
    this.#inside -= 1;
  }

  signal(signal: Signal): void {
    this.#drive(() => this.#transport.signal(signal));
  }

  /** Sends one datagram of `bytes`, from the middle of a buffer that is overwritten as soon as the call returns. */
  send(bytes: number, number: number = 0): boolean {
    const buffer = new Uint8Array(bytes + 2 * MARGIN_BYTES).fill(0xee);
    const view = buffer.subarray(MARGIN_BYTES, MARGIN_BYTES + bytes);
    fill(view, number);
    const sent = this.#drive(() => this.#transport.send(view));
    buffer.fill(0x11);
    return sent;
  }

  /** Sends datagrams numbered 1 to `count`, all in one go; says how many the transport took. */
  burst(count: number, bytes: number): number {
    let taken = 0;
    for (let number = 1; number <= count; number += 1) if (this.send(bytes, number)) taken += 1;
    return taken;
  }

  bufferedBytes(): number {
    return this.#transport.bufferedBytes();
  }

  close(): void {
    this.#drive(() => this.#transport.close());
  }

  sightings(): Sightings {
    return {
      opens: this.#opens,
      path: this.#path,
      closes: this.#closes,
      reason: this.#reason,
      violations: [...this.#violations],
      whole: { ...this.#whole },
      corrupt: this.#corrupt,
      numbers: this.#numbers.size,
      repeats: this.#repeats,
    };
  }

  /** True once it is open; false if it is not within `ms`. */
  awaitOpen(ms: number): Promise<boolean> {
    return this.#until(() => this.#opens > 0, ms);
  }

  awaitClosed(ms: number): Promise<boolean> {
    return this.#until(() => this.#closes > 0, ms);
  }

  /** True once a datagram of `bytes` has arrived whole. */
  awaitWhole(bytes: number, ms: number): Promise<boolean> {
    return this.#until(() => (this.#whole[bytes] ?? 0) > 0, ms);
  }

  /** Resolves when nothing has arrived for `ms`. */
  async awaitQuiet(ms: number): Promise<void> {
    let before = -1;
    const seen = (): number => Object.values(this.#whole).reduce((sum, count) => sum + count, this.#corrupt);
    while (before !== seen()) {
      before = seen();
      await new Promise((resolve) => setTimeout(resolve, ms));
    }
  }

  #drive<T>(call: () => T): T {
    this.#inside += 1;
    try {
      return call();
    } finally {
      this.#inside -= 1;
    }
  }

  #handled(name: string, handler: () => void): void {
    if (this.#inside > 0) this.#violations.push(`${name} inside a call`);
    if (this.#closes > 0) this.#violations.push(`${name} after onClosed`);
    handler();
    for (const wake of this.#waiting) wake();
  }

  #opened(path: PathKind): void {
    this.#opens += 1;
    this.#path = path;
    if (this.#opens > 1) this.#violations.push('onOpen twice');
  }

  #closed(reason: string): void {
    this.#closes += 1;
    this.#reason = reason;
  }

  #received(datagram: Uint8Array): void {
    if (this.#opens === 0) this.#violations.push('onDatagram before onOpen');
    // A subclass such as Node's Buffer would pass for a Uint8Array and then share memory on `slice`.
    if (Object.getPrototypeOf(datagram) !== Uint8Array.prototype) this.#violations.push('no plain Uint8Array');
    const bytes = datagram.byteLength;
    const number = bytes >= 4 ? new DataView(datagram.buffer, datagram.byteOffset).getUint32(0) : 0;
    const expected = new Uint8Array(bytes);
    fill(expected, number);
    if (!expected.every((byte, index) => byte === datagram[index])) {
      this.#corrupt += 1;
      return;
    }
    this.#whole[bytes] = (this.#whole[bytes] ?? 0) + 1;
    if (number === 0) return;
    if (this.#numbers.has(number)) this.#repeats += 1;
    this.#numbers.add(number);
  }

  #until(done: () => boolean, ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (result: boolean): void => {
        clearTimeout(timer);
        this.#waiting.delete(check);
        resolve(result);
      };
      const check = (): void => {
        if (done()) settle(true);
      };
      const timer = setTimeout(() => settle(false), ms);
      this.#waiting.add(check);
      check();
    });
  }
}

/** `[number u32 BE][a byte per place that depends on place, number and length]`; below 4 bytes there is no number. */
function fill(view: Uint8Array, number: number): void {
  for (let place = 0; place < view.length; place += 1) {
    view[place] = (place * 31 + (place >> 8) + number * 7 + view.length) & 0xff;
  }
  if (view.length >= 4) new DataView(view.buffer, view.byteOffset).setUint32(0, number);
}
