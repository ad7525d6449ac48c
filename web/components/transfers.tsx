// The Transfers panel: what is under way in the order it is served, what has ended, and in a second tab the history.
import type { VNode } from 'preact';
import { useComputed, useSignal } from '@preact/signals';
import { store } from '../app.ts';
import { countOf, formatDuration, formatPercent, formatSpeed } from '../format.ts';
import type { TransferState } from '../state.ts';
import { totalsOf } from '../totals.ts';
import { HistoryPanel } from './history-panel.tsx';
import { Icon } from './icons.tsx';
import { RateCap } from './rate-cap.tsx';
import rows from './rows.module.css';
import { TabList } from './tab-list.tsx';
import { TransferRow } from './transfer-row.tsx';
import styles from './transfers.module.css';
import { Button } from './ui.tsx';

/** Transfers under way drawn at most: a batch of hundreds runs in the order of the list, its end waits. */
const ACTIVE_SHOWN = 40;
/** Ended transfers drawn at most. */
const ENDED_SHOWN = 60;

type Part = 'now' | 'history';
const parts: readonly { readonly id: Part; readonly label: string }[] = [
  { id: 'now', label: 'Now' },
  { id: 'history', label: 'History' },
];

export function Transfers(): VNode {
  const part = useSignal<Part>('now');
  return (
    <>
      <header class={styles['head']}>
        <h2 class={styles['title']}>Transfers</h2>
        <TabList
          name="part"
          label="Parts of the list"
          parts={parts}
          chosen={part.value}
          onChoose={(id) => {
            part.value = id;
          }}
        />
        <RateCap />
      </header>
      <div id="part-body" class={styles['body']} role="tabpanel" aria-labelledby={`part-${part.value}`}>
        {part.value === 'now' ? <Now /> : <HistoryPanel />}
      </div>
    </>
  );
}

function Now(): VNode {
  const active = useComputed(inOrder).value;
  const ended = store.transfers.value.filter((transfer) => transfer.state.value === 'ended' && hasMoved(transfer));
  return (
    <>
      <TotalLine />
      {active.length + ended.length === 0 && (
        <p class={rows['empty']}>Still water. Files on their way show here as currents.</p>
      )}
      <ul role="list" aria-label="Under way">
        {active.slice(0, ACTIVE_SHOWN).map((transfer) => (
          <TransferRow key={transfer.key} transfer={transfer} />
        ))}
      </ul>
      {active.length > ACTIVE_SHOWN && (
        <p class={styles['more']}>and {countOf(active.length - ACTIVE_SHOWN, 'more file')} to come</p>
      )}
      {ended.length > 0 && (
        <>
          <div class={styles['section']}>
            <h3 class={rows['title']}>Ended</h3>
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
          <ul role="list" aria-label="Ended">
            {ended.slice(0, ENDED_SHOWN).map((transfer) => (
              <TransferRow key={transfer.key} transfer={transfer} />
            ))}
          </ul>
        </>
      )}
    </>
  );
}

/** Incoming ones as the queue has them, then outgoing ones, oldest first. */
function inOrder(): readonly TransferState[] {
  const queue = new Map(store.queue.value.map((id, place) => [id, place]));
  const place = (transfer: TransferState): number => queue.get(transfer.id) ?? Infinity;
  return store.transfers.value
    .filter((transfer) => transfer.state.value !== 'ended')
    .toReversed()
    .toSorted((one, other) => (place(one) === place(other) ? 0 : place(one) - place(other)));
}

/** All that is under way as one: how far, how fast, how long. */
function TotalLine(): VNode | null {
  const totals = useComputed(() =>
    totalsOf(store.transfers.value.filter(({ state }) => state.value !== 'ended').map(({ view }) => view.value)),
  ).value;
  if (totals.count === 0) return null;
  const down = formatSpeed(totals.downBytesPerSecond);
  const up = formatSpeed(totals.upBytesPerSecond);
  return (
    <p class={styles['totals']} aria-label="All together" aria-live="off">
      <span class={styles['totalPercent']}>{formatPercent(totals.doneBytes, totals.bytes)}</span>
      <span>of {countOf(totals.count, 'transfer')}</span>
      {down !== '' && (
        <span class={styles['rate']}>
          <Icon name="down" size={14} /> {down}
        </span>
      )}
      {up !== '' && (
        <span class={styles['rate']}>
          <Icon name="up" size={14} /> {up}
        </span>
      )}
      {totals.secondsLeft !== undefined && (
        <span class={styles['left']}>{formatDuration(totals.secondsLeft)} left</span>
      )}
    </p>
  );
}

/** An offer that was declined or withdrawn before a byte moved was never a transfer to anyone. */
function hasMoved(transfer: TransferState): boolean {
  const { doneBytes, end } = transfer.view.peek();
  return doneBytes > 0 || (end !== 'declined' && end !== 'withdrawn' && end !== 'cancelled');
}
