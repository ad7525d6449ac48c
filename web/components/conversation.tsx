// The conversation of the open room: of its lines those in sight are drawn. It stays at the end while the reader is there, says so
// quietly when something new arrives while they read further up, and fetches what is older or newer as they get there.
import { useComputed } from '@preact/signals';
import type { RefObject, VNode } from 'preact';
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { store } from '../app.ts';
import { rowsOf, type Row } from '../lines.ts';
import { tab } from '../pool-view.ts';
import type { MessageView } from '../../src/talk/views.ts';
import type { EntryId } from '../../src/wire/entry.ts';
import type { Entry, OfferState } from '../state.ts';
import { currentTalk, pages, talk, told } from '../talk.ts';
import { Announcements } from './announcements.tsx';
import styles from './conversation.module.css';
import { Cursors } from './cursors.tsx';
import { EmptyPool, EmptyRoom } from './empty-pool.tsx';
import { Icon } from './icons.tsx';
import { Line } from './line.tsx';
import { openMessageMenu, MessageMenu } from './message-menu.tsx';
import { News } from './news.tsx';
import { Older } from './older.tsx';
import { useVirtualList, type VirtualList } from './virtual-list.ts';

/** Nearer to the end than this counts as being there, pixels. */
const END_SLACK = 48;
/** Rows drawn beyond both edges of what is seen. */
const OVERSCAN = 4;
/** With fewer rows than this left towards an end, more are fetched there. */
const AHEAD = 25;
/** The likely height of a row, pixels. */
const ROW_PX = 64;
/** Frames that a row has to be drawn in before it is given up to focus it. */
const FRAMES_MAX = 10;
const estimate = (): number => ROW_PX;
/** How long a message that was looked up stays marked, milliseconds. */
const MARKED_MS = 2500;
/** How long pages may still come in above a row that was gone to, milliseconds. */
const SETTLE_MS = 1500;

export function Conversation(): VNode {
  // A room's own list: where it is scrolled to is nobody else's business.
  return (
    <>
      <Lines key={talk.room.value} />
      <MessageMenu />
    </>
  );
}

function Lines(): VNode {
  const rows = useComputed(rowsOfRoom).value;
  const { atStart, atEnd } = talk.window.value;
  const frame = useRef<HTMLDivElement>(null);
  const scroller = useRef<HTMLDivElement>(null);
  const { start, end } = useMemo(paddings, []);
  const keyOf = useCallback((at: number) => rows[at]?.line.key ?? String(at), [rows]);
  /** What comes at the end is new, and no page that was left out. */
  const live = useBefore(atEnd);
  const [list, letGo] = useVirtualList({
    count: rows.length,
    scroller,
    keyOf,
    estimate,
    follow: live,
    anchor: 'end',
    overscan: OVERSCAN,
    endSlack: END_SLACK,
    paddingStart: start,
    paddingEnd: end,
  });
  const items = list.getVirtualItems();
  const [first, last] = [items[0], items.at(-1)];
  const near = atEnd && list.isAtEnd(END_SLACK);
  const goTo = usePlace(rows, list, letGo, scroller);
  useFirstPlace(rows, list, goTo);
  const below = useBelow(rows, near, live);
  const marked = useTarget(rows, goTo);
  const active = useKeys(rows, list, scroller);

  useEffect(() => {
    talk.follow(near);
    if (first !== undefined && first.index < AHEAD && !atStart) void told(pages.older());
    if (last !== undefined && last.index > rows.length - AHEAD && !atEnd) void told(pages.newer());
    if (rows.length === 0 && !atStart) void told(pages.older());
  });
  useRead(rows, list);

  const quiet = !rows.some(({ line }) => line.kind !== 'note');
  return (
    <div ref={frame} class={styles['frame']}>
      <Announcements />
      <div
        ref={scroller}
        class={styles['scroller']}
        role="log"
        aria-label="Conversation"
        aria-live="off"
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- keys scroll it, and lead into its messages
        tabIndex={0}
        data-room={talk.room.value}
        onKeyDown={active.onKeyDown}
      >
        {atStart && <Older />}
        {quiet && (talk.current.value?.kind === 'pool' || talk.room.value === '' ? <EmptyPool /> : <EmptyRoom />)}
        <div class={styles['rows']} style={{ height: `${list.getTotalSize()}px` }}>
          <div class={styles['shown']} style={{ transform: `translateY(${first?.start ?? 0}px)` }}>
            {items.map(({ key, index }) => {
              const row = rows[index];
              if (row === undefined) return null;
              return (
                <div
                  key={key}
                  ref={list.measureElement}
                  data-index={index}
                  data-marked={marked === row.line.key}
                  class={styles['row']}
                  tabIndex={-1}
                >
                  <Line row={row} />
                </div>
              );
            })}
          </div>
        </div>
      </div>
      <Cursors board={frame} />
      <News rows={rows} />
      {(below || !atEnd) && rows.length > 0 && (
        <button
          type="button"
          class={styles['pill']}
          data-new={below}
          onClick={() => {
            if (atEnd) list.scrollToEnd();
            else void told(pages.toEnd());
          }}
        >
          <Icon name="down" size={16} /> {below ? 'New below' : 'To the newest'}
        </button>
      )}
    </div>
  );
}

