// What was done, by whom and to whom, the latest first. Nothing is ever deleted from it.
import type { VNode } from 'preact';
import { me } from '../../account/account.ts';
import { auditBefore, type AuditEntry } from '../../account/moderation.ts';
import { actWords, formatWhen, reasonWords } from '../../account/moderation-words.ts';
import { usePages } from '../account/pages.ts';
import { List } from './list.tsx';
import styles from './moderation.module.css';

export function Audit(): VNode {
  const pages = usePages(auditBefore);
  return (
    <List label="What was done" pages={pages} empty="Nothing was done yet.">
      {(entry) => <Line key={entry.id} entry={entry} />}
    </List>
  );
}

function Line({ entry: { atMs, who, what, target, detail } }: { readonly entry: AuditEntry }): VNode {
  return (
    <li class={styles['entry']}>
      <time class={styles['fact']} dateTime={new Date(atMs).toISOString()}>
        {formatWhen(atMs)}
      </time>
      <div class={styles['about']}>
        <p class={styles['what']}>
          {actWords(what)} <code>{target}</code>
        </p>
        {detail !== '' && (
          <p class={styles['fact']}>
            <bdi>{reasonWords(detail)}</bdi>
          </p>
        )}
        <p class={styles['fact']}>By {doer(who)}</p>
      </div>
    </li>
  );
}

function doer(who: string): string {
  if (who === 'server') return 'the server itself';
  return who === me.value?.id ? 'you' : `account ${who}`;
}
