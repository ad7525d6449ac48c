// One file of an offer: a leaf with its kind, its name (isolated, whatever direction it is written in), its size.
import type { ComponentChildren, VNode } from 'preact';
import { formatBytes } from '../format.ts';
import styles from './offer.module.css';

interface FileLineProps {
  readonly name: string;
  readonly bytes: number;
  readonly id?: string;
  readonly action?: ComponentChildren;
  readonly children?: ComponentChildren;
}

export function FileLine({ name, bytes, id, action, children }: FileLineProps): VNode {
  return (
    <div class={styles['file']}>
      <span class={styles['leaf']} aria-hidden="true">
        {extension(name)}
      </span>
      <div class={styles['about']}>
        <p class={styles['fileHead']}>
          <bdi id={id} class={styles['fileName']} title={name}>
            {name}
          </bdi>
          <span class={styles['size']}>{formatBytes(bytes)}</span>
        </p>
        {children}
      </div>
      {action}
    </div>
  );
}

/** Up to four letters that say what kind of file it is; nothing for a name without them. */
function extension(name: string): string {
  return /\.([a-z0-9]{1,4})$/i.exec(name)?.[1]?.toLowerCase() ?? '';
}