function rowsOfRoom(): readonly Row[] {
  const room = talk.room.value;
  const entries = store.entries.value;
  return rowsOf({
    window: talk.window.value,
    gaps: talk.gaps.value.filter((gap) => gap.room === room),
    // Notes stand in the pool's own room, and offers whose message is not there.
    entries: (talk.current.value?.kind ?? 'pool') === 'pool' ? entries : [],
    offers: offersOf(entries),
    unreadAfter: talk.unreadAfter.value,
  });
}

/** By the messages that tell of them: the newest, if one came back. */
function offersOf(entries: readonly Entry[]): ReadonlyMap<EntryId, OfferState> {
  const offers = new Map<EntryId, OfferState>();
  for (const entry of entries) {
    const told = entry.kind === 'offer' ? entry.offer.view.peek().entry : undefined;
    if (entry.kind === 'offer' && told !== undefined) offers.set(told, entry.offer);
  }
  return offers;
}

/** What `value` was in the rendering before: a page that ends at the newest message is not followed there. */
function useBefore(value: boolean): boolean {
  const before = useRef(value);
  const was = before.current;
  useLayoutEffect(() => {
    before.current = value;
  });
  return was && value;
}

/** Space above the first and below the last row, pixels; below stands who writes. */
function paddings(): { readonly start: number; readonly end: number } {
  const narrow = matchMedia('(max-width: 720px)').matches;
  return narrow ? { start: 8, end: 26 } : { start: 16, end: 28 };
}

interface Place {
  readonly key: string;
  readonly align: 'start' | 'center';
}

/**
 * Goes to a row, and again as rows come before it, until the reader moves or it has settled: rows are known by their numbers
 * to the list, and those change.
 */
function usePlace(
  rows: readonly Row[],
  list: VirtualList,
  letGo: () => void,
  scroller: RefObject<HTMLElement | null>,
): (place: Place) => void {
  const place = useRef<Place | undefined>(undefined);
  const go = (): void => {
    const at = rows.findIndex(({ line }) => line.key === place.current?.key);
    if (at < 0) return;
    letGo();
    list.scrollToIndex(at, { align: place.current?.align ?? 'center' });
  };
  useLayoutEffect(() => {
    if (place.current !== undefined) go();
  }, [rows]);
  useEffect(() => {
    const box = scroller.current;
    const leave = (): void => {
      place.current = undefined;
    };
    const signs = ['wheel', 'touchstart', 'pointerdown', 'keydown'];
    for (const sign of signs) box?.addEventListener(sign, leave, { passive: true });
    return () => {
      for (const sign of signs) box?.removeEventListener(sign, leave);
    };
  }, [scroller]);
  return (next) => {
    place.current = next;
    go();
    setTimeout(() => {
      if (place.current === next) place.current = undefined;
    }, SETTLE_MS);
  };
}

/** Where a room is opened: at its unread line, or at its end. */
function useFirstPlace(rows: readonly Row[], list: VirtualList, goTo: (place: Place) => void): void {
  const placed = useRef(false);
  useLayoutEffect(() => {
    if (placed.current || rows.length === 0) return;
    placed.current = true;
    if (talk.target.peek() !== undefined) return;
    const unread = rows.find((row) => row.unread);
    if (unread === undefined || unread === rows[0]) list.scrollToEnd();
    else goTo({ key: unread.line.key, align: 'start' });
  });
}

