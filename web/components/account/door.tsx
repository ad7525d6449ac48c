// A pool does not let this person in yet: its passphrase, or signing in, in plain words.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { me } from '../../account/account.ts';
import { brought } from '../../account/brought.ts';
import { closeAccount, type DoorCode } from '../../account-door.ts';
import { join } from '../../app.ts';
import dialogs from '../dialogs.module.css';
import { Button } from '../ui.tsx';
import styles from './account.module.css';
import { Field } from './parts.tsx';
import { SignIn } from './sign-in.tsx';

interface DoorProps {
  readonly pool: string;
  readonly why: DoorCode;
}

export function Door({ pool, why }: DoorProps): VNode {
  switch (why) {
    case 'passphrase-needed':
    case 'passphrase-wrong':
      return <Passphrase pool={pool} wrong={why === 'passphrase-wrong'} />;
    case 'signed-out':
    case 'not-invited':
      return <Membership pool={pool} />;
  }
}

function enter(pool: string): void {
  closeAccount();
  void join(pool);
}

function Passphrase({ pool, wrong }: { readonly pool: string; readonly wrong: boolean }): VNode {
  const [passphrase, setPassphrase] = useState('');
  return (
    <form
      class={styles['stack']}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        brought.set(pool, { ...brought.get(pool), passphrase });
        enter(pool);
      }}
    >
      <p>
        {wrong
          ? 'That was not the passphrase of this pool. Ask whoever invited you.'
          : 'This pool has a passphrase. Whoever invited you knows it.'}
      </p>
      <Field id="passphrase" label="Passphrase" secret value={passphrase} onValue={setPassphrase} maxLength={256} />
      <div class={dialogs['choice']}>
        <Button type="submit" look="primary" disabled={passphrase === ''}>
          Join pool
        </Button>
      </div>
    </form>
  );
}

function Membership({ pool }: { readonly pool: string }): VNode {
  if (me.value === null || me.value === undefined) {
    return <SignIn why="This pool wants to know who you are. Sign in, then you can join." />;
  }
  return (
    <>
      <p>
        You are signed in as <bdi>{me.value.name}</bdi>. If the pool still does not let you in, ask one of its owners
        for an invitation and open its link.
      </p>
      <div class={dialogs['choice']}>
        <Button look="primary" onClick={() => enter(pool)}>
          Join pool
        </Button>
      </div>
    </>
  );
}
