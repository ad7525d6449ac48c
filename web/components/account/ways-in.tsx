// How one signs in: passkeys, each with its name, and recovery codes for the day they are lost.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import {
  addPasskey,
  newRecoveryCodes,
  removePasskey,
  renamePasskey,
  type Me,
  type OwnPasskey,
} from '../../account/account.ts';
import { countOf, formatMoment } from '../../format.ts';
import list from '../devices.module.css';
import dialogs from '../dialogs.module.css';
import { Icon } from '../icons.tsx';
import { Button } from '../ui.tsx';
import styles from './account.module.css';
import { Rename, Sure } from './asking.tsx';
import { Item, Problem, useAction } from './parts.tsx';

export function WaysIn({ me: { passkeys, recoveryCodesLeft } }: { readonly me: Me }): VNode {
  const action = useAction();
  return (
    <>
      <ul class={list['devices']} role="list" aria-label="Passkeys of your account">
        {passkeys.map((passkey) => (
          <Passkey key={passkey.id} passkey={passkey} />
        ))}
      </ul>
      <p class={dialogs['fine']}>
        {countOf(recoveryCodesLeft, 'recovery code')} left. New codes make the old ones void.
      </p>
      <div class={styles['ways']}>
        <Button small disabled={action.busy} onClick={() => action.run(addPasskey)}>
          Add a passkey
        </Button>
        <Button small disabled={action.busy} onClick={() => action.run(newRecoveryCodes)}>
          New recovery codes
        </Button>
      </div>
      <Problem action={action} />
    </>
  );
}

function Passkey({ passkey: { id, name, usedMs } }: { readonly passkey: OwnPasskey }): VNode {
  const [asking, setAsking] = useState<'rename' | 'remove' | undefined>();
  const done = (): void => setAsking(undefined);
  return (
    <Item
      picture={<Icon name="lock" />}
      name={name}
      facts={usedMs === null ? 'not used yet' : `last used ${formatMoment(usedMs, Date.now())}`}
      ways={
        asking === undefined && (
          <>
            <Button small look="quiet" label={`Rename the passkey ${name}`} onClick={() => setAsking('rename')}>
              Rename…
            </Button>
            <Button small look="quiet" label={`Remove the passkey ${name}`} onClick={() => setAsking('remove')}>
              Remove…
            </Button>
          </>
        )
      }
    >
      {asking === 'rename' && (
        <Rename id={id} name={name} onRename={(chosen) => renamePasskey(id, chosen)} onDone={done} />
      )}
      {asking === 'remove' && (
        <Sure label={`Remove the passkey ${name}?`} yes="Remove it" onYes={() => removePasskey(id)} onDone={done}>
          It signs nobody in here any more. Delete it from your password manager, too: this server cannot.
        </Sure>
      )}
    </Item>
  );
}
