// Above the conversation: the name of the pool or of the room that is open, who reads it, and how to bring others in.
import type { VNode } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { shareLink, store } from '../app.ts';
import type { RoomView } from '../../src/talk/views.ts';
import type { AccountId } from '../../src/wire/entry.ts';
import { cx } from '../cx.ts';
import { countOf, listNames } from '../format.ts';
import { copyText, dialog } from '../pool-view.ts';
import { roomTitle } from '../rooms.ts';
import { talk } from '../talk.ts';
import styles from './pool.module.css';
import { Button } from './ui.tsx';

/** Names of those who can read a room; the rest is counted. */
const READERS_MAX = 4;
/** How long a copy button says that it did, milliseconds. */
const COPIED_MS = 2000;

export function PoolHeader(): VNode {
  const room = talk.current.value;
  const inside = room !== undefined && room.kind !== 'pool';
  return (
    <header class={styles['header']}>
      <div class={styles['heading']}>{inside ? <RoomHeading room={room} /> : <PoolHeading />}</div>
      <div class={styles['headerActions']}>
        <CopyLink small />
        <Button
          look="quiet"
          icon="qr"
          label="QR code"
          onClick={() => {
            dialog.value = { kind: 'invite' };
          }}
        />
      </div>
    </header>
  );
}

function PoolHeading(): VNode {
  const others = store.peers.value.length;
  return (
    <>
      <h1 class={styles['title']}>{store.pool.value}</h1>
      <p class={styles['subtitle']}>{others === 0 ? 'Only you so far' : `You and ${countOf(others, 'other')}`}</p>
    </>
  );
}

/** A zone or a whisper: always with the people who can read it. */
function RoomHeading({ room }: { readonly room: RoomView }): VNode {
  const own = talk.self.value.account;
  const nameOf = (account: AccountId): string => talk.nameOf(account);
  const others = room.accounts.filter((account) => account !== own).map((account) => nameOf(account) || 'somebody');
  const readers = ['you', ...others];
  return (
    <>
      <h1 class={cx(styles['title'], room.kind === 'whisper' && styles['whispered'])}>
        <bdi>{roomTitle(room, own, nameOf)}</bdi>
      </h1>
      <p class={styles['subtitle']}>
        {room.kind === 'whisper' ? 'Whisper' : 'Zone'} in {store.pool.value} · read by {listNames(readers, READERS_MAX)}
      </p>
    </>
  );
}

export function CopyLink({ small = false }: { readonly small?: boolean }): VNode {
  const [copied, setCopied] = useState(false);
  const timer = useRef(0);
  return (
    <Button
      small={small}
      icon={copied ? 'check' : 'link'}
      onClick={() => {
        void copyText(shareLink()).then((done) => {
          // Where copying is forbidden the dialog shows the link to copy by hand.
          if (!done) dialog.value = { kind: 'invite' };
          setCopied(done);
          clearTimeout(timer.current);
          timer.current = window.setTimeout(() => {
            setCopied(false);
          }, COPIED_MS);
        });
      }}
    >
      <span class={small ? styles['wideOnly'] : undefined}>{copied ? 'Link copied' : 'Copy link'}</span>
    </Button>
  );
}
