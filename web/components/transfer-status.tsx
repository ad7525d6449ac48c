// One line on a transfer: percent, speed and time left while it runs; what it waits for; "Verified" or the plain reason when
// it ended.
import type { VNode } from 'preact';
import { cx } from '../cx.ts';
import { formatDuration, formatPercent, formatSpeed, formatTimeLeft } from '../format.ts';
import { endSentence, toneOf, waitSentence } from '../sentences.ts';
import type { TransferState } from '../state.ts';
import { Icon } from './icons.tsx';
import styles from './status.module.css';

export function TransferStatus({ transfer }: { readonly transfer: TransferState }): VNode {
  const view = transfer.view.value;
  const tone = toneOf(view);
  if (view.state === 'running') {
    const pace = [formatSpeed(view.bytesPerSecond), formatTimeLeft(view.bytes - view.doneBytes, view.bytesPerSecond)];
    return (
      <p class={styles['status']} aria-live="off">
        <span class={styles['percent']}>{formatPercent(view.doneBytes, view.bytes)}</span>
        <span class={styles['pace']}>{pace.filter(Boolean).join(' · ')}</span>
      </p>
    );
  }
  if (tone === 'still') return <p class={styles['status']}>{waitSentence(view)}</p>;
  if (tone !== 'done') {
    return <p class={cx(styles['status'], tone === 'failed' && styles['failed'])}>{endSentence(view)}</p>;
  }
  return (
    <p class={styles['status']}>
      <Verified />
      <span class={styles['pace']}>{took(view.bytes - view.keptBytes, view.seconds)}</span>
    </p>
  );
}

export function Verified({ by }: { readonly by?: string }): VNode {
  return (
    <span class={styles['verified']}>
      <Icon name="check" size={16} />
      <span>{by === undefined ? 'Verified' : `Verified by ${by}`}</span>
    </span>
  );
}

/** Nothing for what was over in a blink: its figures would say more about the clock than about the path. */
function took(bytes: number, seconds: number): string {
  return seconds < 1 ? '' : `${formatDuration(seconds)} · ${formatSpeed(bytes / seconds)}`;
}
