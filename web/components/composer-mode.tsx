// How a message is meant: whom it calls, whether it asks to be confirmed, whether it is announced. A small menu, and chips that
// show what is set.
import type { VNode } from 'preact';
import { useId } from 'preact/hooks';
import { changeDraft } from '../talk-actions.ts';
import { talk } from '../talk.ts';
import type { RoomView } from '../../src/talk/views.ts';
import type { AccountId, RoomId } from '../../src/wire/entry.ts';
import { listNames } from '../format.ts';
import type { Draft } from '../drafts.ts';
import styles from './composer.module.css';
import { Icon, type IconName } from './icons.tsx';
import { nameOf } from './message-facts.tsx';
import { Popover } from './popover.tsx';

/** People offered by name; in a larger pool a call by name is by whisper. */
const PEOPLE_MAX = 60;

interface ModeProps {
  readonly room: RoomView;
  readonly draft: Draft;
}

export function Mode({ room, draft }: ModeProps): VNode {
  const { notify, important, announcement } = draft;
  const change = (part: Partial<Draft>): void => {
    changeDraft(room.id, (now) => ({ ...now, ...part }));
  };
  const chosen = notify === 'everyone' ? [] : notify;
  const people = peopleIn(room);
  const set = notify.length > 0 || important || announcement;
  return (
    <Popover id="message-mode" icon="bell" label="How it is meant" set={set}>
      <div class={styles['mode']}>
        <fieldset>
          <legend>Call</legend>
          <Check
            text="Everyone"
            on={notify === 'everyone'}
            onChange={(on) => change({ notify: on ? 'everyone' : [] })}
          />
          {people.map((account) => (
            <Check
              key={account}
              text={nameOf(account)}
              on={notify === 'everyone' || chosen.includes(account)}
              disabled={notify === 'everyone'}
              onChange={(on) => change({ notify: withChosen(chosen, account, on) })}
            />
          ))}
          {people.length === 0 && <p class={styles['hint']}>Nobody else is known here yet.</p>}
        </fieldset>
        <fieldset>
          <legend>Mark</legend>
          <Check
            text="Important"
            hint="Asks everyone to confirm it."
            on={important}
            onChange={(on) => change({ important: on })}
          />
          {talk.role.value === 'owner' && (
            <Check
              text="Announcement"
              hint="Stays above the conversation for everyone."
              on={announcement}
              onChange={(on) => change({ announcement: on })}
            />
          )}
        </fieldset>
      </div>
    </Popover>
  );
}

const withChosen = (chosen: readonly AccountId[], account: AccountId, on: boolean): readonly AccountId[] =>
  on ? [...chosen, account] : chosen.filter((each) => each !== account);

/** Everyone but oneself who reads this room. */
function peopleIn(room: RoomView): readonly AccountId[] {
  const { account: self } = talk.self.value;
  const known = [...talk.members.value.values()].filter(({ out }) => !out).map(({ account }) => account);
  const all = room.kind === 'pool' ? [...new Set(known)] : room.accounts;
  return all.filter((account) => account !== self).slice(0, PEOPLE_MAX);
}

interface CheckProps {
  readonly text: string;
  readonly hint?: string;
  readonly on: boolean;
  readonly disabled?: boolean;
  readonly onChange: (on: boolean) => void;
}

function Check({ text, hint, on, disabled = false, onChange }: CheckProps): VNode {
  const id = useId();
  return (
    <label class={styles['check']}>
      <input
        type="checkbox"
        checked={on}
        disabled={disabled}
        aria-label={text}
        aria-describedby={hint === undefined ? undefined : id}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
      <span>
        <bdi>{text}</bdi>
        {hint !== undefined && (
          <span id={id} class={styles['hint']}>
            {hint}
          </span>
        )}
      </span>
    </label>
  );
}

export function ModeChips({ room, draft }: { readonly room: RoomId; readonly draft: Draft }): VNode | null {
  const { notify, important, announcement, edit } = draft;
  const set = notify.length > 0 || important || announcement;
  if (!set || edit !== undefined) return null;
  const whom = notify === 'everyone' ? 'everyone' : listNames(notify.map(nameOf), 3);
  return (
    <ul class={styles['chips']} role="list" aria-label="How it is meant">
      {notify.length > 0 && <Chip room={room} icon="bell" text={`Calls ${whom}`} without={{ notify: [] }} />}
      {important && <Chip room={room} icon="flag" text="Important" without={{ important: false }} />}
      {announcement && <Chip room={room} icon="pin" text="Announcement" without={{ announcement: false }} />}
    </ul>
  );
}

interface ChipProps {
  readonly room: RoomId;
  readonly icon: IconName;
  readonly text: string;
  readonly without: Partial<Draft>;
}

function Chip({ room, icon, text, without }: ChipProps): VNode {
  return (
    <li>
      <button
        type="button"
        class={styles['chip']}
        aria-label={`${text}. Press to undo`}
        onClick={() => {
          changeDraft(room, (draft) => ({ ...draft, ...without }));
        }}
      >
        <Icon name={icon} size={14} /> {text} <Icon name="close" size={12} />
      </button>
    </li>
  );
}
