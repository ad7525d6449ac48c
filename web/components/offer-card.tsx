// An offer in the conversation: what is offered, the answer to it, and how each transfer goes until it is saved.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { accept, cancelAll, decline, save, withdraw } from '../actions.ts';
import type { OfferView } from '../../src/client.ts';
import { cx } from '../cx.ts';
import { countOf, formatBytes, formatClock } from '../format.ts';
import type { OfferState, TransferState } from '../state.ts';
import { Current } from './current.tsx';
import { FileLine } from './file-line.tsx';
import styles from './offer.module.css';
import { Receivers } from './receivers.tsx';
import { TransferStatus } from './transfer-status.tsx';
import { Button, Stone } from './ui.tsx';

/** Files shown at first; a longer list opens on demand. */
const SHOWN = 6;

export function OfferCard({ offer, atMs }: { readonly offer: OfferState; readonly atMs: number }): VNode {
  const view = offer.view.value;
  const waiting = !view.own && view.state === 'open';
  return (
    <div class={cx(styles['offer'], view.own && styles['own'])}>
      {!view.own && <Stone id={view.from} name={view.name} />}
      <article class={cx(styles['card'], waiting && styles['open'])} aria-label={headline(view)}>
        <p class={styles['head']}>
          <span class={styles['what']}>
            <bdi>{view.own ? 'You' : view.name}</bdi> {view.own ? 'offer' : 'offers'} {amount(view)}
          </span>
          <time dateTime={new Date(atMs).toISOString()}>{formatClock(atMs)}</time>
        </p>
        {view.own ? <Own offer={offer} /> : <Incoming offer={offer} />}
      </article>
    </div>
  );
}

function Incoming({ offer }: { readonly offer: OfferState }): VNode {
  const view = offer.view.value;
  const transfers = offer.transfers.value;
  const active = transfers.some((transfer) => transfer.state.value !== 'ended');
  return (
    <>
      <Files
        count={view.files.length}
        line={(at) => {
          const file = view.files[at];
          const transfer = transferFor(view, transfers, at);
          if (file === undefined) return null;
          return transfer === undefined || view.state === 'open' ? (
            <FileLine name={file.name} bytes={file.bytes} />
          ) : (
            <IncomingFile transfer={transfer} />
          );
        }}
      />
      {view.state === 'open' && (
        <div class={styles['actions']}>
          <Button
            look="primary"
            onClick={() => {
              accept(view.id);
            }}
          >
            Accept
          </Button>
          <Button
            onClick={() => {
              decline(view.id);
            }}
          >
            Decline
          </Button>
        </div>
      )}
      {view.state === 'accepted' && active && (
        <div class={styles['actions']}>
          <Button
            small
            onClick={() => {
              cancelAll(transfers.map((transfer) => transfer.view.peek()));
            }}
          >
            Cancel
          </Button>
        </div>
      )}
      {view.state === 'declined' && <p class={styles['outcome']}>You declined.</p>}
      {view.state === 'withdrawn' && transfers.length === 0 && <p class={styles['outcome']}>No longer offered.</p>}
    </>
  );
}

function IncomingFile({ transfer }: { readonly transfer: TransferState }): VNode {
  const view = transfer.view.value;
  const id = `file-${transfer.key}`;
  const moved = view.state === 'running' || view.doneBytes > 0 || view.end === 'verified';
  return (
    <FileLine
      id={id}
      name={view.name}
      bytes={view.bytes}
      action={
        view.end === 'verified' && view.location !== undefined ? (
          <Button
            look="primary"
            small
            describedBy={id}
            onClick={() => {
              void save(view);
            }}
          >
            Save
          </Button>
        ) : undefined
      }
    >
      {moved && <Current transfer={transfer} />}
      {view.end !== 'declined' && <TransferStatus transfer={transfer} />}
    </FileLine>
  );
}

function Own({ offer }: { readonly offer: OfferState }): VNode {
  const view = offer.view.value;
  const transfers = offer.transfers.value;
  const ended = transfers.filter((transfer) => transfer.state.value === 'ended').length;
  // Once something arrived and nothing moves there is nothing left to cancel, only newcomers to stop offering to.
  const settled = ended > 0 && ended === transfers.length;
  return (
    <>
      <Files
        count={view.files.length}
        line={(at) => {
          const file = view.files[at];
          return file === undefined ? null : <FileLine name={file.name} bytes={file.bytes} />;
        }}
      />
      <Receivers offer={offer} />
      {view.state === 'open' && (
        <div class={styles['actions']}>
          <Button
            small
            onClick={() => {
              withdraw(view.id);
            }}
          >
            {settled ? 'Stop offering' : 'Cancel'}
          </Button>
        </div>
      )}
      {view.state === 'withdrawn' && <p class={styles['outcome']}>No longer offered.</p>}
    </>
  );
}

function Files(props: { readonly count: number; readonly line: (at: number) => VNode | null }): VNode {
  const [all, setAll] = useState(props.count <= SHOWN + 1);
  const shown = all ? props.count : SHOWN;
  return (
    <>
      <ul class={styles['files']} role="list">
        {Array.from({ length: shown }, (_, at) => (
          <li key={at}>{props.line(at)}</li>
        ))}
      </ul>
      {!all && (
        <button
          type="button"
          class={styles['all']}
          onClick={() => {
            setAll(true);
          }}
        >
          Show all {countOf(props.count, 'file')}
        </button>
      )}
    </>
  );
}

/** The transfer of the offer's file number `at`: of the newest round, since an offer can be answered again. */
function transferFor(view: OfferView, transfers: readonly TransferState[], at: number): TransferState | undefined {
  const round = transfers.slice(-view.files.length);
  const file = view.files[at];
  if (round.length === view.files.length) return round[at];
  return round.find(({ view: each }) => each.peek().name === file?.name && each.peek().bytes === file.bytes);
}

function amount(view: OfferView): string {
  const bytes = view.files.reduce((sum, file) => sum + file.bytes, 0);
  return view.files.length === 1 ? 'a file' : `${countOf(view.files.length, 'file')} · ${formatBytes(bytes)}`;
}

function headline(view: OfferView): string {
  return `${view.own ? 'Your offer' : `Offer from ${view.name}`}: ${view.files.length === 1 ? (view.files[0]?.name ?? '') : countOf(view.files.length, 'file')}`;
}
