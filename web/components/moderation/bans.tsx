// Who may not come in: the list, one more, and one fewer.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { me } from '../../account/account.ts';
import { AccountProblem } from '../../../src/io/account-ticket.ts';
import { ban, bans, unban, type Ban, type BanOf, type SubjectKind } from '../../account/moderation.ts';
import { formatWhen, untilWords } from '../../account/moderation-words.ts';
import { Sure } from '../account/asking.tsx';
import { usePages } from '../account/pages.ts';
import { Field, Problem, useAction } from '../account/parts.tsx';
import dialogs from '../dialogs.module.css';
import { Choice } from '../settings.tsx';
import { Button } from '../ui.tsx';
import { List } from './list.tsx';
import styles from './moderation.module.css';

const KINDS: readonly { readonly value: SubjectKind; readonly text: string }[] = [
  { value: 'account', text: 'An account' },
  { value: 'device', text: 'A device' },
  { value: 'address', text: 'An address' },
];

/** Hours, as text: what radios hold. */
type Hours = '24' | '168' | '720' | '8760' | 'ever';
const TIMES: readonly { readonly value: Hours; readonly text: string }[] = [
  { value: '24', text: 'A day' },
  { value: '168', text: 'A week' },
  { value: '720', text: '30 days' },
  { value: '8760', text: 'A year' },
  { value: 'ever', text: 'For ever' },
];

const subjectLabels: Readonly<Record<SubjectKind, string>> = {
  account: 'The account’s id',
  device: 'The device’s id',
  address: 'Address, or a range such as 203.0.113.0/24 or 2001:db8::/48',
};

const banned: Readonly<Record<SubjectKind, string>> = { account: 'Account', device: 'Device', address: 'Address' };

/** `first`: who is to be banned, found elsewhere. */
export function Bans({ first }: { readonly first: BanOf | undefined }): VNode {
  const pages = usePages(bans);
  const [adding, setAdding] = useState(first !== undefined);
  const [said, setSaid] = useState('');
  return (
    <>
      {adding ? (
        <BanForm
          first={first}
          onBanned={() => {
            setSaid('Banned. Whoever of them was in a pool is out.');
            pages.again();
          }}
          onDone={() => setAdding(false)}
        />
      ) : (
        <Button small icon="plus" onClick={() => setAdding(true)}>
          Ban somebody
        </Button>
      )}
      <p class={styles['said']} role="status">
        {said}
      </p>
      <List label="Bans" pages={pages} empty="Nobody is banned.">
        {(each) => (
          <Line
            key={`${each.kind}:${each.subject}`}
            ban={each}
            onLifted={() => {
              setSaid('Lifted, and their strikes are forgotten.');
              pages.again();
            }}
          />
        )}
      </List>
    </>
  );
}

function Line({ ban: each, onLifted }: { readonly ban: Ban; readonly onLifted: () => void }): VNode {
  const [asking, setAsking] = useState(false);
  const { kind, subject, untilMs, reason, by, createdMs } = each;
  const who = by === null ? 'the server itself' : by === me.value?.id ? 'you' : `account ${by}`;
  return (
    <li class={styles['ban']}>
      <div class={styles['about']}>
        <p class={styles['what']}>
          {banned[kind]} <code>{subject}</code>
        </p>
        <p class={styles['fact']}>
          Out {untilWords(untilMs)}: <bdi>{reason}</bdi>
        </p>
        <p class={styles['fact']}>
          By {who}, {formatWhen(createdMs)}
        </p>
      </div>
      {!asking && (
        <Button small look="quiet" label={`Lift the ban of ${subject}`} onClick={() => setAsking(true)}>
          Lift…
        </Button>
      )}
      {asking && (
        <Sure
          label={`Lift the ban of ${subject}?`}
          yes="Lift it"
          onYes={async () => {
            await unban(each);
            onLifted();
          }}
          onDone={() => setAsking(false)}
        >
          They may come in again at once, and the strikes that led to it are forgotten.
        </Sure>
      )}
    </li>
  );
}

interface BanFormProps {
  readonly first: BanOf | undefined;
  readonly onBanned: () => void;
  readonly onDone: () => void;
}

function BanForm({ first, onBanned, onDone }: BanFormProps): VNode {
  const [kind, setKind] = useState<SubjectKind>(first?.kind ?? 'account');
  const [subject, setSubject] = useState(first?.subject ?? '');
  const [hours, setHours] = useState<Hours>('168');
  const [reason, setReason] = useState(first?.reason ?? '');
  const action = useAction();
  return (
    <form
      class={styles['form']}
      aria-label="New ban"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        action.run(async () => {
          const id = subject.trim().toLowerCase();
          if (kind !== 'address' && !/^[0-9a-f]{32}$/u.test(id)) {
            throw new Error('An id is 32 digits and letters from a to f. Reports and the audit show them.');
          }
          const length = hours === 'ever' ? null : Number(hours);
          await ban({ kind, subject: id, reason: reason.trim() }, length).catch((error: unknown) => {
            throw kind === 'address' && error instanceof AccountProblem && error.code === 'bad-request'
              ? new Error('Write an address such as 203.0.113.9, or a range: of IPv4 a /24, of IPv6 a /64 or /48.')
              : error;
          });
          onBanned();
          onDone();
        });
      }}
    >
      <div>
        <p class={dialogs['label']}>Who</p>
        <Choice name="ban-kind" label="Who" options={KINDS} chosen={kind} onChoose={setKind} />
      </div>
      <Field
        id="ban-subject"
        label={subjectLabels[kind]}
        value={subject}
        focused={first === undefined}
        onValue={setSubject}
      />
      <div>
        <p class={dialogs['label']}>For how long</p>
        <Choice name="ban-hours" label="For how long" options={TIMES} chosen={hours} onChoose={setHours} />
      </div>
      <Field
        id="ban-reason"
        label="Why, for the audit"
        value={reason}
        maxLength={128}
        focused={first !== undefined}
        onValue={setReason}
      />
      <Problem action={action} />
      <div class={styles['ways']}>
        <Button look="primary" type="submit" disabled={action.busy || subject.trim() === '' || reason.trim() === ''}>
          Ban
        </Button>
        <Button look="quiet" onClick={onDone}>
          Not now
        </Button>
      </div>
    </form>
  );
}
