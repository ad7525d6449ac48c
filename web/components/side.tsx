// The left column: mark, the way to everything kept, pools, rooms and people, this device's switches, the way out.
import type { VNode } from 'preact';
import { leave } from '../app.ts';
import { isBusy } from '../actions.ts';
import { dialog } from '../pool-view.ts';
import { CursorSwitch } from './cursors.tsx';
import { Icon, Mark } from './icons.tsx';
import { People } from './people.tsx';
import { Pools } from './pools.tsx';
import { Rooms } from './rooms.tsx';
import styles from './side.module.css';
import { Button } from './ui.tsx';

export function Side(): VNode {
  return (
    <>
      <div class={styles['brand']}>
        <Mark size={26} />
        <span class={styles['name']}>Rockpool</span>
        <Button
          look="quiet"
          icon="settings"
          label="Settings"
          onClick={() => {
            dialog.value = { kind: 'settings' };
          }}
        />
        <Button
          look="quiet"
          icon="help"
          label="Help"
          onClick={() => {
            dialog.value = { kind: 'help' };
          }}
        />
      </div>
      <div class={styles['find']}>
        <button
          type="button"
          class={styles['search']}
          onClick={() => {
            dialog.value = { kind: 'palette', saved: false };
          }}
        >
          <Icon name="search" size={18} />
          <span>Search</span>
          <kbd aria-hidden="true">/</kbd>
        </button>
        <Button
          look="quiet"
          icon="keep"
          label="Saved messages"
          onClick={() => {
            dialog.value = { kind: 'palette', saved: true };
          }}
        />
      </div>
      <div class={styles['lists']}>
        <Pools />
        <Rooms />
        <People />
      </div>
      <div class={styles['foot']}>
        <CursorSwitch />
        <Button
          look="quiet"
          icon="leave"
          onClick={() => {
            if (isBusy()) dialog.value = { kind: 'leave' };
            else leave();
          }}
        >
          Leave pool
        </Button>
      </div>
    </>
  );
}
