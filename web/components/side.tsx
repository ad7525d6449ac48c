// The left column: mark, who is here and how the connection to them is doing, this device, the way out.
import type { VNode } from 'preact';
import { useComputed, useSignal } from '@preact/signals';
import { useCallback } from 'preact/hooks';
import { deviceNameText, leave, store } from '../app.ts';
import { isBusy } from '../actions.ts';
import type { DeviceKind, PeerId, PeerView } from '../../src/client.ts';
import { cx } from '../cx.ts';
import { formatPercent } from '../format.ts';
import { dialog } from '../pool-view.ts';
import { Connection } from './connection.tsx';
import { Current } from './current.tsx';
import { CursorSwitch } from './cursors.tsx';
import { Icon, Mark } from './icons.tsx';
import styles from './side.module.css';
import { Button, Stone } from './ui.tsx';

/** Rows drawn at most; a larger pool says how many more there are. */
const ROWS_MAX = 300;

const devices: Readonly<Record<DeviceKind, string>> = { browser: 'Browser', terminal: 'Terminal', desktop: 'Desktop' };
const ways: Readonly<Record<PeerView['path'], string>> = {
  connecting: 'connecting…',
  direct: 'direct',
  relayed: 'relayed',
};

export function Side(): VNode {
  const peers = store.peers.value;
  /** Whose connection is looked at: one at a time. */
  const looking = useSignal<PeerId | undefined>(undefined);
  const look = useCallback(
    (peer: PeerId | undefined) => {
      looking.value = peer;
    },
    [looking],
  );
  return (
    <>
      <div class={styles['brand']}>
        <Mark size={26} />
        <span class={styles['name']}>Rockpool</span>
        <Button
          look="quiet"
          icon="help"
          label="Help"
          onClick={() => {
            dialog.value = 'help';
          }}
        />
      </div>
      <div class={styles['people']}>
        <h2 id="people-title" class={styles['title']}>
          People
        </h2>
        <ul role="list" aria-labelledby="people-title">
          <li class={styles['row']}>
            <Stone id={store.self.value} name={deviceNameText.value} />
            <div class={styles['who']}>
              <div class={styles['nameLine']}>
                <bdi class={styles['person']}>{deviceNameText.value}</bdi>
                <span class={styles['you']}>you</span>
              </div>
              <p class={styles['facts']}>
                <Icon name="browser" size={14} /> This device
              </p>
            </div>
          </li>
          {peers.slice(0, ROWS_MAX).map((peer) => (
            <Row key={peer.id} peer={peer} open={looking.value === peer.id} look={look} />
          ))}
        </ul>
        {peers.length > ROWS_MAX && <p class={styles['more']}>and {peers.length - ROWS_MAX} more</p>}
        {peers.length === 0 && <p class={styles['more']}>Share the link, and whoever follows it appears here.</p>}
      </div>
      <div class={styles['foot']}>
        <CursorSwitch />
        <Button
          look="quiet"
          icon="leave"
          onClick={() => {
            if (isBusy()) dialog.value = 'leave';
            else leave();
          }}
        >
          Leave pool
        </Button>
      </div>
    </>
  );
}

interface RowProps {
  readonly peer: PeerView;
  readonly open: boolean;
  readonly look: (peer: PeerId | undefined) => void;
}

function Row({ peer, open, look }: RowProps): VNode {
  const panel = `connection-${peer.id}`;
  const close = useCallback(() => look(undefined), [look]);
  return (
    <li>
      <div class={cx(styles['row'], styles['other'])}>
        <Stone id={peer.id} name={peer.name} />
        <div class={styles['who']}>
          <div class={styles['nameLine']}>
            <bdi class={styles['person']}>{peer.name}</bdi>
            <button
              type="button"
              class={styles['details']}
              aria-label={`Connection to ${peer.name}`}
              aria-expanded={open}
              aria-controls={open ? panel : undefined}
              onClick={() => look(open ? undefined : peer.id)}
            >
              <Icon name="more" size={16} />
            </button>
          </div>
          <p class={styles['facts']}>
            <Icon name={peer.device} size={14} /> {devices[peer.device]} · {ways[peer.path]}
          </p>
          <PeerCurrent peer={peer.id} />
        </div>
      </div>
      {open && <Connection id={panel} peer={peer} onClose={close} />}
    </li>
  );
}

/** The current to or from this person, while one runs. */
function PeerCurrent({ peer }: { readonly peer: string }): VNode | null {
  const running = useComputed(() =>
    store.transfers.value.find((each) => each.state.value === 'running' && each.view.peek().peer === peer),
  ).value;
  if (running === undefined) return null;
  const view = running.view.value;
  return (
    <div class={styles['flow']}>
      <Current transfer={running} size="thin" />
      <span class={styles['percent']}>{formatPercent(view.doneBytes, view.bytes)}</span>
    </div>
  );
}
