// Share machines that talk over links which lose nothing: every envelope encoded and decoded, every chunk asked for and
// answered, all on one virtual clock. What links do is tested elsewhere; here it is who asks whom for what.
import { createHash } from 'node:crypto';
import { VirtualClock } from '../../src/sim/clock.ts';
import { Random } from '../../src/sim/random.ts';
import { SimStore } from '../../src/sim/store.ts';
import type { ShareOptions } from '../../src/share/options.ts';
import type { ShareLinks, StoreOp, StoreResult } from '../../src/share/ports.ts';
import { Share, type ShareEnvelope } from '../../src/share/share.ts';
import type { OfferView, ShareEvent, TransferView } from '../../src/share/views.ts';
import type { EntryId } from '../../src/wire/entry.ts';
import { decodeEnvelope, encodeEnvelope } from '../../src/wire/envelope.ts';

export const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();

const HOP_MS = 5;
/** What a link takes before it is sent. */
const QUEUE_BYTES_MAX = 128 * 1024;
/** Chunks under way to a device at once. */
const OPEN_MAX = 32;
export const CHUNK_BYTES: number = 16 * 1024;

interface Request {
  readonly peer: string;
  readonly transfer: number;
  readonly chunk: number;
  readonly bytes: number;
}

/** One device. `store` outlives it: pass it on to the next device and that is a restart. */
export class Device {
  readonly id: string;
  readonly store: SimStore;
  readonly share: Share;
  readonly events: ShareEvent[] = [];
  /** What the store answers, before the machine hears it. */
  tamper: (op: StoreOp, result: StoreResult) => StoreResult = (_op, result) => result;
  /** Bytes a second that leave it; all at once by default. */
  rate: number = Infinity;
  up: Set<string> = new Set();
  gone = false;
  /** All that others said to it. */
  readonly heard: { readonly from: string; readonly atMs: number; readonly envelope: ShareEnvelope }[] = [];
  readonly links: ShareLinks;
  readonly #net: Net;
  readonly #asked = new Map<number, Request>();
  /** Requests of others, by peer and number: the transfer that they name. */
  readonly #open = new Map<string, number>();
  readonly #queuedBytes = new Map<string, number>();
  #requests = 0;
  #keys = 0;
  #freeAtMs = 0;
  #dueMs = Infinity;

  constructor(net: Net, id: string, store: SimStore, options: Partial<ShareOptions>) {
    this.#net = net;
    this.id = id;
    this.store = store;
    this.links = this.#links();
    this.share = new Share({
      self: id,
      links: this.links,
      nameOf: (peer) => peer.slice(-1),
      wallOffsetMs: 1_700_000_000_000,
      firstNumber: net.random.integer(0, 2 ** 32 - 1),
      options: { chunkBytes: CHUNK_BYTES, ...options },
    });
  }

  /** `to`: for these devices alone. `entry`: tells of it. */
  offer(
    files: readonly { readonly name: string; readonly bytes: Uint8Array; readonly modifiedMs?: number }[],
    to?: readonly Device[],
    entry?: EntryId,
  ): string {
    const only = to && new Set(to.map((device) => device.id));
    const offered = files.map(({ name, bytes, modifiedMs = 0 }) => {
      const key = `own/${this.id}/${this.#keys++}`;
      this.store.add(key, bytes, CHUNK_BYTES);
      return { key, facts: { name, bytes: bytes.length, modifiedMs } };
    });
    return this.act((share, now) => share.offer(now, offered, undefined, only, entry));
  }

