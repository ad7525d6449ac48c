// Others' cursors over the conversation, and the switch that turns them on. Each cursor writes its own style as frames
// arrive: no component is drawn again while pointers move.
import { effect } from '@preact/signals';
import type { RefObject, VNode } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { currentSession, store } from '../app.ts';
import { CursorTable, type Cursor } from '../cursor-table.ts';
import { cursorsOn, shareCursors, toggleCursors } from '../cursors.ts';
import styles from './cursors.module.css';
import { Icon } from './icons.tsx';
import { hueOf } from './ui.tsx';

/** Fills its positioned parent, which `board` points at; draws nothing while cursors are off. */
export function Cursors({ board }: { readonly board: RefObject<HTMLElement | null> }): VNode | null {
  return cursorsOn.value ? <Layer board={board} /> : null;
}

function Layer({ board }: { readonly board: RefObject<HTMLElement | null> }): VNode {
  const [table] = useState(() => new CursorTable());
  useEffect(() => {
    const session = currentSession();
    if (session === undefined || board.current === null) return undefined;
    return shareCursors(session.client, board.current, table);
  }, [board, table]);
  const names = new Map(store.peers.value.map(({ id, name }) => [id, name]));
  return (
    <div class={styles['layer']} aria-hidden="true">
      {table.shown.value.map((cursor) => (
        <Pointer key={cursor.peer} cursor={cursor} name={names.get(cursor.peer) ?? ''} />
      ))}
    </div>
  );
}

function Pointer({ cursor, name }: { readonly cursor: Cursor; readonly name: string }): VNode {
  const { peer, spot } = cursor;
  const element = useRef<HTMLDivElement>(null);
  useLayoutEffect(
    () =>
      effect(() => {
        const { x, y } = spot.value;
        element.current?.style.setProperty('--x', String(x));
        element.current?.style.setProperty('--y', String(y));
      }),
    [spot],
  );
  return (
    <div ref={element} class={styles['cursor']} style={{ '--hue': String(hueOf(peer)) }} data-cursor={peer}>
      <svg width="18" height="18" viewBox="0 0 18 18">
        <path d="M1 1 6 15.5 8.7 8.9 15.5 6.4Z" />
      </svg>
      <bdi class={styles['label']}>{name}</bdi>
    </div>
  );
}

export function CursorSwitch(): VNode {
  return (
    <div>
      <button
        type="button"
        class={styles['switch']}
        aria-pressed={cursorsOn.value}
        aria-describedby="cursors-hint"
        onClick={toggleCursors}
      >
        <Icon name="cursor" />
        <span class={styles['what']}>Show cursors</span>
        <span class={styles['track']} />
      </button>
      <p id="cursors-hint" class={styles['hint']}>
        You and others who turn this on see each other’s pointers.
      </p>
    </div>
  );
}
