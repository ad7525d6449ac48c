// The pools this device has been in, the present one first: what is unread in each, and a press goes there.
import type { VNode } from 'preact';
import { store } from '../app.ts';
import { cx } from '../cx.ts';
import { countOf } from '../format.ts';
import { goTo, pools } from '../pools.ts';
import { dialog } from '../pool-view.ts';
import { settings } from '../settings.ts';
import { talk } from '../talk.ts';
import { Icon } from './icons.tsx';
import styles from './side.module.css';
import { Count, SideSection } from './side-section.tsx';

/** Pools in the column; the others are found by searching. */
const SHOWN = 5;

export function Pools(): VNode {
  const present = store.pool.value;
  const known = pools.value.filter(({ pool, left }) => pool !== present && !left);
  const rows = [{ pool: present, unread: talk.unread.value }, ...known];
  return (
    <SideSection
      title="Pools"
      action="Another pool"
      onAction={() => {
        dialog.value = { kind: 'pool' };
      }}
    >
      <ul role="list" aria-labelledby="pools-title">
        {rows.slice(0, SHOWN).map(({ pool, unread }) => (
          <li key={pool}>
            <button
              type="button"
              class={cx(styles['line'], pool === present && styles['present'])}
              aria-current={pool === present ? 'true' : undefined}
              onClick={() => goTo({ pool })}
            >
              <span class={styles['pond']} aria-hidden="true" />
              <span class={styles['label']}>{pool}</span>
              {settings.value.muted.includes(pool) && <Icon name="bellOff" size={14} />}
              <Count unread={unread} />
            </button>
          </li>
        ))}
      </ul>
      {rows.length > SHOWN && (
        <button
          type="button"
          class={cx(styles['line'], styles['rest'])}
          onClick={() => {
            dialog.value = { kind: 'palette', saved: false };
          }}
        >
          {countOf(rows.length - SHOWN, 'more pool')}
        </button>
      )}
    </SideSection>
  );
}
