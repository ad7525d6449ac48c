// Everybody known in this pool: who is here, and below, folded, who is away.
import { useSignal } from '@preact/signals';
import { useCallback } from 'preact/hooks';
import type { VNode } from 'preact';
import type { Person } from '../people.ts';
import { people } from '../recipients.ts';
import type { AccountId } from '../../src/wire/entry.ts';
import { Icon } from './icons.tsx';
import { PersonRow } from './people-row.tsx';
import styles from './side.module.css';
import { SideSection } from './side-section.tsx';

/** Rows drawn at most; a larger pool says how many more there are. */
const ROWS_MAX = 300;

export function People(): VNode {
  /** Who is looked at: one at a time. */
  const looking = useSignal<AccountId | undefined>(undefined);
  const look = useCallback(
    (account: AccountId | undefined) => {
      looking.value = account;
    },
    [looking],
  );
  const known = people.value;
  const [here, away] = [known.filter((person) => person.here), known.filter((person) => !person.here)];
  const row = (person: Person): VNode => (
    <PersonRow key={person.account} person={person} open={looking.value === person.account} look={look} />
  );
  return (
    <SideSection title="People">
      <ul role="list" aria-labelledby="people-title">
        {here.slice(0, ROWS_MAX).map(row)}
      </ul>
      {here.length > ROWS_MAX && <p class={styles['more']}>and {here.length - ROWS_MAX} more</p>}
      {known.length === 1 && <p class={styles['more']}>Share the link, and whoever follows it appears here.</p>}
      {away.length > 0 && (
        <details class={styles['away']}>
          <summary>
            Away <span>{away.length}</span> <Icon name="more" size={16} />
          </summary>
          <ul role="list" aria-label="Away">
            {away.slice(0, ROWS_MAX).map(row)}
          </ul>
          {away.length > ROWS_MAX && <p class={styles['more']}>and {away.length - ROWS_MAX} more</p>}
        </details>
      )}
    </SideSection>
  );
}
