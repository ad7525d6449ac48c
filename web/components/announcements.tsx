// The newest announcement of the open room that this person has not taken note of, above the conversation.
import type { VNode } from 'preact';
import { note } from '../talk-actions.ts';
import { showMessage, talk } from '../talk.ts';
import { plainLine } from '../markdown.ts';
import styles from './announcements.module.css';
import { Icon } from './icons.tsx';
import { Button } from './ui.tsx';

export function Announcements(): VNode | null {
  const waiting = talk.announcements.value.filter(({ own, noted }) => !own && !noted);
  const [newest] = waiting;
  if (newest === undefined) return null;
  return (
    <section class={styles['strip']} aria-label="Announcement">
      <Icon name="pin" size={18} />
      <button
        type="button"
        class={styles['what']}
        onClick={() => {
          showMessage(newest.id);
        }}
      >
        <bdi class={styles['by']}>{newest.name}</bdi>
        <bdi class={styles['text']}>{plainLine(newest.text)}</bdi>
      </button>
      {waiting.length > 1 && <span class={styles['more']}>{waiting.length - 1} more</span>}
      <Button
        small
        onClick={() => {
          note(newest);
        }}
      >
        Got it
      </Button>
    </section>
  );
}
