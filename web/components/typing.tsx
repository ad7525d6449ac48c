// Who writes at the moment: one quiet line that takes no room when nobody does.
import type { VNode } from 'preact';
import { useEffect } from 'preact/hooks';
import { listNames } from '../format.ts';
import { talk } from '../talk.ts';
import styles from './composer.module.css';

export function Typing(): VNode {
  const typists = talk.typing.value;
  useEffect(() => {
    const nextMs = talk.expireTyping(Date.now());
    if (nextMs === undefined) return undefined;
    const timer = setTimeout(() => talk.expireTyping(Date.now()), nextMs - Date.now());
    return () => clearTimeout(timer);
  }, [typists]);
  const names = [...new Set(typists.map(({ name }) => name))];
  return (
    <p class={styles['typing']}>
      {names.length > 0 && (
        <>
          <bdi>{listNames(names)}</bdi> {names.length === 1 ? 'is' : 'are'} writing
        </>
      )}
    </p>
  );
}
