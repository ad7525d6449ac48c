// What is kept of each pool: to go back to, to take along as a file, to be forgotten.
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

interface KeptPoolsProps {
  /** To a pool that is pressed; without, they are not to be pressed. */
  readonly onGo?: (pool: string) => void;
}

export function KeptPools({ onGo }: KeptPoolsProps): VNode {
  /** The one that is about to be forgotten. */
  const asking = useSignal<string | undefined>(undefined);
  const [said, setSaid] = useState('');
  const [read, setRead] = useState(false);
  useEffect(() => void refreshPools().then(() => setRead(true)), []);
  const save = async (pool: string, format: ExportFormat): Promise<void> => {
    setSaid('');
    try {
      await exportPool(pool, format);
      setSaid(`${pool} is exported.`);
    } catch (error) {
      if (!isDismissal(error)) setSaid(`Could not export ${pool}: ${reason(error)}`);
    }
  };
  const forget = async (pool: string): Promise<void> => {
    asking.value = undefined;
    try {
      await forgetPool(pool);
      setSaid(`${pool} is forgotten.`);
    } catch (error) {
      setSaid(`Could not forget ${pool}: ${reason(error)}`);
    }
  };
  return (
    <>
      {read && pools.value.length === 0 && <p class={dialogs['fine']}>No pool is kept on this device.</p>}
      <ul class={styles['pools']} role="list" aria-label="Pools kept here">
        {pools.value.map((record) => (
          <li key={record.pool} class={styles['pool']}>
            <div class={styles['who']}>
              {onGo === undefined ? (
                <span class={styles['code']}>{record.pool}</span>
              ) : (
                <button type="button" class={styles['code']} onClick={() => onGo(record.pool)}>
                  {record.pool}
                </button>
              )}
              <span class={styles['when']}>{whenOf(record)}</span>
            </div>
            <div class={styles['ways']}>
              <span class={styles['when']}>Export</span>
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
                onForget={() => void forget(record.pool)}
                onKeep={() => {
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

interface SureProps {
  readonly pool: string;
  readonly onForget: () => void;
  readonly onKeep: () => void;
}

function Sure({ pool, onForget, onKeep }: SureProps): VNode {
  const present = pool === store.pool.value;
  return (
    <div class={styles['sure']} role="group" aria-label={`Forget ${pool}?`}>
      <p>
        Everything said in {pool} is deleted from this device, with what you saved and whom you verified there
        {present && ', and this page leaves it'}. Others keep theirs, and files you received stay.
      </p>
      <div class={styles['ways']}>
        <Button small onClick={onForget}>
          {present ? 'Leave and forget' : 'Forget it'}
        </Button>
        <Button small look="quiet" onClick={onKeep}>
          Keep it
        </Button>
      </div>
    </div>
  );
}
