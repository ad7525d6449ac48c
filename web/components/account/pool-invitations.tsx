// Who may still come into a pool by a link: made for so many people and so long, and taken back.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { OwnPool } from '../../account/account.ts';
import { invitationsTo, invite, revokeInvitation, type Invitation } from '../../account/pools.ts';
import { invitedFragment } from '../../../src/wire/pool-code.ts';
import { pageAddress } from '../../address.ts';
import { countOf, formatMoment } from '../../format.ts';
import { copyText } from '../../pool-view.ts';
import list from '../devices.module.css';
import dialogs from '../dialogs.module.css';
import { Choice } from '../settings.tsx';
import { Button } from '../ui.tsx';
import styles from './account.module.css';
import { usePages } from './pages.ts';
import { Field, Item, Problem, useAction } from './parts.tsx';

const ROLES: readonly { readonly value: Invitation['role']; readonly text: string }[] = [
  { value: 'member', text: 'Members' },
  { value: 'listener', text: 'Listeners' },
];

/** Hours, as text: what radios hold. */
type Hours = '24' | '168' | '720' | '2160';
const TIMES: readonly { readonly value: Hours; readonly text: string }[] = [
  { value: '24', text: 'A day' },
  { value: '168', text: 'A week' },
  { value: '720', text: '30 days' },
  { value: '2160', text: '90 days' },
];

/** People one invitation is for, at most. */
const USES_MAX = 1000;

export function PoolInvitations({ pool }: { readonly pool: OwnPool }): VNode {
  const { items, again, action } = usePages(async () => ({ items: await invitationsTo(pool.code), next: undefined }));
  const [making, setMaking] = useState(false);
  const [link, setLink] = useState('');
  const [said, setSaid] = useState('');
  if (items === undefined) {
    return action.problem === '' ? <p class={dialogs['fine']}>Looking…</p> : <Problem action={action} />;
  }
  return (
    <>
      {items.length === 0 && <p class={dialogs['fine']}>Nobody has an invitation that still holds.</p>}
      <ul class={list['devices']} role="list" aria-label={`Invitations to ${pool.title}`}>
        {items.map((invitation) => (
          <Line key={invitation.id} pool={pool} invitation={invitation} onRevoked={again} />
        ))}
      </ul>
      {link !== '' && <p class={dialogs['link']}>{link}</p>}
      <p class={dialogs['fine']} role="status">
        {said}
      </p>
      {making ? (
        <NewInvitation
          pool={pool}
          onMade={(made, copied) => {
            setLink(made);
            setSaid(copied ? 'Copied. The link is shown this once.' : 'Copy the link: it is shown this once.');
            again();
          }}
          onDone={() => setMaking(false)}
        />
      ) : (
        <Button small icon="plus" onClick={() => setMaking(true)}>
          New invitation
        </Button>
      )}
      <Problem action={action} />
    </>
  );
}

interface LineProps {
  readonly pool: OwnPool;
  readonly invitation: Invitation;
  readonly onRevoked: () => void;
}

function Line({ pool, invitation: { id, role, expiresMs, usesLeft }, onRevoked }: LineProps): VNode {
  const action = useAction();
  return (
    <Item
      name={`For ${countOf(usesLeft, role)}`}
      facts={`until ${formatMoment(expiresMs, Date.now())}`}
      ways={
        <Button
          small
          look="quiet"
          label={`Revoke the invitation for ${countOf(usesLeft, role)}`}
          disabled={action.busy}
          onClick={() =>
            action.run(async () => {
              await revokeInvitation(pool.code, id);
              onRevoked();
            })
          }
        >
          Revoke
        </Button>
      }
    >
      <Problem action={action} />
    </Item>
  );
}

interface NewInvitationProps {
  readonly pool: OwnPool;
  /** `copied`: whether the browser let it. */
  readonly onMade: (link: string, copied: boolean) => void;
  readonly onDone: () => void;
}

function NewInvitation({ pool, onMade, onDone }: NewInvitationProps): VNode {
  const [role, setRole] = useState<Invitation['role']>('member');
  const [people, setPeople] = useState('1');
  const [hours, setHours] = useState<Hours>('168');
  const action = useAction();
  const uses = /^\d{1,4}$/u.test(people.trim()) ? Number(people) : 0;
  return (
    <form
      class={styles['stack']}
      aria-label={`New invitation to ${pool.title}`}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        action.run(async () => {
          const token = await invite(pool.code, { role, uses, hours: Number(hours) });
          const link = `${pageAddress()}#${invitedFragment(pool.code, token)}`;
          onMade(link, await copyText(link));
          onDone();
        });
      }}
    >
      <Field id={`uses-${pool.code}`} label="For how many people" value={people} focused onValue={setPeople} />
      <div>
        <p class={dialogs['label']}>They become</p>
        <Choice name={`as-${pool.code}`} label="They become" options={ROLES} chosen={role} onChoose={setRole} />
      </div>
      <div>
        <p class={dialogs['label']}>It holds for</p>
        <Choice name={`for-${pool.code}`} label="It holds for" options={TIMES} chosen={hours} onChoose={setHours} />
      </div>
      <Problem action={action} />
      <div class={styles['ways']}>
        <Button small look="primary" type="submit" disabled={action.busy || uses < 1 || uses > USES_MAX}>
          Copy the invitation
        </Button>
        <Button small look="quiet" onClick={onDone}>
          Not now
        </Button>
      </div>
    </form>
  );
}