/** True while something of others' came below what the reader sees. Own words are followed wherever the reader was. */
function useBelow(rows: readonly Row[], near: boolean, live: boolean): boolean {
  const [below, setBelow] = useState(false);
  const seen = useRef(rows.at(-1)?.line.key);
  useEffect(() => {
    const line = rows.at(-1)?.line;
    if (near) setBelow(false);
    if (line === undefined || line.key === seen.current) return;
    const began = seen.current === undefined;
    seen.current = line.key;
    if (!near && !began && live && line.kind !== 'note') setBelow(true);
  }, [rows, near]);
  return below;
}

/** Goes to a message that was looked up. Returns the key of the row that is marked. */
function useTarget(rows: readonly Row[], goTo: (place: Place) => void): string | undefined {
  const [marked, setMarked] = useState<string | undefined>(undefined);
  const target = talk.target.value;
  useEffect(() => {
    if (target === undefined || !rows.some(({ line }) => line.key === target)) return;
    talk.target.value = undefined;
    goTo({ key: target, align: 'center' });
    setMarked(target);
    setTimeout(() => setMarked(undefined), MARKED_MS);
  }, [target, rows]);
  return marked;
}

interface Keys {
  readonly onKeyDown: (event: KeyboardEvent) => void;
}

/** Arrow keys go from message to message; Enter opens the menu of the one that is focused. */
function useKeys(rows: readonly Row[], list: VirtualList, scroller: RefObject<HTMLElement | null>): Keys {
  /** The row that is to be focused once it is drawn: keys may come faster than frames. */
  const wanted = useRef<number | undefined>(undefined);
  const focusRow = (at: number): void => {
    wanted.current = at;
    list.scrollToIndex(at, { align: 'auto' });
    let frames = 0;
    const focus = (): void => {
      if (wanted.current !== at) return;
      const row = scroller.current?.querySelector(`[data-index="${at}"]`);
      frames += 1;
      if (row instanceof HTMLElement) row.focus({ preventScroll: true });
      else if (frames < FRAMES_MAX) return void requestAnimationFrame(focus);
      wanted.current = undefined;
    };
    requestAnimationFrame(focus);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const { target } = event;
    if (!(target instanceof HTMLElement) || event.ctrlKey || event.metaKey || event.altKey) return;
    const row = target.dataset['index'];
    if (target !== scroller.current && row === undefined) return;
    const at = wanted.current ?? (row === undefined ? rows.length : Number(row));
    const line = rows[at]?.line;
    if (event.key === 'ArrowUp' && at > 0) focusRow(at - 1);
    else if (event.key === 'ArrowDown' && at < rows.length - 1) focusRow(at + 1);
    else if (event.key === 'End') list.scrollToEnd();
    else if (event.key === 'Enter' && line?.kind === 'message') openMessageMenu(line.message, target);
    else if (event.key === 'Escape' && row !== undefined) document.getElementById('message-field')?.focus();
    else return;
    event.preventDefault();
  };
  return { onKeyDown };
}

/** What was seen is read: up to the last message in sight, while somebody looks. */
function useRead(rows: readonly Row[], list: VirtualList): void {
  const read = useRef(0);
  const look = useRef<() => void>(() => undefined);
  look.current = (): void => {
    if (document.hidden || tab.peek() !== 'chat') return;
    const message = lastMessage(rows, list.range?.endIndex ?? -1);
    const current = talk.current.peek();
    if (message === undefined || current === undefined) return;
    const { created } = message;
    if (created <= Math.max(current.readTo, read.current)) return;
    read.current = created;
    currentTalk()?.read(current.id, created);
  };
  useEffect(() => look.current());
  useEffect(() => {
    const onVisible = (): void => {
      talk.away(document.hidden);
      look.current();
    };
    document.addEventListener('visibilitychange', onVisible);
    const stop = tab.subscribe(() => look.current());
    return () => {
      document.removeEventListener('visibilitychange', onVisible);
      stop();
    };
  }, []);
}

function lastMessage(rows: readonly Row[], from: number): MessageView | undefined {
  for (let at = from; at >= 0; at -= 1) {
    const line = rows[at]?.line;
    if (line?.kind === 'message') return line.message;
  }
  return undefined;
}
