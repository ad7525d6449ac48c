// Parts of files that earlier transfers left here: each goes on from where it is as soon as somebody offers it again.
import type { VNode } from 'preact';
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { currentSession, store } from '../app.ts';
import { cx } from '../cx.ts';
import { formatBytes, formatPercent } from '../format.ts';
import { historyVersion } from '../history.ts';
import type { AppStore } from '../session.ts';
import { reason, trouble } from '../trouble.ts';
import styles from './history.module.css';
import rows from './rows.module.css';
import { Button } from './ui.tsx';

type KeptFile = Awaited<ReturnType<AppStore['kept']>>[number];

export function HalfHere(): VNode | null {
  const kept = useSignal<readonly KeptFile[]>([]);
  const changes = historyVersion.value;
  useEffect(() => {
    let wanted = true;
    void currentSession()
      ?.store?.kept()
      .catch(() => [])
      .then((found) => {
        if (wanted) kept.value = found;
      });
    return () => {
      wanted = false;
    };
  }, [changes]);
  const parts = kept.value.filter((each) => !each.finished && !isUnderWay(each));
  if (parts.length === 0) return null;
  return (
    <>
      <section aria-label="Half here">
        <h3 class={cx(rows['title'], styles['title'])}>Half here</h3>
        <ul role="list">
          {parts.map(({ location, facts, verifiedBytes }) => (
            <li key={location} class={styles['line']}>
              <p class={styles['top']}>
                <bdi class={rows['name']} title={facts.name}>
                  {facts.name}
                </bdi>
                <span class={rows['size']}>{formatBytes(facts.bytes)}</span>
              </p>
              <div class={rows['foot']}>
                <p class={rows['fact']}>
                  {formatPercent(verifiedBytes, facts.bytes)} is here. Continues when someone offers it again.
                </p>
                <Button
                  look="quiet"
                  small
                  icon="bin"
                  label={`Delete what is here of ${facts.name}`}
                  onClick={() => {
                    void forget(location, facts.name);
                  }}
                />
              </div>
            </li>
          ))}
        </ul>
      </section>
      <h3 class={cx(rows['title'], styles['title'])}>Sent and received</h3>
    </>
  );
}

async function forget(location: string, name: string): Promise<void> {
  try {
    const gone = await currentSession()?.store?.forget(location);
    if (gone === false) trouble.value = `${name} is in use, perhaps in another tab.`;
  } catch (error) {
    trouble.value = reason(error);
  }
  historyVersion.value += 1;
}

function isUnderWay({ facts }: KeptFile): boolean {
  return store.transfers.value.some(({ state, view }) => {
    const now = view.peek();
    return state.value !== 'ended' && now.direction === 'in' && now.name === facts.name && now.bytes === facts.bytes;
  });
}
