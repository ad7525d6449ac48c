// An association over a path, with everything that came out of it, and the plain windowed sender that the model is
// calibrated with.
import { VirtualClock } from '../../src/sim/clock.ts';
import { Duplex, type PathOptions } from '../../src/sim/network.ts';
import { Random } from '../../src/sim/random.ts';
import { Association, CHROMIUM, type AssociationOptions, type SctpProfile } from '../../src/sim/sctp.ts';

export interface Arrival {
  readonly atMs: number;
  readonly bytes: Uint8Array;
}

export class Channel {
  readonly clock: VirtualClock = new VirtualClock();
  readonly network: Duplex;
  readonly association: Association;
  readonly arrived: Arrival[] = [];
  readonly back: Arrival[] = [];

  constructor(path: Partial<PathOptions> = {}, options: Partial<AssociationOptions> = {}, seed = 1) {
    this.network = new Duplex(this.clock, new Random(seed), { toA: path, toB: path });
    this.association = new Association(
      this.clock,
      this.network,
      { profile: CHROMIUM, ...options },
      {
        toA: (bytes) => this.back.push({ atMs: this.clock.now, bytes }),
        toB: (bytes) => this.arrived.push({ atMs: this.clock.now, bytes }),
      },
    );
  }

  /** Sends `count` messages of `bytes`, numbered by their first four bytes. */
  send(count: number, bytes: number): void {
    for (let i = 0; i < count; i++) this.association.toB.send(numbered(i, bytes));
  }

  /** The numbers of the messages that arrived, in order. */
  get numbers(): number[] {
    return this.arrived.map(({ bytes }) => numberOf(bytes));
  }
}

export function numbered(number: number, length: number): Uint8Array {
  const bytes = new Uint8Array(Math.max(4, length)).fill(number);
  new DataView(bytes.buffer).setUint32(0, number);
  return bytes;
}

export function numberOf(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
}

const MESSAGE_BYTES = 1156;

interface WindowedOptions {
  readonly windowBytes?: number;
  readonly ms?: number;
  readonly seed?: number;
  readonly profile?: SctpProfile;
}

/**
 * Mbit/s that arrive over `lanes` associations on one path in `ms`, from senders that keep `windowBytes` in flight on
 * each, told of arrivals every 16 messages and never repeating any: what FACTS measured with browsers.
 */
export function windowedMbit(
  path: Partial<PathOptions>,
  lanes: number,
  { windowBytes = 400 * 1024, ms = 15_000, seed = 1, profile = CHROMIUM }: WindowedOptions = {},
): number {
  const clock = new VirtualClock();
  const network = new Duplex(clock, new Random(seed), { toA: path, toB: path });
  let bytes = 0;
  for (let lane = 0; lane < lanes; lane++) {
    let [sent, told, got, untold] = [0, 0, 0, 0];
    const fill = (): void => {
      while ((sent - told) * MESSAGE_BYTES < windowBytes) association.toB.send(numbered(++sent, MESSAGE_BYTES));
    };
    const tell = (): void => {
      untold = 0;
      association.toA.send(numbered(got, 8));
    };
    const association: Association = new Association(
      clock,
      network,
      { profile },
      {
        toA: (message) => {
          told = Math.max(told, numberOf(message));
          fill();
        },
        toB: (message) => {
          bytes += message.length;
          got = Math.max(got, numberOf(message));
          if (++untold >= 16) tell();
        },
      },
    );
    const tick = (): void => {
      if (untold > 0) tell();
      clock.after(20, tick);
    };
    fill();
    tick();
  }
  clock.run(ms);
  return (bytes * 8) / ms / 1000;
}

/** Mbit/s of a plain reliable channel that is handed `mib` MiB in messages of 16 KiB as fast as it takes them. */
export function reliableMbit(path: Partial<PathOptions>, mib: number, profile: SctpProfile = CHROMIUM): number {
  const channel = new Channel(path, { profile, reliable: true });
  const { clock, association } = channel;
  const total = mib * 64;
  let sent = 0;
  const fill = (): void => {
    for (; sent < total && association.toB.queuedBytes < 1 << 20; sent++) association.toB.send(numbered(sent, 16_384));
    if (sent < total) clock.after(4, fill);
  };
  fill();
  while (channel.arrived.length < total && clock.now < 600_000) clock.step();
  return (total * 16_384 * 8) / clock.now / 1000;
}
