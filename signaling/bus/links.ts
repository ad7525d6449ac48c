// Who else is there, and whether anything between two nodes was lost. A sans-IO machine: every node tells all others each
// second that it lives (a beat), and with which number it knows each of them. A link is up while both ends know each other's
// number; what is sent over it is counted. Where something is missing, or nothing is heard for too long, an end takes a new
// number: the other one notices, and both begin again from what they know to be true.
import type { Beat } from './messages.ts';

/** Between beats, ms. */
const BEAT_MS = 1_000;
/** A node of which nothing is heard for this long is gone, ms: three beats may be lost, or its machine may be busy. */
const DEAD_MS = 4_000;
/** A beat that cannot wait comes this soon after another, ms: several changes at once are one. */
const BEAT_SOON_MS = 20;
/** Other nodes: each beats to all. */
export const NODES_MAX = 64;

/** The sender's number and the receiver's, as the sender knows it. */
export type LinkNumbers = readonly [mine: number, yours: number];

interface Link {
  mine: number;
  /** 0: not known yet. */
  theirs: number;
  up: boolean;
  heardAt: number;
  draining: boolean;
  sent: number;
  received: number;
  /** How many the last beat spoke of. */
  promised: number;
}

export type LinkEvent =
  | { readonly kind: 'up' | 'down'; readonly node: string }
  /** It gives its pools away, or takes some again. */
  | { readonly kind: 'changed'; readonly node: string };

/** Counts since it was made, but for `nodes`: those that are linked now. */
export interface LinkFigures {
  readonly nodes: number;
  /** Messages to one node. */
  readonly sent: number;
  readonly received: number;
  /** How often something between two nodes was missing, so that both began anew. */
  readonly broken: number;
}

export class Links {
  readonly #self: string;
  readonly #links = new Map<string, Link>();
  readonly #events: LinkEvent[] = [];
  #lastNumber = 0;
  #sent = 0;
  #received = 0;
  #broken = 0;
  #beatAt = -Infinity;
  #nextBeatAt = -Infinity;

  constructor(self: string) {
    this.#self = self;
  }

  /** Changes since it was last asked, in order. */
  poll(): LinkEvent | undefined {
    return this.#events.shift();
  }

  /** When to call `tick`. */
  get nextAtMs(): number {
    let next = this.#nextBeatAt;
    for (const { heardAt } of this.#links.values()) next = Math.min(next, heardAt + DEAD_MS);
    return next;
  }

  /** Nodes that hear this one and are heard. */
  get up(): string[] {
    return [...this.#links].flatMap(([node, { up }]) => (up ? [node] : []));
  }

  /** Those of them that take pools. */
  get taking(): string[] {
    return [...this.#links].flatMap(([node, { up, draining }]) => (up && !draining ? [node] : []));
  }

  figures(): LinkFigures {
    return { nodes: this.up.length, sent: this.#sent, received: this.#received, broken: this.#broken };
  }

  /** True: it is time for a beat, which is then taken for said. */
  tick(now: number): boolean {
    for (const [node, link] of this.#links) if (now >= link.heardAt + DEAD_MS) this.#forget(node, link);
    if (now < this.#nextBeatAt) return false;
    this.#beatAt = now;
    this.#nextBeatAt = now + BEAT_MS;
    return true;
  }

  /** Something that the others should not wait a second for. */
  beatSoon(now: number): void {
    this.#nextBeatAt = Math.min(this.#nextBeatAt, Math.max(now, this.#beatAt + BEAT_SOON_MS));
  }

  /** What a beat says about links. */
  table(): Beat['links'] {
    return Object.fromEntries([...this.#links].map(([node, { mine, theirs, sent }]) => [node, [mine, theirs, sent]]));
  }

  heard(now: number, { from, draining, leaving, links }: Beat): void {
    if (from === this.#self) return;
    const link = this.#links.get(from) ?? this.#meet(now, from);
    if (link === undefined) return;
    if (leaving) return this.#forget(from, link);
    link.heardAt = now;
    const [theirs, yours, sent] = links[this.#self] ?? [0, 0, 0];
    if (theirs !== link.theirs) {
      this.#lower(from, link);
      Object.assign(link, { theirs, sent: 0, received: 0, promised: 0 });
      this.beatSoon(now);
    }
    if (theirs !== 0 && yours === link.mine) {
      this.#raise(from, link);
      // A beat may overtake what it speaks of; the next one does not overtake it too.
      if (link.received < link.promised) this.#renew(now, from, link);
      else link.promised = sent;
    }
    if (draining === link.draining) return;
    link.draining = draining;
    this.#events.push({ kind: 'changed', node: from });
  }

  /** The numbers of the next message to `node`; undefined: its link is not up. */
  send(node: string): { readonly link: LinkNumbers; readonly number: number } | undefined {
    const link = this.#links.get(node);
    if (link?.up !== true) return undefined;
    link.sent += 1;
    this.#sent += 1;
    return { link: [link.mine, link.theirs], number: link.sent };
  }

  /** Whether a message of those numbers counts. */
  receive(now: number, node: string, [theirs, mine]: LinkNumbers, number: number): boolean {
    const link = this.#links.get(node);
    if (link === undefined || theirs !== link.theirs || mine !== link.mine) return false;
    link.heardAt = now;
    this.#raise(node, link);
    if (number !== link.received + 1) {
      this.#renew(now, node, link);
      return false;
    }
    link.received = number;
    this.#received += 1;
    return true;
  }

  #meet(now: number, node: string): Link | undefined {
    if (this.#links.size >= NODES_MAX) return undefined;
    const counts = { sent: 0, received: 0, promised: 0 };
    const link = { mine: ++this.#lastNumber, theirs: 0, up: false, heardAt: now, draining: false, ...counts };
    this.#links.set(node, link);
    this.beatSoon(now);
    return link;
  }

  #raise(node: string, link: Link): void {
    if (link.up) return;
    link.up = true;
    this.#events.push({ kind: 'up', node });
  }

  #lower(node: string, link: Link): void {
    if (!link.up) return;
    link.up = false;
    this.#events.push({ kind: 'down', node });
  }

  #renew(now: number, node: string, link: Link): void {
    this.#broken += 1;
    this.#lower(node, link);
    Object.assign(link, { mine: ++this.#lastNumber, sent: 0, received: 0, promised: 0 });
    this.beatSoon(now);
  }

  #forget(node: string, link: Link): void {
    this.#lower(node, link);
    this.#links.delete(node);
  }
}
