// Above the conversation: the pool's name, how many are here, and how to bring others in.
import type { VNode } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { shareLink, store } from '../app.ts';
import { countOf } from '../format.ts';
import { copyText, dialog } from '../pool-view.ts';
import styles from './pool.module.css';
import { Button } from './ui.tsx';

/** How long a copy button says that it did, milliseconds. */
const COPIED_MS = 2000;

export function PoolHeader(): VNode {
  const others = store.peers.value.length;
  return (
    <header class={styles['header']}>
      <div class={styles['heading']}>
        <h1 class={styles['title']}>{store.pool.value}</h1>
        <p class={styles['subtitle']}>{others === 0 ? 'Only you so far' : `You and ${countOf(others, 'other')}`}</p>
      </div>
      <div class={styles['headerActions']}>
        <CopyLink small />
        <Button
          look="quiet"
          icon="qr"
          label="QR code"
          onClick={() => {
            dialog.value = 'invite';
          }}
        />
      </div>
    </header>
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
          if (!done) dialog.value = 'invite';
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
