// The passphrase of a pool, asked of whoever wants in.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { brought } from '../../account/brought.ts';
import dialogs from '../dialogs.module.css';
import { Button } from '../ui.tsx';
import styles from './account.module.css';
import { Field } from './parts.tsx';

interface PassphraseProps {
  readonly pool: string;
  /** Another one was not it. */
  readonly wrong: boolean;
  /** It is among what this tab brings to the pool's door now. */
  readonly onBrought: () => void;
}

export function Passphrase({ pool, wrong, onBrought }: PassphraseProps): VNode {
  const [passphrase, setPassphrase] = useState('');
  return (
    <form
      class={styles['stack']}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        brought.set(pool, { ...brought.get(pool), passphrase });
        onBrought();
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
