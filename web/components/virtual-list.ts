// Rows of which only those in sight are drawn: @tanstack/virtual-core for Preact. It can stay at the end while the reader is there, and
// nothing in sight moves when rows come or go above.
import { elementScroll, observeElementOffset, observeElementRect, Virtualizer } from '@tanstack/virtual-core';
import type { RefObject } from 'preact';
import { useLayoutEffect, useReducer, useRef, useState } from 'preact/hooks';

/** So long after a hand was seen scrolls are its doing, ms; and as long again with each of them. */
const HAND_MS = 500;
/** What a hand does before a list scrolls. */
const HANDS = ['wheel', 'touchmove', 'pointerdown', 'keydown'] as const;

export interface VirtualOptions {
  readonly count: number;
  readonly scroller: RefObject<HTMLElement | null>;
  readonly keyOf: (at: number) => string;
  /** The likely height of a row that was not drawn yet, pixels. */
  readonly estimate: (at: number) => number;
  /** A reader at the end is taken along by what is added there. */
  readonly follow: boolean;
  /** The edge that stays where it is while rows change. */
  readonly anchor: 'start' | 'end';
  /** Rows drawn beyond both edges. */
  readonly overscan: number;
  /** Nearer to the end than this counts as being there, pixels. */
  readonly endSlack: number;
  readonly paddingStart: number;
  readonly paddingEnd: number;
}

export type VirtualList = Virtualizer<HTMLElement, HTMLElement>;

/** The list, and what lets go of its end before it is scrolled to another place. */
export function useVirtualList(options: VirtualOptions): readonly [list: VirtualList, letGo: () => void] {
  /** Where the list itself scrolled to last. */
  const put = useRef(0);
  const [, redraw] = useReducer<number, undefined>((count) => count + 1, 0);
  const settings = {
    count: options.count,
    getScrollElement: () => options.scroller.current,
    getItemKey: options.keyOf,
    estimateSize: options.estimate,
    overscan: options.overscan,
    scrollEndThreshold: options.endSlack,
    paddingStart: options.paddingStart,
    paddingEnd: options.paddingEnd,
    anchorTo: options.anchor,
    followOnAppend: options.follow,
    useScrollendEvent: true,
    scrollToFn: (...args: Parameters<typeof elementScroll<HTMLElement>>): void => {
      elementScroll(...args);
      put.current = options.scroller.current?.scrollTop ?? 0;
    },
    observeElementRect,
    observeElementOffset,
    onChange: () => redraw(undefined),
  } as const;
  const [list] = useState(() => new Virtualizer<HTMLElement, HTMLElement>(settings));
  list.setOptions(settings);
  // How adapters attach it: its names for it, not ours.
  // oxlint-disable-next-line no-underscore-dangle
  useLayoutEffect(() => list._didMount(), [list]);
  // oxlint-disable-next-line no-underscore-dangle
  useLayoutEffect(() => list._willUpdate());
  const held = useHeld(options.scroller, options.endSlack, put);
  useLayoutEffect(() => {
    if (held.current && options.follow && !list.isAtEnd(1)) list.scrollToEnd();
  });
  const letGo = (): void => {
    held.current = false;
  };
  return [list, letGo];
}

/**
 * Whether the reader is at the end, by their own doing. Where the list stands does not tell: of many rows that come fast, each a
 * little higher or lower than it was thought to be, some always lie below the edge.
 */
function useHeld(
  scroller: RefObject<HTMLElement | null>,
  slack: number,
  put: { readonly current: number },
): { current: boolean } {
  const held = useRef(true);
  useLayoutEffect(() => {
    const box = scroller.current;
    if (box === null) return undefined;
    let handUntil = -Infinity;
    const onHand = (): void => {
      handUntil = performance.now() + HAND_MS;
    };
    const onScroll = (): void => {
      const byHand = performance.now() < handUntil;
      if (byHand) onHand();
      if (box.scrollHeight - box.scrollTop - box.clientHeight <= slack) held.current = true;
      // By what is no hand, such as a browser's own search: up from where the list was put.
      else if (byHand || box.scrollTop < put.current - slack) held.current = false;
    };
    for (const hand of HANDS) box.addEventListener(hand, onHand, { passive: true });
    // Before the list's own, after which rows are drawn at once.
    box.addEventListener('scroll', onScroll, { passive: true, capture: true });
    return () => {
      for (const hand of HANDS) box.removeEventListener(hand, onHand);
      box.removeEventListener('scroll', onScroll, { capture: true });
    };
  }, [scroller, slack]);
  return held;
}
