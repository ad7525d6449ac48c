// The conversation: messages, offers and notes in order, with a line for each day. It stays at the end while the reader
// is there, and says so quietly when something new arrives while they read further up.
import type { VNode } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { assertNever } from '../assert.ts';
import { store } from '../app.ts';
import { dayKey, formatDay } from '../format.ts';
import { tab, unread } from '../pool-view.ts';
import type { Entry } from '../state.ts';
import styles from './conversation.module.css';
import { Cursors } from './cursors.tsx';
import { EmptyPool } from './empty-pool.tsx';
import { Icon } from './icons.tsx';
import { Message } from './message.tsx';
import { OfferCard } from './offer-card.tsx';

/** Nearer to the end than this counts as being there, pixels. */
const END_SLACK = 48;
/** Messages of one person within this time share one heading, milliseconds. */
const GROUP_MS = 300_000;

export function Conversation(): VNode {
  const entries = store.entries.value;
  const frame = useRef<HTMLDivElement>(null);
  const scroller = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const top = useRef(0);
  const seen = useRef<string | undefined>(entries.at(-1)?.key);
  const [below, setBelow] = useState(false);

  const toEnd = (): void => {
    const box = scroller.current;
    if (box !== null) box.scrollTop = box.scrollHeight;
  };
  const onScroll = (): void => {
    const box = scroller.current;
    if (box === null) return;
    const near = box.scrollHeight - box.scrollTop - box.clientHeight < END_SLACK;
    // Only a move upwards leaves the end: content that grows below also scrolls, and is followed.
    atEnd.current = near || (atEnd.current && box.scrollTop >= top.current);
    top.current = box.scrollTop;
    if (near) {
      setBelow(false);
      if (!document.hidden) unread.value = 0;
    }
  };

  useLayoutEffect(() => {
    const last = entries.at(-1);
    if (last === undefined || last.key === seen.current) return;
    const since = entries.findIndex((entry) => entry.key === seen.current) + 1;
    const fresh = entries.slice(since).filter(isFromOthers).length;
    seen.current = last.key;
    if (isOwn(last)) atEnd.current = true;
    if (atEnd.current) toEnd();
    else if (fresh > 0) setBelow(true);
    if (fresh > 0 && (document.hidden || !atEnd.current || tab.peek() !== 'chat')) unread.value += fresh;
  }, [entries]);

  useEffect(() => {
    // Cards grow as transfers begin, and the box shrinks as a keyboard opens: the end stays in sight through both.
    const observer = new ResizeObserver(() => {
      if (atEnd.current) toEnd();
    });
    if (scroller.current !== null) observer.observe(scroller.current);
    if (content.current !== null) observer.observe(content.current);
    const onVisible = (): void => {
      if (!document.hidden && atEnd.current && tab.peek() === 'chat') unread.value = 0;
    };
    document.addEventListener('visibilitychange', onVisible);
    const stopTab = tab.subscribe(onVisible);
    return () => {
      observer.disconnect();
      document.removeEventListener('visibilitychange', onVisible);
      stopTab();
      unread.value = 0;
    };
  }, []);

  return (
    <div ref={frame} class={styles['frame']}>
      <div ref={scroller} class={styles['scroller']} onScroll={onScroll}>
        <div
          ref={content}
          class={styles['log']}
          role="log"
          aria-label="Conversation"
          aria-live="polite"
          aria-relevant="additions"
          tabIndex={-1}
        >
          {!entries.some((entry) => entry.kind !== 'note') && <EmptyPool />}
          {entries.map((entry, at) => (
            <Line key={entry.key} entry={entry} before={entries[at - 1]} />
          ))}
        </div>
      </div>
      <Cursors board={frame} />
      {below && (
        <button
          type="button"
          class={styles['pill']}
          onClick={() => {
            toEnd();
          }}
        >
          <Icon name="down" size={16} /> New below
        </button>
      )}
    </div>
  );
}

function Line({ entry, before }: { readonly entry: Entry; readonly before: Entry | undefined }): VNode {
  const newDay = before === undefined || dayKey(before.atMs) !== dayKey(entry.atMs);
  const follows = !newDay && continues(entry, before);
  // The same node again tells Preact that nothing changed: a new line does not redraw the hundreds before it.
  const body = useMemo(() => bodyOf(entry, follows), [entry, follows]);
  return (
    <>
      {newDay && (
        <p class={styles['day']}>
          <span>{formatDay(entry.atMs, Date.now())}</span>
        </p>
      )}
      {body}
    </>
  );
}

function bodyOf(entry: Entry, follows: boolean): VNode {
  switch (entry.kind) {
    case 'message':
      return <Message message={entry.message} atMs={entry.atMs} follows={follows} />;
    case 'offer':
      return <OfferCard offer={entry.offer} atMs={entry.atMs} />;
    case 'note':
      return <p class={styles['note']}>{entry.text}</p>;
    default:
      return assertNever(entry);
  }
}

function continues(entry: Entry, before: Entry | undefined): boolean {
  return (
    entry.kind === 'message' &&
    before?.kind === 'message' &&
    before.message.from === entry.message.from &&
    entry.atMs - before.atMs < GROUP_MS
  );
}

function isOwn(entry: Entry): boolean {
  return (entry.kind === 'message' && entry.message.own) || (entry.kind === 'offer' && entry.offer.view.peek().own);
}

function isFromOthers(entry: Entry): boolean {
  return entry.kind !== 'note' && !isOwn(entry);
}
