// A UDP relay between sides that carries every packet through a model of its sender's way up, needs no root, and knows
// nothing of what it carries. For each address of a side it has a socket that stands for it: a packet that arrives at the
// socket of x from y goes to x from the socket of y. All addresses of a side share one bottleneck, as lanes must.
import { createSocket, type Socket } from 'node:dgram';
import { networkInterfaces } from 'node:os';
import { Path, type Clock, type PathCounters, type PathOptions } from '../../src/sim/network.ts';
import type { Random } from '../../src/sim/random.ts';
import type { Address } from './candidates.ts';

export const SIDES = ['a', 'b', 'c', 'd'] as const;
export type Side = (typeof SIDES)[number];

/** The path that everything takes which a side sends. Sides that are not named are not served. */
export type Uplinks = Readonly<Partial<Record<Side, Partial<PathOptions>>>>;

/** IPv4 20 + UDP 8: what a packet has on the wire and a socket does not show. */
export const HEADER_BYTES = 28;
/** Sixteen lanes a side, each on a few interfaces, and some that were given up. */
const ADDRESSES_MAX = 256;
/** Of each socket: a window that arrives in one burst must wait here, not be lost beside the model. */
const SOCKET_BUFFER_BYTES: number = 4 * 1024 * 1024;

interface Seat {
  readonly side: Side;
  readonly own: Address;
  readonly socket: Socket;
  readonly there: Address;
}

export interface RelayCounters {
  /** What became of the packets a side sent. */
  readonly from: Readonly<Partial<Record<Side, PathCounters>>>;
  /** Packets from addresses nobody registered. */
  readonly strays: number;
}

export class Relay {
  /** The one interface it serves and stands on. */
  readonly address: string;
  /** By the side that sends. */
  readonly #paths: ReadonlyMap<Side, Path>;
  readonly #seats = new Map<string, Promise<Seat>>();
  /** The same once they are there, by the address they stand for. */
  readonly #ready = new Map<string, Seat>();
  #strays = 0;

  constructor(clock: Clock, random: Random, uplinks: Uplinks, address: string = ownAddress()) {
    this.address = address;
    const paths = new Map<Side, Path>();
    for (const side of SIDES) {
      const options = uplinks[side];
      if (options !== undefined) paths.set(side, new Path(clock, random.fork(), options));
    }
    this.#paths = paths;
  }

  /** The address that stands for `own` of `side`; undefined for another interface or side. Throws past the limit. */
  async register(side: Side, own: Address): Promise<Address | undefined> {
    if (own.address !== this.address || !this.#paths.has(side)) return undefined;
    const key = keyOf(own.address, own.port);
    const seat = this.#seats.get(key) ?? this.#open(side, own);
    this.#seats.set(key, seat);
    return (await seat).there;
  }

  counters(): RelayCounters {
    const from = Object.fromEntries([...this.#paths].map(([side, { counters }]) => [side, { ...counters }]));
    return { from, strays: this.#strays };
  }

  close(): void {
    for (const { socket } of this.#ready.values()) socket.close();
    this.#ready.clear();
  }

  async #open(side: Side, own: Address): Promise<Seat> {
    if (this.#seats.size >= ADDRESSES_MAX) throw new RangeError(`addresses: expected ${ADDRESSES_MAX} at most`);
    const socket = createSocket({
      type: 'udp4',
      recvBufferSize: SOCKET_BUFFER_BYTES,
      sendBufferSize: SOCKET_BUFFER_BYTES,
    });
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject).bind(0, this.address, () => resolve());
    });
    // What comes later is of single packets, to an end that has just gone: lost, as on any path.
    socket.removeAllListeners('error').on('error', () => undefined);
    const seat: Seat = { side, own, socket, there: { address: this.address, port: socket.address().port } };
    socket.on('message', (packet, { address, port }) => this.#carry(seat, packet, keyOf(address, port)));
    this.#ready.set(keyOf(own.address, own.port), seat);
    return seat;
  }

  #carry(to: Seat, packet: Buffer, sender: string): void {
    const from = this.#ready.get(sender);
    if (from === undefined || from.side === to.side) {
      this.#strays += 1;
      return;
    }
    this.#paths.get(from.side)?.send(packet.byteLength + HEADER_BYTES, () => {
      from.socket.send(packet, to.own.port, to.own.address, ignoreLoss);
    });
  }
}

/** The first address that other devices could reach, which ends gather too; loopback on a device without any. */
export function ownAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1';
}

function keyOf(address: string, port: number): string {
  return `${address}:${port}`;
}

function ignoreLoss(): void {
  // The end has just gone: the packet is lost, as on any path.
}
