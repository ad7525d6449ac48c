// One message. Whatever arrived is rendered as text; web links become anchors that leave nothing behind.
import type { VNode } from 'preact';
import type { MessageView } from '../../src/client.ts';
import { cx } from '../cx.ts';
import { formatClock } from '../format.ts';
import { linkify } from '../linkify.ts';
import styles from './conversation.module.css';
import { Stone } from './ui.tsx';

interface MessageProps {
  readonly message: MessageView;
  readonly atMs: number;
  /** Follows another of the same person's: no heading again. */
  readonly follows: boolean;
}

export function Message({ message, atMs, follows }: MessageProps): VNode {
  return (
    <div class={cx(styles['message'], message.own && styles['own'], follows && styles['follows'])}>
      {!message.own && (follows ? <span class={styles['gap']} /> : <Stone id={message.from} name={message.name} />)}
      <div class={styles['said']}>
        {!follows && (
          <p class={styles['by']}>
            <bdi class={styles['author']}>{message.own ? 'You' : message.name}</bdi>
            <time dateTime={new Date(atMs).toISOString()}>{formatClock(atMs)}</time>
          </p>
        )}
        <div class={styles['bubble']} dir="auto" title={follows ? formatClock(atMs) : undefined}>
          {linkify(message.text).map((piece, at) =>
            piece.kind === 'text' ? (
              piece.text
            ) : (
              <a key={at} href={piece.href} target="_blank" rel="noopener noreferrer">
                {piece.text}
              </a>
            ),
          )}
        </div>
      </div>
    </div>
  );
}
