// Under one's own offer: a line for each person who took it, from the first percent to "Verified by Mara".
import type { VNode } from 'preact';
import type { Audience } from '../audience.ts';
import { cx } from '../cx.ts';
import { formatPercent, formatSpeed, formatTimeLeft } from '../format.ts';
import { endSentence, toneOf, waitSentence } from '../sentences.ts';
import { store } from '../app.ts';
import { audienceName } from '../recipients.ts';
import type { OfferState, TransferState } from '../state.ts';
import { Current } from './current.tsx';
import styles from './offer.module.css';
import status from './status.module.css';
import { Verified } from './transfer-status.tsx';
import { Stone } from './ui.tsx';

/** Lines drawn at most; more receivers than this are summed up. */
const LINES_MAX = 40;

export function Receivers({ offer }: { readonly offer: OfferState }): VNode | null {
  const view = offer.view.value;
  const byPeer = groupByPeer(offer.transfers.value);
  if (byPeer.size === 0) return view.state === 'open' ? <Waiting to={view.to} /> : null;
  const lines = [...byPeer].slice(0, LINES_MAX);
  return (
    <ul class={styles['receivers']} role="list">
      {lines.map(([peer, transfers]) => (
        // The last round only: someone who left and came back was offered everything again.
        <Receiver key={peer} peer={peer} transfers={lastRound(transfers)} />
      ))}
      {byPeer.size > LINES_MAX && <li class={status['status']}>and {byPeer.size - LINES_MAX} more people</li>}
    </ul>
  );
}

function Waiting({ to }: { readonly to: Audience }): VNode {
  const here = store.peers.value.some(({ id }) => to?.includes(id) ?? true);
  const whoComes = to === undefined ? 'Nobody else is here yet. Whoever joins is offered it.' : notHere(to);
  return <p class={styles['outcome']}>{here ? 'Waiting for an answer.' : whoComes}</p>;
}

const notHere = (to: readonly string[]): string => `Waiting for ${audienceName(to)} to be here. It is offered then.`;

function Receiver({ peer, transfers }: { readonly peer: string; readonly transfers: readonly TransferState[] }): VNode {
  const views = transfers.map((transfer) => transfer.view.value);
  const name = views[0]?.peerName ?? '';
  const running = transfers.find((transfer) => transfer.state.value === 'running');
  const still = views.find((each) => each.state !== 'running' && each.state !== 'ended');
  const bytes = sum(views.map((each) => each.bytes));
  const done = sum(views.map((each) => each.doneBytes));
  const speed = sum(views.map((each) => (each.state === 'running' ? each.bytesPerSecond : 0)));
  const bad = views.find((each) => each.state === 'ended' && each.end !== 'verified');
  const verified = views.every((each) => each.end === 'verified');
  return (
    <li class={styles['receiver']}>
      <Stone id={peer} name={name} small />
      <div class={styles['about']}>
        {running !== undefined ? (
          <>
            <p class={status['status']} aria-live="off">
              <bdi class={styles['receiverName']}>{name}</bdi>
              <span class={status['percent']}>{formatPercent(done, bytes)}</span>
              <span class={status['pace']}>
                {[formatSpeed(speed), formatTimeLeft(bytes - done, speed)].filter(Boolean).join(' · ')}
              </span>
            </p>
            <Current transfer={running} size="thin" />
          </>
        ) : still !== undefined ? (
          <p class={status['status']}>
            <bdi class={styles['receiverName']}>{name}</bdi> {waitSentence(still)}
          </p>
        ) : verified ? (
          <p class={status['status']}>
            <Verified by={name} />
          </p>
        ) : (
          bad !== undefined && (
            <p class={cx(status['status'], toneOf(bad) === 'failed' && status['failed'])}>{endSentence(bad)}</p>
          )
        )}
      </div>
    </li>
  );
}

/** The newest of each file. */
function lastRound(transfers: readonly TransferState[]): readonly TransferState[] {
  return [...new Map(transfers.map((transfer) => [transfer.id, transfer])).values()];
}

function sum(figures: readonly number[]): number {
  return figures.reduce((total, figure) => total + figure, 0);
}

function groupByPeer(transfers: readonly TransferState[]): ReadonlyMap<string, readonly TransferState[]> {
  const groups = new Map<string, TransferState[]>();
  for (const transfer of transfers) {
    const { peer } = transfer.view.peek();
    const group = groups.get(peer);
    if (group === undefined) groups.set(peer, [transfer]);
    else group.push(transfer);
  }
  return groups;
}
