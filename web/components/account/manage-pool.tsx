// One pool of an account's: what it is, who is in it, who is invited, and its end. Owners change that, others see who is in it.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { Me, OwnPool } from '../../account/account.ts';
import { changePool, leavePool, removePool } from '../../account/pools.ts';
import { Button } from '../ui.tsx';
import styles from './account.module.css';
import { Sure } from './asking.tsx';
import { PoolForm } from './pool-form.tsx';
import { PoolInvitations } from './pool-invitations.tsx';
import { PoolMembers } from './pool-members.tsx';

interface ManagePoolProps {
  readonly id: string;
  readonly pool: OwnPool;
  readonly me: Me;
}

export function ManagePool({ id, pool, me }: ManagePoolProps): VNode {
  const owner = pool.role === 'owner';
  return (
    <div id={id} class={styles['manage']} role="group" aria-label={`Manage ${pool.title}`}>
      <section>
        <h4 class={styles['part']}>Members</h4>
        <PoolMembers pool={pool} me={me} />
      </section>
      {owner && (
        <section>
          <h4 class={styles['part']}>Invitations</h4>
          <PoolInvitations pool={pool} />
        </section>
      )}
      <Ways pool={pool} me={me} />
    </div>
  );
}

function Ways({ pool, me }: { readonly pool: OwnPool; readonly me: Me }): VNode {
  const [asking, setAsking] = useState<'change' | 'leave' | 'remove' | undefined>();
  const { code, title, role } = pool;
  const done = (): void => setAsking(undefined);
  switch (asking) {
    case 'change':
      return (
        <PoolForm
          label={`Change ${title}`}
          pool={pool}
          submit="Change it"
          cancel="Leave it as it is"
          onSubmit={changePool}
          onDone={done}
        />
      );
    case 'leave':
      return (
        <Sure
          label={`Leave ${title} for good?`}
          yes="Leave it"
          no="Stay"
          onYes={() => leavePool(code, me.id)}
          onDone={done}
        >
          You are no member of {title} any more. To come back, you may have to be invited again.
        </Sure>
      );
    case 'remove':
      return (
        <Sure label={`Remove ${title}?`} yes="Remove it" onYes={() => removePool(code)} onDone={done}>
          Its members, invitations and passphrase are forgotten here, and whoever knows the code {code} can come in.
          What was said stays with those who have it.
        </Sure>
      );
    case undefined:
      return (
        <div class={styles['ways']}>
          {role === 'owner' && (
            <Button small label={`Change ${title}`} onClick={() => setAsking('change')}>
              Change…
            </Button>
          )}
          <Button small label={`Leave ${title} for good`} onClick={() => setAsking('leave')}>
            Leave…
          </Button>
          {role === 'owner' && (
            <Button small label={`Remove ${title}`} onClick={() => setAsking('remove')}>
              Remove…
            </Button>
          )}
        </div>
      );
  }
}
