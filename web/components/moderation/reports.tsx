// Reports that nobody has decided about, the oldest first. Each opens to what was said and what is held against whom.
import type { VNode } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { openReports, type BanOf, type Report } from '../../account/moderation.ts';
import { countWords, formatWhen, offenceNames, partyName } from '../../account/moderation-words.ts';
import { usePages } from '../account/pages.ts';
import { Icon } from '../icons.tsx';
import { List } from './list.tsx';
import styles from './moderation.module.css';
import { ReportCase } from './report-case.tsx';

export function Reports({ onBan }: { readonly onBan: (of: BanOf) => void }): VNode {
  const pages = usePages(openReports);
  const [open, setOpen] = useState<string | undefined>();
  const [said, setSaid] = useState('');
  /** Where in the list a report was decided: what comes to stand there has the focus next. */
  const decidedAt = useRef<number | undefined>(undefined);
  const { items } = pages;
  useLayoutEffect(() => {
    if (decidedAt.current === undefined || items === undefined) return;
    const next = items[decidedAt.current] ?? items.at(-1);
    document.getElementById(next === undefined ? 'moderation-reports' : `report-${next.id}`)?.focus();
    decidedAt.current = undefined;
  }, [items]);
  const onSettled = (report: Report, sentence: string): void => {
    decidedAt.current = items?.indexOf(report);
    setOpen(undefined);
    setSaid(sentence);
    // With it went all others of the same message.
    pages.again();
  };
  return (
    <>
      <p class={styles['said']} role="status">
        {said}
      </p>
      <List label="Open reports" pages={pages} empty="Clear water. Nobody waits for a decision.">
        {(report) => (
          <Line
            key={report.id}
            report={report}
            open={open === report.id}
            onOpen={() => setOpen(open === report.id ? undefined : report.id)}
            onSettled={(sentence) => onSettled(report, sentence)}
            onBan={onBan}
          />
        )}
      </List>
    </>
  );
}

interface LineProps {
  readonly report: Report;
  readonly open: boolean;
  readonly onOpen: () => void;
  readonly onSettled: (sentence: string) => void;
  readonly onBan: (of: BanOf) => void;
}

function Line({ report, open, onOpen, onSettled, onBan }: LineProps): VNode {
  const { id, offence, pool, createdMs, target } = report;
  return (
    <li class={styles['report']}>
      <button
        type="button"
        id={`report-${id}`}
        class={styles['summary']}
        aria-expanded={open}
        aria-controls={open ? `case-${id}` : undefined}
        onClick={onOpen}
      >
        <span class={styles['what']}>
          {offenceNames[offence]} <span class={styles['by']}>by</span> <bdi>{partyName(target)}</bdi>
        </span>
        <time class={styles['fact']} dateTime={new Date(createdMs).toISOString()}>
          {formatWhen(createdMs)}
        </time>
        <span class={styles['fact']}>
          {pool} · {countWords(report)}
        </span>
        <Icon name={open ? 'less' : 'more'} size={16} />
      </button>
      {open && <ReportCase id={`case-${id}`} report={report} onSettled={onSettled} onBan={onBan} />}
    </li>
  );
}
