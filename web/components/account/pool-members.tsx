// Who belongs to a pool, and as what. Its owners make others something else, or remove them.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { refresh, type Me, type OwnPool, type PoolRole } from '../../account/account.ts';
import { changeRole, membersAfter, removeMember, type PoolMember } from '../../account/pools.ts';
import list from '../devices.module.css';
import dialogs from '../dialogs.module.css';
import { Choice } from '../settings.tsx';
import { Button } from '../ui.tsx';
import styles from './account.module.css';
import { Sure } from './asking.tsx';
import { usePages } from './pages.ts';
import { Item, Problem, useAction } from './parts.tsx';
import { Picture } from './picture.tsx';

const ROLES: readonly { readonly value: PoolRole; readonly text: string }[] = [
  { value: 'owner', text: 'Owner' },
  { value: 'member', text: 'Member' },
  { value: 'listener', text: 'Listener' },
];

export function PoolMembers({ pool, me }: { readonly pool: OwnPool; readonly me: Me }): VNode {
  const { items, more, again, action } = usePages((after) => membersAfter(pool.code, after));
  if (items === undefined) {
    return action.problem === '' ? <p class={dialogs['fine']}>Looking…</p> : <Problem action={action} />;
  }
  return (
    <>
      <ul class={list['devices']} role="list" aria-label={`Members of ${pool.title}`}>
        {items.map((member) => (
          <Member
            key={member.account}
            pool={pool}
            member={member}
            own={member.account === me.id}
            onChanged={() => {
              again();
              // Whoever gives up owning it sees less of it from now on.
              if (member.account === me.id) void refresh().catch(() => undefined);
            }}
          />
        ))}
      </ul>
      {more !== undefined && (
        <Button small disabled={action.busy} onClick={more}>
          Show more
        </Button>
      )}
      <Problem action={action} />
    </>
  );
}

interface MemberProps {
  readonly pool: OwnPool;
  readonly member: PoolMember;
  readonly own: boolean;
  readonly onChanged: () => void;
}

function Member({ pool, member: { account, name, role }, own, onChanged }: MemberProps): VNode {
  const [asking, setAsking] = useState<'role' | 'remove' | undefined>();
  const done = (): void => setAsking(undefined);
  return (
    <Item
      picture={<Picture account={account} name={name} />}
      name={name}
      facts={own ? `${role}, you` : role}
      ways={
        pool.role === 'owner' &&
        asking === undefined && (
          <>
            <Button small look="quiet" label={`Change the role of ${name}`} onClick={() => setAsking('role')}>
              Role…
            </Button>
            {!own && (
              <Button small look="quiet" label={`Remove ${name}`} onClick={() => setAsking('remove')}>
                Remove…
              </Button>
            )}
          </>
        )
      }
    >
      {asking === 'role' && (
        <RoleForm
          name={name}
          role={role}
          onChoose={async (chosen) => {
            await changeRole(pool.code, account, chosen);
            onChanged();
          }}
          onDone={done}
        />
      )}
      {asking === 'remove' && (
        <Sure
          label={`Remove ${name} from ${pool.title}?`}
          yes="Remove them"
          no="Keep them"
          onYes={async () => {
            await removeMember(pool.code, account);
            onChanged();
          }}
          onDone={done}
        >
          Their devices leave the pool now, and are let in no more.
        </Sure>
      )}
    </Item>
  );
}

interface RoleFormProps {
  readonly name: string;
  readonly role: PoolRole;
  readonly onChoose: (role: PoolRole) => Promise<void>;
  readonly onDone: () => void;
}

function RoleForm({ name, role, onChoose, onDone }: RoleFormProps): VNode {
  const [chosen, setChosen] = useState(role);
  const action = useAction();
  return (
    <form
      class={list['sure']}
      onSubmit={(event) => {
        event.preventDefault();
        action.run(async () => {
          await onChoose(chosen);
          onDone();
        });
      }}
    >
      <Choice name={`role-${name}`} label={`Role of ${name}`} options={ROLES} chosen={chosen} onChoose={setChosen} />
      <p class={styles['below']}>A listener reads and takes files, and is not heard. It holds at once.</p>
      <div class={list['ways']}>
        <Button small type="submit" disabled={action.busy || chosen === role}>
          Change it
        </Button>
        <Button small look="quiet" onClick={onDone}>
          Leave it as it is
        </Button>
      </div>
      <Problem action={action} />
    </form>
  );
}
