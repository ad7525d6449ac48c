// One other member: its link, the transport under it, and how sure we are that it is there.
import { ClockSync } from '../clock/clock-sync.ts';
import { Link } from '../link/link.ts';
import type { LinkOptions } from '../link/options.ts';
import { fromTimeUs } from '../link/time-sampler.ts';
import type { Role } from '../wire/signaling.ts';
import type { Binding, PeerKeys } from './binding.ts';
import { PeerLanes } from './peer-lanes.ts';
import type { AddressKind, Unmet } from './unmet.ts';
import type { DeviceKind, PeerView, UnboundCode } from './views.ts';

/** Of the certificates at both ends, as their descriptions tell; undefined: not told yet, or not in a way that could be checked. */
export interface Fingerprints {
  own: Uint8Array | undefined;
  theirs: Uint8Array | undefined;
}

/** What both ends have said so far to meet. */
export interface Meeting {
  readonly own: Set<AddressKind>;
  readonly theirs: Set<AddressKind>;
  heard: boolean;
}

/** none: nothing under the link. pending: being negotiated. binding: open, and not the link's yet. open: carries datagrams. */
export type TransportState =
  | { readonly kind: 'none'; retryAtMs: number | undefined }
  | {
      readonly kind: 'pending';
      readonly id: number;
      readonly attempt: number;
      readonly deadlineMs: number;
      readonly fingerprints: Fingerprints;
      readonly meeting: Meeting;
    }
  | {
      readonly kind: 'binding';
      readonly id: number;
      readonly attempt: number;
      readonly deadlineMs: number;
      readonly path: 'direct' | 'relayed';
      readonly binding: Binding;
      /** The other end was quicker: what its link says while its proof is being checked. */
      readonly held: Uint8Array[];
    }
  | {
      readonly kind: 'open';
      readonly id: number;
      readonly attempt: number;
      readonly path: 'direct' | 'relayed';
      readonly sinceMs: number;
      /** The other end may still want our proof again. */
      readonly binding: Binding;
    };

/** Between two looks at a peer's clock, ms: at first, and once it is known. */
const CLOCK_LOOK_MS = { first: 100, later: 1000 } as const;
/** Samples after which it counts as known. */
const CLOCK_KNOWN_SAMPLES = 8;

export interface PeerSetup {
  readonly self: string;
  readonly id: string;
  readonly name: string;
  readonly device: DeviceKind;
  readonly role: Role;
  /** Wait before the next call, ms. */
  readonly retryMs: number;
  readonly random: (n: number) => Uint8Array;
  readonly link: Partial<LinkOptions> | undefined;
}

export class Peer {
  readonly id: string;
  readonly initiator: boolean;
  name: string;
  device: DeviceKind;
  role: Role;
  /** Its keys, and what both people see of them, once a transport was bound; of the last one that was. */
  keys: PeerKeys | undefined;
  words: readonly string[] | undefined;
  /** Why the last transport could not be bound. */
  unbound: UnboundCode | undefined;
  /** Why the last transport never opened. */
  unmet: Unmet | undefined;
  readonly link: Link;
  readonly lanes: PeerLanes;
  /** The peer's clock as its datagrams show it (the pool's, as well as the peer knows that) against our monotonic one. */
  readonly clock: ClockSync = new ClockSync();
  #clockLookMs = -Infinity;
  transport: TransportState = { kind: 'none', retryAtMs: undefined };
  /** Whether the server lists it. A link may outlive that: the server may have been restarted. */
  listed = true;
  /** Without a sign of life after `sinceMs` it counts as gone at `untilMs`; undefined: nothing is in doubt. */
  doubt: { readonly sinceMs: number; readonly untilMs: number } | undefined;
  retryMs: number;

  /** Envelopes that the link had no room for; they go when it has. */
  readonly #backlog: Uint8Array[] = [];

  constructor(setup: PeerSetup) {
    const { self, id, name, device, role, retryMs, random, link } = setup;
    this.id = id;
    this.name = name;
    this.device = device;
    this.role = role;
    this.retryMs = retryMs;
    // Both ends know both ids: the smaller one calls, so they never call each other at once.
    this.initiator = self < id;
    this.lanes = new PeerLanes(this.initiator);
    this.link = new Link({ role: this.end, random, ...(link === undefined ? {} : { options: link }) });
  }

  /** Which end of the link, and of what is under it, this device is. */
  get end(): 'initiator' | 'acceptor' {
    return this.initiator ? 'initiator' : 'acceptor';
  }

  /** When something is due of the transport. */
  get transportDueMs(): number {
    const { transport } = this;
    if (transport.kind === 'pending') return transport.deadlineMs;
    if (transport.kind !== 'binding') return Infinity;
    return Math.min(transport.deadlineMs, transport.binding.nextTimeout() ?? Infinity);
  }

  /** Sends a message, or keeps it until the link has room: `blocked`. Past `backlogMax` the link is given up. */
  send(now: number, message: Uint8Array, backlogMax: number): 'ok' | 'blocked' {
    this.#backlog.push(message);
    this.flush(now);
    // It asks and asks, or we offer and offer, and nothing is ever acknowledged.
    if (this.#backlog.length > backlogMax) this.link.close(now, 'flow-control');
    return this.#backlog.length > 0 ? 'blocked' : 'ok';
  }

  /** True if nothing waits any more. */
  flush(now: number): boolean {
    while (this.#backlog[0] !== undefined && this.link.sendMessage(now, this.#backlog[0]) !== 'blocked') {
      this.#backlog.shift();
    }
    return this.#backlog.length === 0;
  }

  /** Something arrived: from time to time the link has learnt what the peer's clock showed. */
  lookAtClock(now: number): void {
    if (now < this.#clockLookMs) return;
    const sample = this.link.takeTimeSample();
    if (sample === undefined) return;
    this.clock.add(sample);
    const known = this.clock.counts.taken >= CLOCK_KNOWN_SAMPLES;
    this.#clockLookMs = now + (known ? CLOCK_LOOK_MS.later : CLOCK_LOOK_MS.first);
  }

  /**
   * How long ago, ms, the peer sent a datagram that it stamped `sentUs` (its header's time, microseconds modulo 2^48). May
   * be a little below 0, by as much as `clock.uncertaintyMs`. Undefined until the peer's clock is known.
   */
  ageMs(now: number, sentUs: number): number | undefined {
    if (!this.clock.synced) return undefined;
    return now - this.clock.own(fromTimeUs(sentUs, this.clock.theirs(now)));
  }

  /** The peer forgot the session: so do we. */
  reset(): void {
    this.#backlog.length = 0;
  }

  get alive(): boolean {
    return this.link.state === 'open' && this.transport.kind === 'open';
  }

  get view(): PeerView {
    const path = this.transport.kind === 'open' && this.link.state === 'open' ? this.transport.path : 'connecting';
    const { id, name, device, role, words, unmet } = this;
    return { id, name, device, role, ...(words && { words }), path, ...(unmet && { unmet }) };
  }
}
