// What can be done with a message: one menu for all of them, on the native popover. Taking back is asked for once more.
import { signal } from '@preact/signals';
import type { VNode } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { beginEdit, confirm, copyMessage, keep, react, reply, report, takeBack } from '../talk-actions.ts';
import { takesReports } from '../account-door.ts';
import { talk } from '../talk.ts';
import type { MessageView } from '../../src/talk/views.ts';
import type { EntryId } from '../../src/wire/entry.ts';
import { isEmoji } from '../../src/wire/talk.ts';
import { formatMoment } from '../format.ts';
import ui from '../styles/ui.module.css';
import { Icon, type IconName } from './icons.tsx';
import styles from './message-menu.module.css';
import { deliverySentence } from './message-facts.tsx';
import { Button, Dialog } from './ui.tsx';

/** The few that most reactions are. */
const EMOJI = ['👍', '❤️', '😄', '🎉', '😮', '🙏'];
const ID = 'message-menu';
/** Between the menu and the window's edge, pixels. */
const EDGE = 8;

const open = signal<MessageView | undefined>(undefined);
const asking = signal<MessageView | undefined>(undefined);

/** Opens the menu of a message beside `anchor`. */
export function openMessageMenu(message: MessageView, anchor: Element): void {
  const menu = document.getElementById(ID);
  if (menu === null || message.state !== 'here') return;
  open.value = message;
  const { left, right, top, bottom } = anchor.getBoundingClientRect();
  const above = top > window.innerHeight / 2;
  const fromLeft = left < window.innerWidth / 2;
  menu.style.inset = [
    above ? 'auto' : `${Math.max(EDGE, bottom + 4)}px`,
    fromLeft ? 'auto' : `${Math.max(EDGE, window.innerWidth - right)}px`,
    above ? `${Math.max(EDGE, window.innerHeight - top + 4)}px` : 'auto',
    fromLeft ? `${Math.max(EDGE, left)}px` : 'auto',
  ].join(' ');
  menu.showPopover();
}

const close = (): void => document.getElementById(ID)?.hidePopover();

export function MessageMenu(): VNode {
  const id = open.value?.id;
  const menu = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (id !== undefined) menu.current?.querySelector('button')?.focus();
  }, [id]);
  return (
    <>
      <div
        ref={menu}
        id={ID}
        class={`${ui['popover']} ${styles['menu']}`}
        popover="auto"
        role="dialog"
        aria-label="Message"
        onToggle={(event) => {
          if (event.newState === 'closed') open.value = undefined;
        }}
        onKeyDown={onArrow}
      >
        {open.value !== undefined && <Items id={open.value.id} at={open.value} />}
      </div>
      <TakeBackDialog />
    </>
  );
}

function Items({ id, at }: { readonly id: EntryId; readonly at: MessageView }): VNode {
  // As it is now: it may have changed while the menu is open.
  const message = talk.message(id) ?? at;
  const { own, vote, saved } = message;
  const shares = message.files !== undefined;
  const { account } = talk.self.value;
  const act = (work: (message: MessageView) => unknown) => () => {
    close();
    void work(message);
  };
  return (
    <>
      <React message={message} />
      <ul role="list" class={styles['list']}>
        {!own && vote !== undefined && !vote.by.includes(account) && (
          <Item icon="check" text="Confirm" onClick={act(confirm)} />
        )}
        <Item icon="reply" text="Reply" onClick={act(reply)} />
        {own && !shares && <Item icon="pen" text="Edit" onClick={act(beginEdit)} />}
        {!shares && <Item icon="copy" text="Copy text" onClick={act(copyMessage)} />}
        <Item icon="keep" text={saved ? 'Remove from saved' : 'Save'} onClick={act(keep)} />
        {own && (
          <Item
            icon="bin"
            text="Take back…"
            onClick={act((which) => {
              asking.value = which;
            })}
          />
        )}
        {!own && takesReports.value && <Item icon="flag" text="Report…" onClick={act(report)} />}
      </ul>
      <p class={styles['facts']}>
        {own ? deliverySentence(message) : `Sent ${formatMoment(message.sentMs, Date.now())}`}
      </p>
    </>
  );
}

interface ItemProps {
  readonly icon: IconName;
  readonly text: string;
  readonly onClick: () => void;
}

function Item({ icon, text, onClick }: ItemProps): VNode {
  return (
    <li>
      <button type="button" class={styles['item']} onClick={onClick}>
        <Icon name={icon} size={18} /> {text}
      </button>
    </li>
  );
}

function React({ message }: { readonly message: MessageView }): VNode {
  const [other, setOther] = useState<string | undefined>(undefined);
  const { account } = talk.self.value;
  const given = (emoji: string): boolean =>
    message.reactions.some((each) => each.emoji === emoji && each.accounts.includes(account));
  const choose = (emoji: string): void => {
    close();
    react(message, emoji);
  };
  if (other !== undefined) {
    return (
      <form
        class={styles['other']}
        onSubmit={(event) => {
          event.preventDefault();
          if (isEmoji(other.trim())) choose(other.trim());
        }}
      >
        <input
          ref={(field) => field?.focus()}
          class={styles['field']}
          aria-label="Any emoji"
          placeholder="Any emoji"
          value={other}
          onInput={(event) => setOther(event.currentTarget.value)}
        />
        <Button small type="submit" look="primary" disabled={!isEmoji(other.trim())}>
          React
        </Button>
      </form>
    );
  }
  return (
    <div class={styles['emoji']} role="group" aria-label="React">
      {EMOJI.map((emoji) => (
        <button
          key={emoji}
          type="button"
          aria-label={`React with ${emoji}`}
          aria-pressed={given(emoji)}
          onClick={() => choose(emoji)}
        >
          {emoji}
        </button>
      ))}
      <button type="button" aria-label="Another emoji" title="Another emoji" onClick={() => setOther('')}>
        <Icon name="dots" size={18} />
      </button>
    </div>
  );
}

function TakeBackDialog(): VNode {
  const message = asking.value;
  const end = (): void => {
    asking.value = undefined;
  };
  return (
    <Dialog open={message !== undefined} title="Take this back?" onClose={end}>
      <p>
        Every device that has it is asked to remove it, those away once they return. It is a request: what somebody has
        read or copied stays with them.
      </p>
      <div class={ui['actions']}>
        <Button
          look="primary"
          onClick={() => {
            if (message !== undefined) takeBack(message);
            end();
          }}
        >
          Take back
        </Button>
        <Button onClick={end}>Keep it</Button>
      </div>
    </Dialog>
  );
}

/** Arrow keys move through the menu, as Tab does. */
function onArrow(event: KeyboardEvent & { readonly currentTarget: HTMLElement }): void {
  const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
  if (step === undefined || event.target instanceof HTMLInputElement) return;
  const items = [...event.currentTarget.querySelectorAll('button')];
  const at = items.findIndex((item) => item === document.activeElement);
  items[(at + step + items.length) % items.length]?.focus();
  event.preventDefault();
}
