// The calm line that says the server is gone; it never hides that links to people stay up.
import type { VNode } from 'preact';
import { store } from '../app.ts';
import { RetryCountdown } from './countdown.tsx';
import styles from './pool.module.css';

export function Banner(): VNode {
  const way = store.backhaul.value;
  return (
    <div role="status">
      {way.state !== 'open' && (
        <p class={styles['banner']}>
          <span class={styles['bannerDot']} aria-hidden="true" />
          <span>
            Server unreachable. Links to people stay up;{' '}
            {way.state === 'waiting' ? <RetryCountdown retryAtMs={way.retryAtMs} /> : 'trying again now.'}
          </span>
        </p>
      )}
    </div>
  );
}
