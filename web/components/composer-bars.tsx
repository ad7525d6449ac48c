// What stands above the field: which message is answered or changed, and that a text is too long.
import type { VNode } from 'preact';
import { useEffect } from 'preact/hooks';
import { changeDraft, tooLong } from '../talk-actions.ts';
import { pages, talk, told } from '../talk.ts';
import type { RoomView } from '../../src/talk/views.ts';
import type { RoomId } from '../../src/wire/entry.ts';
import { MESSAGE_TEXT_MAX } from '../../src/wire/talk.ts';
import { cx } from '../cx.ts';
import { shownText, withText, withoutLayer, type Draft } from '../drafts.ts';
import { takeFiles } from '../outbox.ts';
import { audienceHere } from '../recipients.ts';
import ui from '../styles/ui.module.css';
import styles from './composer.module.css';
import { Icon } from './icons.tsx';
import { quoted } from './message-quote.tsx';
import { Button } from './ui.tsx';

interface BarProps {
  readonly room: RoomId;
  readonly draft: Draft;
}

export function Bars({ room, draft }: BarProps): VNode | null {
  const { edit, replyTo } = draft;
  const known = replyTo === undefined || talk.knows(replyTo);
  useEffect(() => {
    if (!known && replyTo !== undefined) void told(pages.quote(replyTo));
  }, [known, replyTo]);
  if (edit === undefined && replyTo === undefined) return null;
  const message = replyTo === undefined ? undefined : talk.message(replyTo);
  return (
    <div class={styles['bar']}>
      <Icon name={edit === undefined ? 'reply' : 'pen'} size={16} />
      <p>
        {edit === undefined ? (
          <>
            <bdi class={styles['barBy']}>{message?.own === true ? 'You' : (message?.name ?? '')}</bdi>{' '}
            <bdi>{message === undefined ? '' : quoted(message)}</bdi>
          </>
        ) : (
          'Changing what you said. Esc leaves it as it was.'
        )}
      </p>
      <Button
        look="quiet"
        icon="close"
        small
        label={edit === undefined ? 'Do not reply' : 'Do not change it'}
        onClick={() => {
          changeDraft(room, (now) => withoutLayer(now) ?? now);
        }}
      />
    </div>
  );
}

/** Nothing is cut off: the text stays, and may go as a file. */
export function TooLong({ room, draft }: { readonly room: RoomView | undefined; readonly draft: Draft }): VNode {
  const text = shownText(draft);
  const over = text.trim().length > MESSAGE_TEXT_MAX;
  return (
    <div role="status">
      {over && (
        <div class={cx(ui['notice'], styles['trouble'])}>
          <p>{tooLong(text.trim().length, MESSAGE_TEXT_MAX)}</p>
          {room !== undefined && room.kind !== 'zone' && draft.edit === undefined && (
            <Button
              small
              onClick={() => {
                takeFiles([new File([text], 'text.txt', { type: 'text/plain' })], audienceHere());
                changeDraft(room.id, (now) => withText(now, ''));
              }}
            >
              Send as a file
            </Button>
          )}
        </div>
      )}
    </div>
  );
}
