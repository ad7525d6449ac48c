// One line of what a search brought up.
import type { VNode } from 'preact';
import { store } from '../app.ts';
import { assertNever } from '../assert.ts';
import { cx } from '../cx.ts';
import { formatMoment } from '../format.ts';
import { plainText } from '../markdown.ts';
import { roomTitle } from '../rooms.ts';
import { snippetOf, type Found } from '../search.ts';
import { talk } from '../talk.ts';
import { Icon } from './icons.tsx';
import styles from './palette.module.css';
import { Stone } from './ui.tsx';

interface PaletteLineProps {
  readonly id: string;
  readonly found: Found;
  readonly words: readonly string[];
  readonly heading: string | undefined;
  readonly active: boolean;
  readonly onPoint: () => void;
  readonly onOpen: () => void;
}

export function PaletteLine({ id, found, words, heading, active, onPoint, onOpen }: PaletteLineProps): VNode {
  return (
    <>
      {heading !== undefined && (
        <p class={styles['heading']} aria-hidden="true">
          {heading}
        </p>
      )}
      {/* The keys of the field above choose it; a pointer presses it. */}
      <div
        id={id}
        class={cx(styles['found'], active && styles['active'])}
        role="option"
        tabIndex={-1}
        aria-selected={active}
        onPointerMove={onPoint}
        onClick={onOpen}
      >
        <Body found={found} words={words} />
      </div>
    </>
  );
}

function Body({ found, words }: Pick<PaletteLineProps, 'found' | 'words'>): VNode {
  switch (found.kind) {
    case 'room':
      return (
        <>
          <Icon name={found.room.kind === 'whisper' ? 'whisper' : found.room.kind === 'zone' ? 'zone' : 'people'} />
          <bdi class={styles['main']}>{found.title}</bdi>
          {found.room.unread > 0 && <span class={styles['side']}>{found.room.unread} unread</span>}
        </>
      );
    case 'person':
      return (
        <>
          <Stone id={found.person.account} name={found.person.name} small />
          <bdi class={styles['main']}>{found.person.name}</bdi>
          <span class={styles['side']}>{found.person.here ? 'whisper' : 'away'}</span>
        </>
      );
    case 'pool':
      return (
        <>
          <Icon name="link" />
          <span class={styles['main']}>{found.pool}</span>
          <span class={styles['side']}>{found.known ? 'go there' : 'join'}</span>
        </>
      );
    case 'message':
      return <Message found={found} words={words} />;
    default:
      return assertNever(found);
  }
}

interface MessageProps {
  readonly found: Extract<Found, { kind: 'message' }>;
  readonly words: readonly string[];
}

function Message({ found, words }: MessageProps): VNode {
  const { pool, message } = found.found;
  return (
    <div class={styles['message']}>
      <p class={styles['facts']}>
        <bdi>{message.own ? 'You' : message.name}</bdi>
        <span>{placeOf(pool, message.room)}</span>
        <time dateTime={new Date(message.sentMs).toISOString()}>{formatMoment(message.sentMs, Date.now())}</time>
      </p>
      <p class={styles['text']} dir="auto">
        {snippetOf(plainText(message.text), words).map(({ text, match }, at) =>
          match ? <mark key={at}>{text}</mark> : text,
        )}
      </p>
    </div>
  );
}

/** Of another pool its code, of this one the room. */
function placeOf(pool: string, id: string): string {
  if (pool !== store.pool.value) return pool;
  const room = talk.rooms.value.find((each) => each.id === id);
  return room === undefined ? '' : roomTitle(room, talk.self.value.account, (account) => talk.nameOf(account));
}
