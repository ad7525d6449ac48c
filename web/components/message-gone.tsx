// What is left of a message that was taken back: that it was, and for its author how many devices here have removed it.
import type { VNode } from 'preact';
import { store } from '../app.ts';
import { countOf } from '../format.ts';
import { talk } from '../talk.ts';
import type { MessageView } from '../../src/talk/views.ts';
import styles from './message.module.css';

export function TakenBack({ message }: { readonly message: MessageView }): VNode {
  return (
    <p class={styles['gone']}>
      {message.own ? 'You took this back.' : 'Taken back.'}
      {message.own && <Removed message={message} />}
    </p>
  );
}

function Removed({ message: { room, retractedBy } }: { readonly message: MessageView }): VNode | null {
  const accounts = talk.rooms.value.find(({ id }) => id === room)?.accounts ?? [];
  const members = talk.members.value;
  const here = store.peers.value.filter(({ id }) => {
    return accounts.length === 0 || accounts.includes(members.get(id)?.account ?? id);
  });
  if (here.length === 0) return null;
  const told = here.filter(({ id }) => retractedBy.includes(id)).length;
  return (
    <>
      {' '}
      Removed on {told} of {countOf(here.length, 'device')} here.
    </>
  );
}
