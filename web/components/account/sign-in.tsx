// Nobody is signed in: by a passkey, by a new account, or by a code.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { createAccount, signIn, signInByCode } from '../../account/account.ts';
import { deviceNameText } from '../../app.ts';
import dialogs from '../dialogs.module.css';
import { Button } from '../ui.tsx';
import styles from './account.module.css';
import { Field, Problem, useAction } from './parts.tsx';

interface SignInProps {
  /** One that another device shows. */
  readonly code?: string | undefined;
  /** Why to sign in. */
  readonly why?: string;
}

const WHY =
  'An account keeps your devices together and lets you into pools that are not for everybody. Without one, open pools work ' +
  'all the same.';

export function SignIn({ code: given = '', why = WHY }: SignInProps): VNode {
  const [name, setName] = useState(deviceNameText.peek());
  const [code, setCode] = useState(given);
  const action = useAction();
  return (
    <>
      <p>{why}</p>
      <div class={dialogs['choice']}>
        <Button look="primary" disabled={action.busy} onClick={() => action.run(signIn)}>
          Sign in with a passkey
        </Button>
      </div>
      <Problem action={action} />
      <details class={styles['other']}>
        <summary>New here</summary>
        <form
          class={styles['stack']}
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            action.run(() => createAccount(name.trim()));
          }}
        >
          <Field id="account-name" label="Name of the account" value={name} onValue={setName} />
          <p class={dialogs['fine']}>
            No address and no password: this browser makes a passkey, and you get codes for the day it is lost.
          </p>
          <div>
            <Button type="submit" disabled={action.busy || name.trim() === ''}>
              Create an account
            </Button>
          </div>
        </form>
      </details>
      <details class={styles['other']} open={given !== ''}>
        <summary>Sign in with a code</summary>
        <form
          class={styles['stack']}
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            action.run(() => signInByCode(code));
          }}
        >
          <Field
            id="account-code"
            label="Six words from your other device, or a recovery code"
            value={code}
            onValue={setCode}
            maxLength={256}
          />
          <div>
            <Button type="submit" disabled={action.busy || code.trim() === ''}>
              Sign in
            </Button>
          </div>
        </form>
      </details>
    </>
  );
}
