// Where others' pointers are over the conversation: each comes with its first frame, and goes when it leaves, when its
// person does, or when nothing was heard of it for a while.
import { signal, type Signal } from '@preact/signals';
import type { PeerId } from '../src/client.ts';
import { UNIT, type PointerFrame } from '../src/io/control-frames.ts';

/** A pointer that lies still says nothing. After this long it is no longer worth looking at: milliseconds. */
export const STILL_MS = 3000;
/** Cursors drawn at most, those that came first: more than this hide what they point at. */
export const CURSORS_MAX = 32;

/** 0 to 1 of the conversation's width and height, from its upper left corner. */
export interface Spot {
  readonly x: number;
  readonly y: number;
}

export interface Cursor {
  readonly peer: PeerId;
  /** Of its own, so that a pointer that moves redraws nothing but itself. */
  readonly spot: Signal<Spot>;
}

export class CursorTable {
  /** Changes when a pointer comes or goes, and not when it moves. */
  readonly shown: Signal<readonly Cursor[]> = signal([]);
  readonly #heardMs = new Map<PeerId, number>();

  /** The newest frame of `peer`; `nowMs` of a clock that never goes back. */
  hear(nowMs: number, peer: PeerId, frame: PointerFrame): void {
    if (frame.inside === 0) {
      this.#keep((id) => id !== peer);
      return;
    }
    const spot = { x: frame.x / UNIT, y: frame.y / UNIT };
    const known = this.shown.peek().find((cursor) => cursor.peer === peer);
    if (known !== undefined) known.spot.value = spot;
    else if (this.#heardMs.size < CURSORS_MAX) this.shown.value = [...this.shown.peek(), { peer, spot: signal(spot) }];
    else return;
    this.#heardMs.set(peer, nowMs);
  }

  /** Drops pointers that were not heard of lately. */
  expire(nowMs: number): void {
    this.#keep((id) => nowMs - (this.#heardMs.get(id) ?? -Infinity) < STILL_MS);
  }

  /** Drops the pointers of everyone but these. */
  keepOnly(peers: ReadonlySet<PeerId>): void {
    this.#keep((id) => peers.has(id));
  }

  #keep(wanted: (peer: PeerId) => boolean): void {
    const shown = this.shown.peek();
    const kept = shown.filter(({ peer }) => wanted(peer));
    if (kept.length === shown.length) return;
    for (const { peer } of shown) if (!wanted(peer)) this.#heardMs.delete(peer);
    this.shown.value = kept;
  }
}
