// One transfer in the panel: how it goes, what holds it back, where it comes from, and what can be done about it.
import type { VNode } from 'preact';
import { useSignal } from '@preact/signals';
import { cancel, check, pause, resume, retry, shift } from '../actions.ts';
import { poolPart, store } from '../app.ts';
import type { TransferView } from '../../src/client.ts';
import { cx } from '../cx.ts';
import { countOf, formatBytes, formatSpeed } from '../format.ts';
import { hasFailed } from '../offer-transfers.ts';
import { keptSentence, limitSentence, recheckSentence } from '../sentences.ts';
import type { TransferState } from '../state.ts';
import { Current } from './current.tsx';
import { Icon } from './icons.tsx';
import rows from './rows.module.css';
import { TransferStatus } from './transfer-status.tsx';
import styles from './transfers.module.css';
import { Button, Stone } from './ui.tsx';

export function TransferRow({ transfer }: { readonly transfer: TransferState }): VNode {
  const view = transfer.view.value;
  const open = useSignal(false);
  const sources = `sources-${transfer.key}`;
  const note = [keptSentence(view), limitSentence(view)].filter(Boolean).join(' ');
  return (
    <li class={styles['row']}>
      <p class={styles['line']}>
        <bdi id={nameId(transfer)} class={rows['name']} title={view.name}>
          {view.name}
        </bdi>
        <span class={rows['size']}>{formatBytes(view.folder?.contentBytes ?? view.bytes)}</span>
      </p>
      <Current transfer={transfer} />
      <TransferStatus transfer={transfer} />
      {note !== '' && <p class={rows['fact']}>{note}</p>}
      <div class={rows['foot']}>
        <Peers view={view} panel={sources} open={open.value} onToggle={() => (open.value = !open.value)} />
        <Controls transfer={transfer} />
      </div>
      {open.value && <Sources id={sources} view={view} />}
      {open.value && view.direction === 'in' && view.end === 'verified' && <Recheck view={view} />}
    </li>
  );
}

interface PeersProps {
  readonly view: TransferView;
  /** The id of the list of sources. */
  readonly panel: string;
  readonly open: boolean;
  readonly onToggle: () => void;
}

/** Who it comes from or goes to; with sources, a button that lists them. */
function Peers({ view, panel, open, onToggle }: PeersProps): VNode {
  const { direction, name, peerName, sources } = view;
  const others = sources.filter(({ peer }) => peer !== view.peer).length;
  const words = (
    <>
      <Icon name={direction === 'in' ? 'down' : 'up'} size={14} />
      <span class={styles['who']}>
        {direction === 'in' ? 'from' : 'to'} <bdi>{peerName}</bdi>
        {others > 0 && ` and ${others} more`}
      </span>
    </>
  );
  if (sources.length === 0) return <p class={cx(rows['fact'], styles['peer'])}>{words}</p>;
  return (
    <button
      type="button"
      class={cx(rows['fact'], styles['peer'], styles['sourcesToggle'])}
      aria-label={`Sources of ${name}`}
      aria-expanded={open}
      aria-controls={open ? panel : undefined}
      onClick={onToggle}
    >
      {words}
      <Icon name={open ? 'less' : 'more'} size={14} />
    </button>
  );
}

function Sources({ id, view }: { readonly id: string; readonly view: TransferView }): VNode {
  return (
    <ul id={id} class={styles['sources']} role="list">
      {view.sources.map((source) => (
        <li key={source.peer}>
          <Stone id={source.peer} name={source.peerName} small />
          <bdi>{source.peerName}</bdi>
          <span class={styles['sourceFacts']}>
            {[formatBytes(source.bytes), formatSpeed(source.bytesPerSecond)].filter(Boolean).join(' · ')}
            {source.wrongChunks > 0 && (
              <span class={styles['wrong']}> · {countOf(source.wrongChunks, 'wrong piece')}</span>
            )}
          </span>
        </li>
      ))}
    </ul>
  );
}

/** A second look at what is stored. What it costs is said before. */
function Recheck({ view }: { readonly view: TransferView }): VNode {
  const { id, name, bytes, recheck } = view;
  return (
    <div class={styles['recheck']}>
      <p class={rows['fact']} role="status">
        {recheck === undefined ? `Checking again reads ${formatBytes(bytes)} back.` : recheckSentence(recheck, bytes)}
      </p>
      {recheck?.done !== false && (
        <Button look="quiet" small label={`Check ${name} again`} onClick={() => check(id)}>
          Check again
        </Button>
      )}
    </div>
  );
}

const nameId = ({ key }: TransferState): string => `name-${key}`;

/** Icons alone: there is no room for words, and each has its name. */
function Controls({ transfer }: { readonly transfer: TransferState }): VNode | null {
  const view = transfer.view.value;
  const { id, name, state } = view;
  const incoming = view.direction === 'in';
  const Show = poolPart.value?.host?.ShowInFolder;
  if (Show !== undefined && view.end === 'verified' && view.location !== undefined) {
    return <Show location={view.location} describedBy={nameId(transfer)} />;
  }
  if (state === 'ended') {
    const offered = store.offerState(view.offer) !== 'withdrawn';
    if (!hasFailed(view) || !offered) return null;
    return (
      <div class={cx(rows['ways'], styles['controls'])}>
        <Button look="quiet" small icon="again" label={`Try ${name} again`} onClick={() => retry(id)} />
      </div>
    );
  }
  const place = store.queue.value.indexOf(id);
  const last = place === store.queue.value.length - 1;
  return (
    <div class={cx(rows['ways'], styles['controls'])}>
      {incoming && store.queue.value.length > 1 && (
        <>
          <Shift id={id} name={name} by={-1} disabled={place <= 0} />
          <Shift id={id} name={name} by={1} disabled={last} />
        </>
      )}
      {incoming && state !== 'paused' && (
        <Button look="quiet" small icon="pause" label={`Pause ${name}`} onClick={() => pause(id)} />
      )}
      {incoming && state === 'paused' && (
        <Button look="quiet" small icon="play" label={`Resume ${name}`} onClick={() => resume(id)} />
      )}
      <Button look="quiet" small icon="close" label={`Cancel ${name}`} onClick={() => cancel(view)} />
    </div>
  );
}

interface ShiftProps {
  readonly id: string;
  readonly name: string;
  readonly by: -1 | 1;
  readonly disabled: boolean;
}

function Shift({ id, name, by, disabled }: ShiftProps): VNode {
  const button = `shift${by}-${id}`;
  return (
    <Button
      id={button}
      look="quiet"
      small
      icon={by < 0 ? 'less' : 'more'}
      label={`Move ${name} ${by < 0 ? 'up' : 'down'}`}
      disabled={disabled}
      onClick={() => {
        shift(id, by);
        // A row that moves in the page may lose the focus on its way; whoever moves it by keyboard goes on from there.
        requestAnimationFrame(() => document.getElementById(button)?.focus());
      }}
    />
  );
}
