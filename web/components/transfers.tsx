// The Transfers panel: everything that moves or has moved, newest first. To look at only: answers live in the cards.
import type { VNode } from 'preact';
import { useComputed } from '@preact/signals';
import { store } from '../app.ts';
import { countOf, formatBytes, formatSpeed } from '../format.ts';
import type { TransferState } from '../state.ts';
import { Current } from './current.tsx';
import { Icon } from './icons.tsx';
import { TransferStatus } from './transfer-status.tsx';
import styles from './transfers.module.css';
import { Button } from './ui.tsx';

/** Running transfers drawn at most: a batch of hundreds runs in the order of the list, its end waits. */
const RUNNING_SHOWN = 40;
/** Ended transfers drawn at most. */
const ENDED_SHOWN = 60;

export function Transfers(): VNode {
  const running = store.transfers.value.filter((transfer) => transfer.state.value === 'running');
  const ended = store.transfers.value.filter((transfer) => transfer.state.value === 'ended' && hasMoved(transfer));
  return (
    <>
      <header class={styles['head']}>
        <h2 class={styles['title']}>Transfers</h2>
        <Totals />
      </header>
      <div class={styles['body']}>
        {running.length + ended.length === 0 && (
          <p class={styles['empty']}>Still water. Files on their way show here as currents.</p>
        )}
        <ul role="list">
          {running.slice(-RUNNING_SHOWN).map((transfer) => (
            <Row key={transfer.key} transfer={transfer} />
          ))}
        </ul>
        {running.length > RUNNING_SHOWN && (
          <p class={styles['more']}>and {countOf(running.length - RUNNING_SHOWN, 'more file')} to come</p>
        )}
        {ended.length > 0 && (
          <>
            <div class={styles['section']}>
              <h3 class={styles['sectionTitle']}>Ended</h3>
              <Button
                look="quiet"
                small
                onClick={() => {
                  store.clearEnded();
                }}
              >
                Clear
              </Button>
            </div>
            <ul role="list">
              {ended.slice(0, ENDED_SHOWN).map((transfer) => (
                <Row key={transfer.key} transfer={transfer} />
              ))}
            </ul>
          </>
        )}
      </div>
    </>
  );
}

function Row({ transfer }: { readonly transfer: TransferState }): VNode {
  const view = transfer.view.value;
  return (
    <li class={styles['row']}>
      <p class={styles['line']}>
        <bdi class={styles['name']} title={view.name}>
          {view.name}
        </bdi>
        <span class={styles['size']}>{formatBytes(view.bytes)}</span>
      </p>
      <Current transfer={transfer} />
      <p class={styles['peer']}>
        <Icon name={view.direction === 'in' ? 'down' : 'up'} size={14} />
        <span>
          {view.direction === 'in' ? 'from' : 'to'} <bdi>{view.peerName}</bdi>
        </span>
      </p>
      <TransferStatus transfer={transfer} />
    </li>
  );
}

/** What flows in and out altogether. */
function Totals(): VNode {
  const totals = useComputed(() => {
    let down = 0;
    let up = 0;
    for (const transfer of store.transfers.value) {
      if (transfer.state.value !== 'running') continue;
      const { direction, bytesPerSecond } = transfer.view.value;
      if (direction === 'in') down += bytesPerSecond;
      else up += bytesPerSecond;
    }
    return { down: formatSpeed(down), up: formatSpeed(up) };
  }).value;
  return (
    <p class={styles['totals']}>
      {totals.down !== '' && (
        <span>
          <Icon name="down" size={14} /> {totals.down}
        </span>
      )}
      {totals.up !== '' && (
        <span>
          <Icon name="up" size={14} /> {totals.up}
        </span>
      )}
    </p>
  );
}

/** An offer that was declined or withdrawn before a byte moved was never a transfer to anyone. */
function hasMoved(transfer: TransferState): boolean {
  const { doneBytes, end } = transfer.view.peek();
  return doneBytes > 0 || (end !== 'declined' && end !== 'withdrawn' && end !== 'cancelled');
}
