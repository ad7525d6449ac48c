// One's own account: who that is, ways in, devices, pools, and the way out.
import type { VNode } from 'preact';
import { addPasskey, newRecoveryCodes, signOut, type Me } from '../../account/account.ts';
import { countOf } from '../../format.ts';
import dialogs from '../dialogs.module.css';
import { Section } from '../settings.tsx';
import { Button } from '../ui.tsx';
import styles from './account.module.css';
import { OwnDevices } from './own-devices.tsx';
import { OwnPools } from './own-pools.tsx';
import { Problem, useAction } from './parts.tsx';

export function Home({ me }: { readonly me: Me }): VNode {
  const action = useAction();
  return (
    <>
      <Section title="Signed in">
        <p>
          You are <bdi>{me.name}</bdi> at this server.
        </p>
        <Button small disabled={action.busy} onClick={() => action.run(signOut)}>
          Sign out
        </Button>
      </Section>
      <Section title="Your pools">
        <OwnPools />
      </Section>
      <Section title="Your devices at this server">
        <OwnDevices />
      </Section>
      <Section title="Ways in">
        <p class={dialogs['fine']}>
          {countOf(me.passkeys.length, 'passkey')}, {countOf(me.recoveryCodesLeft, 'recovery code')} left. New codes
          make the old ones void.
        </p>
        <div class={styles['ways']}>
          <Button small disabled={action.busy} onClick={() => action.run(addPasskey)}>
            Add a passkey
          </Button>
          <Button small disabled={action.busy} onClick={() => action.run(newRecoveryCodes)}>
            New recovery codes
          </Button>
        </div>
      </Section>
      <Problem action={action} />
    </>
  );
}
