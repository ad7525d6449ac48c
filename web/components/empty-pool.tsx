// What stands where nothing was said yet: in a new pool how others get here, in a room who reads it.
import type { VNode } from 'preact';
import { shareLink, store } from '../app.ts';
import { listNames } from '../format.ts';
import { talk } from '../talk.ts';
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

export function EmptyRoom(): VNode {
  const { account } = talk.self.value;
  const others = (talk.current.value?.accounts ?? []).filter((each) => each !== account);
  const names = listNames(['you', ...others.map((each) => talk.nameOf(each) || 'somebody')], 6);
  return (
    <div class={styles['empty']}>
      <p class={styles['emptyTitle']}>Still water</p>
      <p class={styles['emptyText']}>Only {names} can read what is said here.</p>
    </div>
  );
}