  /** Does something with the machine, then all that it wants done. */
  act<T>(action: (share: Share, now: number) => T): T {
    const result = action(this.share, this.#net.clock.now);
    this.drain();
    return result;
  }

  get offers(): OfferView[] {
    return latest(this.events.flatMap((event) => (event.kind === 'offer' ? [event.offer] : [])));
  }

  get transfers(): TransferView[] {
    return latest(this.events.flatMap((event) => (event.kind === 'transfer' ? [event.transfer] : [])));
  }

  /** The last that was told of the transfer of this file in that direction. */
  transfer(name: string, direction: 'in' | 'out' = 'in'): TransferView | undefined {
    return this.transfers.find((view) => view.name === name && view.direction === direction);
  }

  acceptAll(): void {
    for (const { id, own, state } of this.offers) {
      if (!own && state === 'open') this.act((share, now) => share.accept(now, id));
    }
  }

  drain(): void {
    if (this.gone) return;
    for (let output = this.share.poll(); output !== undefined; output = this.share.poll()) {
      if (output.kind === 'event') this.events.push(output.event);
      else {
        const { id, op } = output;
        this.store.perform(op, (result) => {
          if (!this.gone) this.act((share, now) => share.stored(now, id, this.tamper(op, result)));
        });
      }
    }
    const dueMs = this.share.nextTimeout() ?? Infinity;
    if (dueMs >= this.#dueMs) return;
    this.#dueMs = dueMs;
    this.#net.clock.at(Math.max(dueMs, this.#net.clock.now), () => {
      this.#dueMs = Infinity;
      if (!this.gone) this.act((share, now) => share.timeout(now));
    });
  }

  forget(peer: string): void {
    this.#queuedBytes.delete(peer);
    for (const [request, asked] of this.#asked) if (asked.peer === peer) this.#asked.delete(request);
  }

  #links(): ShareLinks {
    return {
      rttMs: () => 2 * HOP_MS,
      send: (peer, envelope) => {
        const bytes = encodeEnvelope(envelope);
        this.#net.hop(this, peer, HOP_MS, (to) => {
          const decoded = decodeEnvelope(bytes);
          if (decoded === undefined) throw new Error(`${envelope.kind}: sent what cannot be read`);
          to.heard.push({ from: this.id, atMs: this.#net.clock.now, envelope: decoded as ShareEnvelope });
          to.act((share, now) => share.envelope(now, this.id, decoded as ShareEnvelope));
        });
        return 'ok';
      },
      requestChunk: (peer, transfer, chunk, bytes) => {
        if ([...this.#asked.values()].filter((asked) => asked.peer === peer).length >= OPEN_MAX) return 'blocked';
        const request = this.#requests++;
        this.#asked.set(request, { peer, transfer, chunk, bytes });
        this.#net.requested(this.id, peer);
        this.#net.hop(this, peer, HOP_MS, (to) => {
          to.#open.set(`${this.id} ${request}`, transfer);
          to.act((share, now) => share.chunkRequested(now, this.id, request, transfer, chunk));
        });
        return 'ok';
      },
      sendChunk: (peer, request, bytes) => {
        const transfer = this.#open.get(`${peer} ${request}`);
        if (transfer === undefined) return 'dropped';
        this.#open.delete(`${peer} ${request}`);
        const now = this.#net.clock.now;
        this.#freeAtMs = Math.max(now, this.#freeAtMs) + (bytes.length / this.rate) * 1000;
        this.#net.sentBytes.set(this.id, (this.#net.sentBytes.get(this.id) ?? 0) + bytes.length);
        const copy = bytes.slice();
        this.#queuedBytes.set(peer, (this.#queuedBytes.get(peer) ?? 0) + bytes.length);
        this.#net.hop(this, peer, this.#freeAtMs - now + HOP_MS, (to) => to.#arrived(this, request, transfer, copy));
        return 'ok';
      },
      chunkRoomBytes: (peer) => QUEUE_BYTES_MAX - (this.#queuedBytes.get(peer) ?? 0),
      releaseChunk: () => {},
      cancelChunk: (peer, transfer, chunk) => this.#cancel(peer, transfer, chunk),
      dropTransfer: (peer, transfer, direction) => {
        if (direction === 'in') this.#cancel(peer, transfer);
      },
    };
  }

  #cancel(peer: string, transfer: number, chunk?: number): void {
    for (const [request, asked] of this.#asked) {
      if (asked.peer !== peer || asked.transfer !== transfer || (chunk !== undefined && asked.chunk !== chunk))
        continue;
      this.#asked.delete(request);
      this.#net.hop(this, peer, HOP_MS, (to) => {
        to.#open.delete(`${this.id} ${request}`);
        to.act((share, now) => share.chunkCancelled(now, this.id, request));
      });
    }
  }

  #arrived(from: Device, request: number, transfer: number, bytes: Uint8Array): void {
    from.#queuedBytes.set(this.id, (from.#queuedBytes.get(this.id) ?? 0) - bytes.length);
    from.act((share, now) => share.chunkDelivered(now, this.id, transfer, bytes));
    const asked = this.#asked.get(request);
    if (asked?.peer !== from.id) return;
    this.#asked.delete(request);
    this.act((share, now) => share.chunkArrived(now, from.id, asked.transfer, asked.chunk, bytes));
  }
}

