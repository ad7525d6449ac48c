// What a new pool shows instead of a conversation: how others get here.
import type { VNode } from 'preact';
import { shareLink, store } from '../app.ts';
import styles from './conversation.module.css';
import { QrCode } from './qr-code.tsx';

export function EmptyPool(): VNode {
  const touch = matchMedia('(pointer: coarse)').matches;
  const alone = store.peers.value.length === 0;
  return (
    <div class={styles['empty']}>
      {alone && <QrCode text={shareLink()} />}
      <p class={styles['emptyTitle']}>{alone ? 'A quiet pool' : 'Still water'}</p>
      <p class={styles['emptyText']}>
        {alone
          ? 'Show this code to a phone, or send the link. Whoever follows it appears here.'
          : touch
            ? 'Say hello, or attach a file. Both go to everyone here.'
            : 'Say hello, or drop files anywhere on this page. They go to everyone here.'}
      </p>
      {alone && <p class={styles['emptyLink']}>{shareLink()}</p>}
    </div>
  );
}
