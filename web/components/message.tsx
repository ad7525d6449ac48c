// One message: who, what, and what has come of it. Its actions are the menu's (message-menu.tsx), reached by the buttons beside it,
// a long press, or Enter while it is focused.
import type { HTMLAttributes, VNode } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { reply } from '../talk-actions.ts';
import type { MessageView } from '../../src/talk/views.ts';
import type { SharedFiles } from '../../src/wire/talk.ts';
import { cx } from '../cx.ts';
import { formatClock } from '../format.ts';
import { sharedSentence } from '../sentences.ts';
import { Icon } from './icons.tsx';
import { Call, Confirmed, Delivery, Reactions } from './message-facts.tsx';
import { openMessageMenu } from './message-menu.tsx';
import { MessageText } from './message-text.tsx';
import styles from './message.module.css';
import { Quote } from './message-quote.tsx';
import { TakenBack } from './message-gone.tsx';
import { Stone } from './ui.tsx';

interface MessageProps {
  readonly message: MessageView;
  /** Follows another of the same device's: no heading again. */
  readonly follows: boolean;
}

/** A press this long opens the menu, milliseconds. */
const LONG_PRESS_MS = 450;
/** A press that moves further than this is no press, pixels. */
const PRESS_SLACK = 10;

export function Message({ message, follows }: MessageProps): VNode {
  const { own, state, from, name } = message;
  const { held, press } = useLongPress(message);
  const important = message.vote !== undefined || message.announcement;
  return (
    <div
      class={cx(styles['message'], own && styles['own'], follows && styles['follows'], held && styles['held'])}
      {...press}
    >
      {!own && (follows ? <span class={styles['gap']} /> : <Stone id={from} name={name} />)}
      <div class={styles['said']}>
        {!follows && <By message={message} />}
        <div class={styles['line']}>
          {own && state === 'here' && <Delivery message={message} />}
          <div
            class={cx(
              styles['bubble'],
              state !== 'here' && styles['absent'],
              important && state === 'here' && styles['important'],
            )}
            title={follows ? formatClock(message.sentMs) : undefined}
          >
            <Content message={message} />
          </div>
          {state === 'here' && <Tools message={message} />}
        </div>
        {state === 'here' && <Reactions message={message} />}
      </div>
    </div>
  );
}

function By({ message: { own, name, sentMs } }: { readonly message: MessageView }): VNode {
  return (
    <p class={styles['by']}>
      <bdi class={styles['author']}>{own ? 'You' : name}</bdi>
      <time dateTime={new Date(sentMs).toISOString()}>{formatClock(sentMs)}</time>
    </p>
  );
}

function Content({ message }: { readonly message: MessageView }): VNode {
  switch (message.state) {
    case 'sealed':
      return <></>; // one row for all of them: line.tsx
    case 'retracted':
      return <TakenBack message={message} />;
    case 'here':
      return (
        <>
          <Call message={message} />
          {message.replyTo !== undefined && <Quote id={message.replyTo} />}
          {message.files === undefined ? <MessageText text={message.text} /> : <Shared files={message.files} />}
          {message.editedMs !== undefined && (
            <p class={styles['edited']} title={`Edited ${formatClock(message.editedMs)}`}>
              edited
            </p>
          )}
          <Confirmed message={message} />
        </>
      );
  }
}

/** Nothing of it can be had at the moment. */
function Shared({ files }: { readonly files: SharedFiles }): VNode {
  return (
    <p class={styles['shared']} title={files.files.map(({ name }) => name).join(', ')}>
      <Icon name="file" size={14} /> <bdi>{sharedSentence(files)}</bdi>
    </p>
  );
}

function Tools({ message }: { readonly message: MessageView }): VNode {
  const name = message.own ? 'your message' : `${message.name}’s message`;
  return (
    <div class={styles['tools']}>
      <button
        type="button"
        tabIndex={-1}
        aria-label={`Reply to ${name}`}
        title="Reply"
        onClick={() => {
          reply(message);
        }}
      >
        <Icon name="reply" size={18} />
      </button>
      <button
        type="button"
        tabIndex={-1}
        aria-label={`More for ${name}`}
        aria-haspopup="dialog"
        title="More"
        onClick={(event) => {
          openMessageMenu(message, event.currentTarget);
        }}
      >
        <Icon name="dots" size={18} />
      </button>
    </div>
  );
}

interface LongPress {
  /** Long enough: the menu opens as the finger leaves. */
  readonly held: boolean;
  readonly press: Pick<
    HTMLAttributes<HTMLDivElement>,
    'onPointerDown' | 'onPointerMove' | 'onPointerUp' | 'onPointerCancel' | 'onClickCapture' | 'onContextMenu'
  >;
}

/** For a finger that rests on the message. With a mouse, text is selected and the buttons are there. */
function useLongPress(message: MessageView): LongPress {
  const [held, setHeld] = useState(false);
  const timer = useRef(0);
  const from = useRef({ x: 0, y: 0 });
  const swallow = useRef(false);
  const end = (): void => {
    clearTimeout(timer.current);
    setHeld(false);
  };
  const press: LongPress['press'] = {
    onPointerDown: (event) => {
      swallow.current = false;
      if (event.pointerType !== 'touch' || message.state !== 'here') return;
      from.current = { x: event.clientX, y: event.clientY };
      clearTimeout(timer.current);
      timer.current = window.setTimeout(() => setHeld(true), LONG_PRESS_MS);
    },
    onPointerMove: ({ clientX, clientY }) => {
      if (Math.hypot(clientX - from.current.x, clientY - from.current.y) > PRESS_SLACK) end();
    },
    onPointerUp: ({ currentTarget }) => {
      end();
      if (!held) return;
      swallow.current = true;
      // Later: the browser closes what is open as the finger leaves.
      setTimeout(() => openMessageMenu(message, currentTarget));
    },
    onPointerCancel: end,
    onClickCapture: (event) => {
      // The press was for the menu and not for the link under the finger.
      if (!swallow.current) return;
      swallow.current = false;
      event.preventDefault();
      event.stopPropagation();
    },
    onContextMenu: (event) => {
      // On touch screens the system's own menu would open over ours.
      if (matchMedia('(pointer: coarse)').matches) event.preventDefault();
    },
  };
  return { held, press };
}
