// An account's picture, or its stone while there is none.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { apiUrl } from '../../account/call.ts';
import { cx } from '../../cx.ts';
import { Stone } from '../ui.tsx';
import styles from './account.module.css';

interface PictureProps {
  readonly account: string;
  readonly name: string;
  /** False: it is known to have none. */
  readonly there?: boolean;
  /** Another number where it may be another picture. */
  readonly version?: number;
  readonly large?: boolean;
}

export function Picture({ account, name, there = true, version = 0, large = false }: PictureProps): VNode {
  const url = apiUrl(`accounts/${account}/avatar?version=${version}`).href;
  const [missing, setMissing] = useState('');
  if (!there || missing === url) return <Stone id={account} name={name} />;
  return (
    <img
      class={cx(styles['picture'], large && styles['large'])}
      src={url}
      alt=""
      loading="lazy"
      onError={() => setMissing(url)}
    />
  );
}
