// The signature of Rockpool: a transfer as a thin current. Its length is the progress, its thickness at each point the
// speed the transfer had there. The same element stands in the card, in the Transfers panel and beside a person.
import type { VNode } from 'preact';
import { cx } from '../cx.ts';
import { fraction } from '../format.ts';
import { toneOf } from '../sentences.ts';
import type { TransferState } from '../state.ts';
import { currentPath } from '../trace.ts';
import styles from './current.module.css';

interface CurrentProps {
  readonly transfer: TransferState;
  readonly size?: 'thin' | 'full';
}

export function Current({ transfer, size = 'full' }: CurrentProps): VNode {
  const view = transfer.view.value;
  const tone = toneOf(view);
  const done = tone === 'done' ? 1 : fraction(view.doneBytes, view.bytes);
  return (
    <div
      class={cx(styles['current'], styles[size], styles[tone], styles[view.direction])}
      style={{ '--done': done.toFixed(4) }}
      role="progressbar"
      aria-label={view.name}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.floor(done * 100)}
    >
      <span class={styles['reach']}>
        <svg class={styles['water']} viewBox="0 0 100 2" preserveAspectRatio="none" aria-hidden="true">
          <path d={currentPath(transfer.trace.value, view.state === 'ended' ? done : undefined)} />
        </svg>
      </span>
      {tone === 'live' && <span class={styles['head']} />}
    </div>
  );
}
