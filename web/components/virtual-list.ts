// Rows of which only those in sight are drawn: @tanstack/virtual-core for Preact. It stays at the end while the reader is there, and
// nothing in sight moves when rows come or go above.
import { elementScroll, observeElementOffset, observeElementRect, Virtualizer } from '@tanstack/virtual-core';
import type { RefObject } from 'preact';
import { useLayoutEffect, useReducer, useState } from 'preact/hooks';

export interface VirtualOptions {
  readonly count: number;
  readonly scroller: RefObject<HTMLElement | null>;
  readonly keyOf: (at: number) => string;
  /** The likely height of a row that was not drawn yet, pixels. */
  readonly estimate: (at: number) => number;
  /** A reader at the end is taken along by what is added there. */
  readonly follow: boolean;
  /** Rows drawn beyond both edges. */
  readonly overscan: number;
  /** Nearer to the end than this counts as being there, pixels. */
  readonly endSlack: number;
  readonly paddingStart: number;
  readonly paddingEnd: number;
}

export type VirtualList = Virtualizer<HTMLElement, HTMLElement>;

export function useVirtualList(options: VirtualOptions): VirtualList {
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
    anchorTo: 'end',
    followOnAppend: options.follow,
    useScrollendEvent: true,
    scrollToFn: elementScroll,
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
  return list;
}
