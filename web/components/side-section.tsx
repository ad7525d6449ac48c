// A part of the left column: its title with what can be added there, and the count of what is unread at the end of a line.
import type { ComponentChildren, VNode } from 'preact';
import styles from './side.module.css';
import { Button, Unseen } from './ui.tsx';

interface SideSectionProps {
  readonly title: 'Pools' | 'Rooms' | 'People';
  /** The name of the button beside the title; without, there is none. */
  readonly action?: string;
  readonly onAction?: (() => void) | undefined;
  readonly children: ComponentChildren;
}

export function SideSection({ title, action, onAction, children }: SideSectionProps): VNode {
  return (
    <section class={styles['section']}>
      <div class={styles['sectionHead']}>
        <h2 id={`${title.toLowerCase()}-title`} class={styles['title']}>
          {title}
        </h2>
        {action !== undefined && <Button look="quiet" small icon="plus" label={action} onClick={() => onAction?.()} />}
      </div>
      {children}
    </section>
  );
}

/** Counts above this say so. */
const COUNT_MAX = 99;

export function Count({ unread }: { readonly unread: number }): VNode | null {
  if (unread === 0) return null;
  return (
    <span class={styles['count']}>
      {unread > COUNT_MAX ? `${COUNT_MAX}+` : unread}
      <Unseen> unread</Unseen>
    </span>
  );
}
