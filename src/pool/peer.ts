// One other member: its link, the transport under it, and how sure we are that it is there.
import { ClockSync } from '../clock/clock-sync.ts';
import { Link } from '../link/link.ts';
import type { LinkOptions } from '../link/options.ts';
import { fromTimeUs } from '../link/time-sampler.ts';
import { ChatOrder } from './chat.ts';
import { PeerLanes } from './peer-lanes.ts';
import type { DeviceKind, PeerView } from './views.ts';

/** none: nothing under the link. pending: being negotiated. open: carries datagrams. */
export type TransportState =
  | { readonly kind: 'none'; retryAtMs: number | undefined }
  | { readonly kind: 'pending'; readonly id: number; readonly attempt: number; readonly deadlineMs: number }
  | {
      readonly kind: 'open';
      readonly id: number;
      readonly attempt: number;
      readonly path: 'direct' | 'relayed';
      readonly sinceMs: number;
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
  readonly link: Link;
  readonly lanes: PeerLanes;
  chat: ChatOrder = new ChatOrder();
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
    const { self, id, name, device, retryMs, random, link } = setup;
    this.id = id;
    this.name = name;
    this.device = device;
    this.retryMs = retryMs;
    // Both ends know both ids: the smaller one calls, so they never call each other at once.
    this.initiator = self < id;
    this.lanes = new PeerLanes(this.initiator);
    const role = this.initiator ? 'initiator' : 'acceptor';
    this.link = new Link({ role, random, ...(link === undefined ? {} : { options: link }) });
  }

  /** Sends a message, or keeps it until the link has room: `blocked`. Past `backlogMax` the link is given up. */
  send(now: number, message: Uint8Array, backlogMax: number): 'ok' | 'blocked' {
    this.#backlog.push(message);
    this.flush(now);
    // It asks and asks, or we offer and offer, and nothing is ever acknowledged.
    if (this.#backlog.length > backlogMax) this.link.close(now, 'flow-control');
    return this.#backlog.length > 0 ? 'blocked' : 'ok';
  }

  flush(now: number): void {
    while (this.#backlog[0] !== undefined && this.link.sendMessage(now, this.#backlog[0]) !== 'blocked') {
      this.#backlog.shift();
    }
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
    this.chat = new ChatOrder();
    this.#backlog.length = 0;
  }

  get alive(): boolean {
    return this.link.state === 'open' && this.transport.kind === 'open';
  }

  get view(): PeerView {
    const path = this.transport.kind === 'open' && this.link.state === 'open' ? this.transport.path : 'connecting';
    return { id: this.id, name: this.name, device: this.device, path };
  }
}
