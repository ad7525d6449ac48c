// What is kept of each pool: to take along as a file, to be forgotten.
import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { PoolRecord } from '../../src/client.ts';
import { store } from '../app.ts';
import { formatMoment } from '../format.ts';
import { exportPool, forgetPool, pools, refreshPools, type ExportFormat } from '../pools.ts';
import { isDismissal, reason } from '../trouble.ts';
import dialogs from './dialogs.module.css';
import styles from './settings.module.css';
import { Button } from './ui.tsx';

export function KeptPools(): VNode {
  /** The one that is about to be forgotten. */
  const asking = useSignal<string | undefined>(undefined);
  const [said, setSaid] = useState('');
  useEffect(() => void refreshPools(), []);
  const save = async (pool: string, format: ExportFormat): Promise<void> => {
    setSaid('');
    try {
      await exportPool(pool, format);
      setSaid(`${pool} is exported.`);
    } catch (error) {
      if (!isDismissal(error)) setSaid(`Could not export ${pool}: ${reason(error)}`);
    }
  };
  return (
    <>
      <ul class={styles['pools']} role="list" aria-label="Pools kept here">
        {pools.value.map((record) => (
          <li key={record.pool} class={styles['pool']}>
            <div class={styles['who']}>
              <span class={styles['code']}>{record.pool}</span>
              <span class={styles['when']}>{whenOf(record)}</span>
            </div>
            <div class={styles['ways']}>
              <Button
                small
                look="quiet"
                label={`Export ${record.pool} as JSON`}
                onClick={() => void save(record.pool, 'json')}
              >
                JSON
              </Button>
              <Button
                small
                look="quiet"
                label={`Export ${record.pool} as Markdown`}
                onClick={() => void save(record.pool, 'markdown')}
              >
                Markdown
              </Button>
              <Button
                small
                look="quiet"
                icon="bin"
                label={`Forget ${record.pool}`}
                onClick={() => {
                  asking.value = record.pool;
                }}
              />
            </div>
            {asking.value === record.pool && (
              <Sure
                pool={record.pool}
                onEnd={() => {
                  asking.value = undefined;
                }}
              />
            )}
          </li>
        ))}
      </ul>
      <p class={dialogs['fine']} role="status">
        {said}
      </p>
    </>
  );
}

function whenOf({ pool, visitedMs, left }: PoolRecord): string {
  if (pool === store.pool.value) return 'you are here';
  return `${left ? 'left for good' : 'last here'} ${formatMoment(visitedMs, Date.now())}`;
}

function Sure({ pool, onEnd }: { readonly pool: string; readonly onEnd: () => void }): VNode {
  const present = pool === store.pool.value;
  return (
    <div class={styles['sure']} role="group" aria-label={`Forget ${pool}?`}>
      <p>
        All messages of {pool} are deleted from this device{present && ', and this page leaves it'}. Others keep theirs.
      </p>
      <div class={styles['ways']}>
        <Button
          small
          onClick={() => {
            void forgetPool(pool);
            onEnd();
          }}
        >
          {present ? 'Leave and forget' : 'Forget it'}
        </Button>
        <Button small look="quiet" onClick={onEnd}>
          Keep it
        </Button>
      </div>
    </div>
  );
}