export class Net {
  readonly clock: VirtualClock = new VirtualClock();
  readonly random: Random;
  readonly sentBytes: Map<string, number> = new Map();
  readonly #devices = new Map<string, Device>();
  readonly #requested = new Map<string, number>();

  constructor(seed: number) {
    this.random = new Random(seed);
  }

  /** A device that meets all others at once. With `store`, that of an earlier one; with `id`, as that one. */
  join({ id, store, ...options }: { id?: string; store?: SimStore } & Partial<ShareOptions> = {}): Device {
    const name = id ?? [...this.random.bytes(16)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
    const kept = store ?? new SimStore(this.clock, this.random.fork(), { delayMsMax: 3 }, sha256);
    const device = new Device(this, name, kept, options);
    const others = [...this.#devices.values()].filter((other) => other.id !== name);
    this.#devices.set(name, device);
    for (const other of others) this.link(device, other);
    return device;
  }

  /** A new session between two. */
  link(a: Device, b: Device): void {
    for (const [one, other] of [
      [a, b],
      [b, a],
    ] as const) {
      one.forget(other.id);
      one.up.add(other.id);
    }
    a.act((share, now) => share.peerUp(now, b.id));
    b.act((share, now) => share.peerUp(now, a.id));
  }

  /** It is gone without a word, as when its process is killed. */
  kill(device: Device): void {
    device.gone = true;
    this.#devices.delete(device.id);
    for (const other of this.#devices.values()) {
      other.up.delete(device.id);
      other.forget(device.id);
      other.act((share, now) => share.peerDown(now, device.id));
    }
  }

  run(ms: number): void {
    this.clock.advance(ms);
  }

  /** False if that is not so after `limitMs`. */
  runUntil(done: () => boolean, limitMs = 120_000): boolean {
    const untilMs = this.clock.now + limitMs;
    while (!done()) {
      if (this.clock.now >= untilMs) return false;
      this.clock.advance(10);
    }
    return true;
  }

  hop(from: Device, to: string, ms: number, arrive: (to: Device) => void): void {
    // What is under way to a device that is gone reaches nobody, whoever has its name by then.
    const device = this.#devices.get(to);
    this.clock.after(ms, () => {
      const there = device !== undefined && !device.gone && device.up.has(from.id);
      if (there && !from.gone) arrive(device);
    });
  }

  requested(from: string, of: string): void {
    this.#requested.set(`${from} ${of}`, this.requests(from, of) + 1);
  }

  /** Chunks that one device asked of another, ever. */
  requests(from: string, of: string): number {
    return this.#requested.get(`${from} ${of}`) ?? 0;
  }
}

function latest<View extends { readonly id: string }>(views: readonly View[]): View[] {
  return [...new Map(views.map((view) => [view.id, view])).values()];
}

/** All that a device received whole, by name. */
export function received(device: Device): Map<string, Uint8Array> {
  return new Map([...device.store.finished.values()].map(({ facts, bytes }) => [facts.name, bytes]));
}
