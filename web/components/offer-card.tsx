// An offer in the conversation: what is offered, the answer to it, and how each transfer goes until it is saved.
import type { VNode } from 'preact';
import { cancelAll, pause, resume, retry, withdraw } from '../actions.ts';
import type { MessageView, OfferView } from '../../src/client.ts';
import { audienceName } from '../recipients.ts';
import { cx } from '../cx.ts';
import { countOf, formatBytes, formatClock } from '../format.ts';
import { isHosted } from '../hosted.ts';
import { hasFailed, transfersOf } from '../offer-transfers.ts';
import { keptSentence } from '../sentences.ts';
import type { OfferState, TransferState } from '../state.ts';
import ui from '../styles/ui.module.css';
import { Answer } from './answer.tsx';
import { Current } from './current.tsx';
import { FileLine } from './file-line.tsx';
import { Files } from './files.tsx';
import { Icon } from './icons.tsx';
import { Reactions } from './message-facts.tsx';
import { TakenBack } from './message-gone.tsx';
import { openMessageMenu } from './message-menu.tsx';
import styles from './offer.module.css';
import { Receivers } from './receivers.tsx';
import { SaveActions, SaveAll, SaveState } from './save-actions.tsx';
import { TransferStatus } from './transfer-status.tsx';
import { Button, Stone } from './ui.tsx';

interface OfferCardProps {
  readonly offer: OfferState;
  readonly atMs: number;
  /** What tells of it in the conversation, if that is known. */
  readonly message?: MessageView;
}

export function OfferCard({ offer, atMs, message }: OfferCardProps): VNode {
  const view = offer.view.value;
  const waiting = !view.own && view.state === 'open';
  return (
    <div class={cx(styles['offer'], view.own && styles['own'])}>
      {!view.own && <Stone id={view.from} name={view.name} />}
      <article
        class={cx(styles['card'], waiting && styles['open'], view.private && styles['private'])}
        aria-label={headline(view)}
      >
        <p class={styles['head']}>
          <span class={styles['what']}>
            <bdi>{view.own ? 'You' : view.name}</bdi> {view.own ? 'offer' : 'offers'} {amount(view)}
          </span>
          <span class={styles['when']}>
            <time dateTime={new Date(atMs).toISOString()}>{formatClock(atMs)}</time>
            {message?.state === 'here' && <More message={message} />}
          </span>
        </p>
        {view.private && (
          <p class={styles['only']}>
            <Icon name="whisper" size={14} />
            <span>
              Only for <bdi>{whomFor(view)}</bdi>
            </span>
          </p>
        )}
        {view.own ? <Own offer={offer} /> : waiting ? <Answer view={view} /> : <Incoming offer={offer} />}
        {message?.state === 'retracted' ? <TakenBack message={message} /> : <Outcome offer={offer} />}
        {message?.state === 'here' && <Reactions message={message} />}
      </article>
    </div>
  );
}

function More({ message }: { readonly message: MessageView }): VNode {
  return (
    <button
      type="button"
      class={styles['more']}
      aria-label="More for this offer"
      aria-haspopup="dialog"
      title="More"
      onClick={(event) => {
        openMessageMenu(message, event.currentTarget);
      }}
    >
      <Icon name="dots" size={18} />
    </button>
  );
}

/** What was received of it says itself how it ended. */
function Outcome({ offer }: { readonly offer: OfferState }): VNode | null {
  const { own, state } = offer.view.value;
  if (state !== 'withdrawn' || (!own && offer.transfers.value.length > 0)) return null;
  return <p class={styles['outcome']}>No longer offered.</p>;
}

function Incoming({ offer }: { readonly offer: OfferState }): VNode {
  const view = offer.view.value;
  const transfers = offer.transfers.value;
  const byFile = transfersOf(view, transfers);
  // What was not taken goes to the end of the list, out of the way.
  const order = view.files
    .map((file, at) => ({ file, transfer: byFile[at] }))
    .toSorted((one, other) => Number(one.transfer === undefined) - Number(other.transfer === undefined));
  return (
    <>
      <Files
        count={order.length}
        line={(at) => {
          const { file, transfer } = order[at] ?? {};
          if (file === undefined) return null;
          if (transfer !== undefined) return <IncomingFile transfer={transfer} thumbnail={file.thumbnail} />;
          return (
            <div class={cx(transfers.length > 0 && styles['notTaken'])}>
              <FileLine file={file} />
            </div>
          );
        }}
      />
      {view.state !== 'declined' && <Controls view={view} transfers={byFile.filter((each) => each !== undefined)} />}
      {view.state === 'declined' && <p class={styles['outcome']}>You declined.</p>}
    </>
  );
}

