// A long list as all parts of moderation show it: looking, empty, what went wrong, and the way to more of it.
import type { ComponentChildren, VNode } from 'preact';
import type { Pages } from '../account/pages.ts';
import { Problem } from '../account/parts.tsx';
import { Button } from '../ui.tsx';
import styles from './moderation.module.css';

interface ListProps<Item> {
  /** The list's accessible name. */
  readonly label: string;
  readonly pages: Pages<Item>;
  /** What to say where there is nothing. */
  readonly empty: string;
  readonly children: (item: Item) => ComponentChildren;
}

export function List<Item>({ label, pages: { items, more, again, action }, empty, children }: ListProps<Item>): VNode {
  if (items === undefined && action.problem === '') {
    return (
      <p class={styles['empty']} role="status">
        Looking…
      </p>
    );
  }
  return (
    <>
      {items?.length === 0 && <p class={styles['empty']}>{empty}</p>}
      <ul class={styles['list']} role="list" aria-label={label}>
        {items?.map(children)}
      </ul>
      <Problem action={action} />
      {items === undefined && (
        <Button small disabled={action.busy} onClick={again}>
          Try again
        </Button>
      )}
      {more !== undefined && (
        <Button small disabled={action.busy} onClick={more}>
          Show more
        </Button>
      )}
    </>
  );
}
