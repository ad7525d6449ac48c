// Above the oldest message that is kept here: that devices here have more, and how to get it.
import type { VNode } from 'preact';
import { countOf } from '../format.ts';
import { fetching, fetchOlder } from '../talk-actions.ts';
import { talk } from '../talk.ts';
import styles from './conversation.module.css';
import { Button } from './ui.tsx';

export function Older(): VNode | null {
  const count = talk.older.value;
  if (count === 0 && !fetching.value) return null;
  return (
    <div class={styles['older']}>
      <p>{fetching.value ? 'Getting more…' : `Devices here have ${countOf(count, 'older entry', 'older entries')}.`}</p>
      <Button small busy={fetching.value} disabled={fetching.value} onClick={() => void fetchOlder()}>
        Get more from devices
      </Button>
    </div>
  );
}
