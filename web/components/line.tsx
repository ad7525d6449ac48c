// One row of the conversation: the line itself and what stands before it, a new day or the beginning of what is unread.
import type { VNode } from 'preact';
import { useMemo } from 'preact/hooks';
import { assertNever } from '../assert.ts';
import { countOf, formatDay } from '../format.ts';
import type { Line as LineOf, Row } from '../lines.ts';
import type { OfferState } from '../state.ts';
import styles from './conversation.module.css';
import { Icon } from './icons.tsx';
import { Message } from './message.tsx';
import { OfferCard } from './offer-card.tsx';

export function Line({ row: { line, newDay, unread, follows } }: { readonly row: Row }): VNode {
  // The same node again tells Preact that nothing changed: a new line does not redraw those before it.
  const body = useMemo(() => bodyOf(line, follows), [contentOf(line), offerOf(line), follows]);
  return (
    <>
      {newDay && (
        <p class={styles['day']}>
          <span>{formatDay(line.atMs, Date.now())}</span>
        </p>
      )}
      {unread && (
        <p class={styles['unread']}>
          <span>New</span>
        </p>
      )}
      {body}
    </>
  );
}

/** What a line shows, as one value: it is drawn again when that is another. */
function contentOf(line: LineOf): unknown {
  if (line.kind === 'message') return line.message;
  if (line.kind === 'gap') return line.gap;
  return line.kind === 'sealed' ? line.count : line.key;
}

const offerOf = (line: LineOf): OfferState | undefined => (line.kind === 'message' ? line.offer : undefined);

function bodyOf(line: LineOf, follows: boolean): VNode {
  switch (line.kind) {
    case 'message':
      if (line.offer !== undefined) return <OfferCard offer={line.offer} atMs={line.atMs} message={line.message} />;
      return <Message message={line.message} follows={follows} />;
    case 'offer':
      return <OfferCard offer={line.offer} atMs={line.atMs} />;
    case 'note':
      return <p class={styles['note']}>{line.text}</p>;
    case 'sealed':
      return (
        <p class={styles['sealed']}>
          <Icon name="lock" size={14} />
          {line.count === 1 ? 'A sealed message' : `${line.count} sealed messages`}: the key is not for this device, or
          has not arrived yet.
        </p>
      );
    case 'gap':
      return (
        <p class={styles['missing']}>
          {countOf(line.gap.count, 'message')} from <bdi>{line.gap.name}</bdi> may be missing. Nobody here has{' '}
          {line.gap.count === 1 ? 'it' : 'them'}.
        </p>
      );
    default:
      return assertNever(line);
  }
}
