// One report opened: what was said, as plain text and nothing else, what is held against whom, and the verdict.
import type { ComponentChildren, VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import {
  caseOf,
  kick,
  settle,
  type BanOf,
  type Case,
  type Party,
  type Report,
  type Said,
} from '../../account/moderation.ts';
import {
  formatWhen,
  offenceNames,
  reasonWords,
  standingSentence,
  verdictSentence,
} from '../../account/moderation-words.ts';
import { assertNever } from '../../assert.ts';
import { countOf, formatBytes } from '../../format.ts';
import { Field, Problem, useAction } from '../account/parts.tsx';
import dialogs from '../dialogs.module.css';
import { Button } from '../ui.tsx';
import styles from './moderation.module.css';

interface ReportCaseProps {
  readonly id: string;
  readonly report: Report;
  /** It was decided: what came of it, as a sentence. */
  readonly onSettled: (sentence: string) => void;
  readonly onBan: (of: BanOf) => void;
}

export function ReportCase({ id, report, onSettled, onBan }: ReportCaseProps): VNode {
  const [known, setKnown] = useState<Case | undefined>();
  const action = useAction();
  useEffect(() => action.run(async () => setKnown(await caseOf(report.id))), []);
  return (
    <div id={id} class={styles['case']} role="group" aria-label="What was reported">
      {known === undefined && action.problem === '' && <p role="status">Looking…</p>}
      {known === undefined && <Problem action={action} />}
      {known !== undefined && (
        <>
          <Statement said={known.said} />
          <dl class={styles['facts']}>
            {known.saidMs !== null && <Fact title="Said">{formatWhen(known.saidMs)}, by their clock</Fact>}
            <Fact title="By">
              <Who party={known.target} />
            </Fact>
            <Fact title="Reported by">
              <Who party={known.reporter} />
            </Fact>
            <Fact title="Standing">
              {standingSentence(known.standing)}
              {known.standing.strikes.map((strike) => (
                <span key={strike.id} class={styles['strike']}>
                  {reasonWords(strike.reason)}: {formatWhen(strike.createdMs)}, counts until{' '}
                  {formatWhen(strike.expiresMs)}
                </span>
              ))}
            </Fact>
          </dl>
          <Verdict known={known} onSettled={onSettled} onBan={onBan} />
        </>
      )}
    </div>
  );
}

/** Text from whoever was reported: no markdown, no links, no pictures. */
function Statement({ said }: { readonly said: Said | null }): VNode {
  if (said === null) return <p class={dialogs['fine']}>What was said cannot be read any more.</p>;
  switch (said.kind) {
    case 'text':
      return (
        // Longer ones scroll, with the keyboard too.
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        <blockquote class={styles['statement']} dir="auto" tabIndex={0} aria-label="What was said">
          {said.text}
        </blockquote>
      );
    case 'files':
      return (
        <div>
          <p class={dialogs['fine']}>
            Offered {countOf(said.count, 'file')}, {formatBytes(said.bytes)} in all. The files themselves were not here.
          </p>
          {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
          <ul class={styles['statement']} role="list" tabIndex={0} aria-label="Names of the files">
            {said.names.map((name, at) => (
              <li key={at} dir="auto">
                {name}
              </li>
            ))}
            {said.count > said.names.length && <li>and {said.count - said.names.length} more</li>}
          </ul>
        </div>
      );
    case 'name':
      return (
        <div>
          <p class={dialogs['fine']}>Goes by this name:</p>
          <blockquote class={styles['statement']} dir="auto">
            {said.name}
          </blockquote>
        </div>
      );
    case 'other':
      return <p class={dialogs['fine']}>Neither text nor files: {said.what}.</p>;
    default:
      return assertNever(said);
  }
}

function Fact({ title, children }: { readonly title: string; readonly children: ComponentChildren }): VNode {
  return (
    <div>
      <dt>{title}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Who({ party: { name, account, device } }: { readonly party: Party }): VNode {
  return (
    <>
      {name === null ? 'Somebody without an account' : <bdi>{name}</bdi>}
      {account !== null && (
        <span class={styles['id']}>
          account <code>{account}</code>
        </span>
      )}
      <span class={styles['id']}>
        device <code>{device}</code>
      </span>
    </>
  );
}

interface VerdictProps {
  readonly known: Case;
  readonly onSettled: (sentence: string) => void;
  readonly onBan: (of: BanOf) => void;
}

function Verdict({ known, onSettled, onBan }: VerdictProps): VNode {
  const { id, target, offence } = known;
  const [note, setNote] = useState('');
  const [said, setSaid] = useState('');
  const action = useAction();
  const subject =
    target.account === null
      ? ({ kind: 'device', subject: target.device } as const)
      : ({ kind: 'account', subject: target.account } as const);
  const reason = note.trim() === '' ? offenceNames[offence] : note.trim();
  const decide = (verdict: 'uphold' | 'dismiss') => () =>
    action.run(async () => {
      const standing = await settle(id, verdict, note.trim());
      onSettled(verdictSentence(verdict, target, standing));
    });
  return (
    <>
      <Field id={`note-${id}`} label="Note, kept in the audit" value={note} maxLength={NOTE_MAX} onValue={setNote} />
      <p class={dialogs['fine']}>
        Upholding it is a strike, which counts for 90 days. Three that count are a ban: 7 days, the next time 30, then a
        year. Dismissed, it counts for nothing.
      </p>
      <Problem action={action} />
      <p class={styles['said']} role="status">
        {said}
      </p>
      <div class={styles['ways']}>
        <Button look="primary" disabled={action.busy} onClick={decide('uphold')}>
          Uphold
        </Button>
        <Button disabled={action.busy} onClick={decide('dismiss')}>
          Dismiss
        </Button>
        <span class={styles['apart']} />
        <Button
          look="quiet"
          disabled={action.busy}
          title="Out of every pool now; nothing keeps them from coming back"
          onClick={() =>
            action.run(async () => {
              await kick(subject.kind, subject.subject, reason);
              setSaid('Sent out of every pool here.');
            })
          }
        >
          Send out
        </Button>
        <Button look="quiet" onClick={() => onBan({ ...subject, reason })}>
          Ban…
        </Button>
      </div>
    </>
  );
}

/** Characters of a note: at most 512 bytes, whatever they are. */
const NOTE_MAX = 128;
