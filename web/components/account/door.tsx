// A pool does not let this person in yet: its passphrase, or signing in, in plain words.
import type { VNode } from 'preact';
import { me } from '../../account/account.ts';
import { closeAccount, type DoorCode } from '../../account-door.ts';
import { join } from '../../app.ts';
import dialogs from '../dialogs.module.css';
import { Button } from '../ui.tsx';
import { Passphrase } from './passphrase.tsx';
import { SignIn } from './sign-in.tsx';

interface DoorProps {
  readonly pool: string;
  readonly why: DoorCode;
}

export function Door({ pool, why }: DoorProps): VNode {
  switch (why) {
    case 'passphrase-needed':
    case 'passphrase-wrong':
      return <Passphrase pool={pool} wrong={why === 'passphrase-wrong'} onBrought={() => enter(pool)} />;
    case 'signed-out':
    case 'not-invited':
      return <Membership pool={pool} />;
  }
}

function enter(pool: string): void {
  closeAccount();
  void join(pool);
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