/** For all transfers of the offer together; those of one alone are under Transfers. */
function Controls(props: { readonly view: OfferView; readonly transfers: readonly TransferState[] }): VNode | null {
  const { view, transfers } = props;
  const active = transfers.filter((transfer) => transfer.state.value !== 'ended');
  const paused = active.filter((transfer) => transfer.state.value === 'paused');
  const failed = view.state === 'withdrawn' ? [] : transfers.filter((transfer) => hasFailed(transfer.view.value));
  const arrived = transfers.filter((transfer) => transfer.view.value.end === 'verified');
  if (active.length + failed.length === 0 && arrived.length < 2) return null;
  const all = active.length > 0 && paused.length === active.length;
  return (
    <div class={ui['actions']}>
      {active.length > 0 && (
        <Button
          small
          onClick={() => {
            for (const { id } of all ? paused : active) (all ? resume : pause)(id);
          }}
        >
          {all ? 'Resume' : 'Pause'}
        </Button>
      )}
      {active.length > 0 && (
        <Button
          small
          onClick={() => {
            cancelAll(active.map((transfer) => transfer.view.peek()));
          }}
        >
          Cancel
        </Button>
      )}
      {active.length === 0 && failed.length > 0 && (
        <Button
          small
          onClick={() => {
            for (const { id } of failed) retry(id);
          }}
        >
          Try again
        </Button>
      )}
      {active.length === 0 && arrived.length > 1 && <SaveAll transfers={arrived} />}
    </div>
  );
}

interface IncomingFileProps {
  readonly transfer: TransferState;
  readonly thumbnail: Uint8Array | undefined;
}

function IncomingFile({ transfer, thumbnail }: IncomingFileProps): VNode {
  const view = transfer.view.value;
  const id = `file-${transfer.key}`;
  const moved = view.state === 'running' || view.doneBytes > 0 || view.end === 'verified';
  const { name, bytes, folder, location } = view;
  const file = { name, bytes, ...(folder && { folder }), ...(thumbnail && { thumbnail }) };
  const arrived = view.end === 'verified' && location !== undefined ? { ...file, location } : undefined;
  const note = keptSentence(view);
  // Longer words stand below.
  const beside = folder === undefined && !isHosted();
  return (
    <>
      <FileLine
        id={id}
        file={file}
        action={arrived !== undefined && beside && <SaveActions arrived={arrived} describedBy={id} />}
      >
        {moved && <Current transfer={transfer} />}
        {view.end !== 'declined' && <TransferStatus transfer={transfer} />}
        {view.state === 'running' && note !== '' && <p class={styles['note']}>{note}</p>}
        {arrived !== undefined && <SaveState location={arrived.location} />}
      </FileLine>
      {arrived !== undefined && !beside && <SaveActions arrived={arrived} describedBy={id} />}
    </>
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
          return file === undefined ? null : <FileLine file={file} />;
        }}
      />
      <Receivers offer={offer} />
      {view.state === 'open' && (
        <div class={ui['actions']}>
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
    </>
  );
}

function amount(view: OfferView): string {
  const [only] = view.files;
  if (view.files.length === 1) return only?.folder === undefined ? 'a file' : 'a folder';
  const bytes = view.files.reduce((sum, file) => sum + (file.folder?.contentBytes ?? file.bytes), 0);
  return `${countOf(view.files.length, 'file')} · ${formatBytes(bytes)}`;
}

/** Whom else it is for, only who offers it knows. */
const whomFor = ({ to }: OfferView): string => (to === undefined ? 'you' : audienceName(to));

function headline(view: OfferView): string {
  return `${view.own ? 'Your offer' : `Offer from ${view.name}`}: ${view.files.length === 1 ? (view.files[0]?.name ?? '') : countOf(view.files.length, 'file')}`;
}
