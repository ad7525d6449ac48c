// What stands around a message's text: whom it calls, who confirmed it, what others think of it, how far it has come.
import type { VNode } from 'preact';
import { confirm, react } from '../talk-actions.ts';
import { talk } from '../talk.ts';
import type { MessageView } from '../../src/talk/views.ts';
import type { AccountId } from '../../src/wire/entry.ts';
import { cx } from '../cx.ts';
import { deliveryOf } from '../delivery.ts';
import { listNames } from '../format.ts';
import { Icon } from './icons.tsx';
import styles from './message.module.css';
import { Button, Unseen } from './ui.tsx';

interface Of {
  readonly message: MessageView;
}

/** A person's name as this device's person reads it. */
export function nameOf(account: AccountId): string {
  return account === talk.self.value.account ? 'you' : talk.nameOf(account) || 'somebody';
}

/** Above the text: what it is beyond a text, and whom it calls. */
export function Call({ message }: Of): VNode | null {
  const { announcement, vote, notify, callsMe } = message;
  const parts = [
    ...(announcement ? ['Announcement'] : []),
    ...(vote === undefined ? [] : ['Important']),
    ...(notify === 'everyone' ? ['calls everyone'] : []),
    ...(notify !== 'everyone' && notify.length > 0 ? [`calls ${listNames(notify.map(nameOf), 3)}`] : []),
  ];
  if (parts.length === 0) return null;
  return (
    <p class={cx(styles['call'], callsMe && styles['callsMe'])}>
      <Icon name={announcement ? 'pin' : vote === undefined ? 'bell' : 'flag'} size={14} /> {parts.join(', ')}
    </p>
  );
}

/** Below the text of an important one. */
export function Confirmed({ message }: Of): VNode | null {
  const { vote, own } = message;
  if (vote === undefined) return null;
  const mine = vote.by.includes(talk.self.value.account);
  return (
    <div class={styles['vote']}>
      <p class={cx(vote.confirmed && styles['confirmed'])} title={listNames(vote.by.map(nameOf), 20)}>
        {vote.confirmed && <Icon name="check" size={14} />}
        {`Confirmed by ${vote.by.length} of ${vote.of}`}
      </p>
      {!own && !mine && (
        <Button
          small
          onClick={() => {
            confirm(message);
          }}
        >
          Confirm
        </Button>
      )}
    </div>
  );
}

export function Reactions({ message }: Of): VNode | null {
  if (message.reactions.length === 0) return null;
  const { account } = talk.self.value;
  return (
    <ul class={styles['reactions']} role="list" aria-label="Reactions">
      {message.reactions.map(({ emoji, accounts }) => {
        const who = listNames(accounts.map(nameOf), 6);
        return (
          <li key={emoji}>
            <button
              type="button"
              class={styles['reaction']}
              aria-pressed={accounts.includes(account)}
              aria-label={`${emoji} ${accounts.length}, from ${who}`}
              title={who}
              onClick={() => {
                react(message, emoji);
              }}
            >
              <span class={styles['emoji']}>{emoji}</span> {accounts.length}
            </button>
          </li>
        );
      })}
    </ul>
  );
}

/** The same as a sentence; `Sent` while nobody has it. */
export function deliverySentence(message: MessageView): string {
  const { read, delivered } = delivery(message);
  const parts = [
    ...(read.length > 0 ? [`Read by ${listNames(read.map(nameOf), 6)}`] : []),
    ...(delivered.length > 0 ? [`Delivered to ${listNames(delivered.map(nameOf), 6)}`] : []),
  ];
  return parts.length === 0 ? 'Kept on this device until somebody is here' : parts.join('. ');
}

function delivery(message: MessageView): ReturnType<typeof deliveryOf> {
  const members = talk.members.value;
  const personOf = (device: string): AccountId => members.get(device)?.account ?? device;
  return deliveryOf(message, talk.receipts.value, personOf, talk.self.value.account);
}

/** Quiet ticks at the end of an own message. */
export function Delivery({ message }: Of): VNode {
  const { read, delivered } = delivery(message);
  const arrived = read.length + delivered.length > 0;
  const sentence = deliverySentence(message);
  return (
    <span class={cx(styles['ticks'], read.length > 0 && styles['read'])} title={sentence}>
      <Icon name={arrived ? 'checks' : 'check'} size={14} />
      <Unseen>{sentence}</Unseen>
    </span>
  );
}
