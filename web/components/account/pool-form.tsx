// What a pool is called and who may come in, for a new one or one that is there.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { parsePoolCode } from '../../../src/wire/pool-code.ts';
import type { PoolPolicy } from '../../account/account.ts';
import type { PoolSettings } from '../../account/pools.ts';
import { newPoolCode } from '../../names.ts';
import dialogs from '../dialogs.module.css';
import { Choice } from '../settings.tsx';
import { Button } from '../ui.tsx';
import styles from './account.module.css';
import { Field, Problem, useAction } from './parts.tsx';

const POLICIES: readonly { readonly value: PoolPolicy; readonly text: string }[] = [
  { value: 'invited', text: 'Who is invited' },
  { value: 'passphrase', text: 'Who knows a passphrase' },
  { value: 'open', text: 'Everybody' },
];

interface PoolFormProps {
  /** The form's accessible name. */
  readonly label: string;
  /** As it is; undefined: a new one. */
  readonly pool?: PoolSettings & { readonly code: string };
  readonly submit: string;
  readonly cancel: string;
  /** Rejects with an Error that says what is wrong. */
  readonly onSubmit: (code: string, pool: PoolSettings) => Promise<void>;
  readonly onDone: () => void;
}

export function PoolForm({ label, pool, submit, cancel, onSubmit, onDone }: PoolFormProps): VNode {
  const [title, setTitle] = useState(pool?.title ?? '');
  const [code, setCode] = useState(() => pool?.code ?? newPoolCode());
  const [policy, setPolicy] = useState<PoolPolicy>(pool?.policy ?? 'invited');
  const [passphrase, setPassphrase] = useState('');
  const action = useAction();
  const id = pool?.code ?? 'new';
  const has = pool?.policy === 'passphrase';
  const named = parsePoolCode(code);
  const wanting = title.trim() === '' || named === undefined || (policy === 'passphrase' && passphrase === '' && !has);
  return (
    <form
      class={styles['stack']}
      aria-label={label}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        action.run(async () => {
          if (named === undefined) return;
          const isGiven = policy === 'passphrase' && passphrase !== '';
          await onSubmit(named, { title: title.trim(), policy, ...(isGiven && { passphrase }) });
          onDone();
        });
      }}
    >
      <Field id={`pool-title-${id}`} label="Name" value={title} focused onValue={setTitle} />
      {pool === undefined && <Field id={`pool-code-${id}`} label="Code" value={code} onValue={setCode} />}
      <div>
        <p class={dialogs['label']}>Who may come in</p>
        <Choice name={`policy-${id}`} label="Who may come in" options={POLICIES} chosen={policy} onChoose={setPolicy} />
      </div>
      {policy === 'passphrase' && (
        <Field
          id={`pool-passphrase-${id}`}
          label={has ? 'New passphrase, if it should be another' : 'Passphrase'}
          secret
          value={passphrase}
          onValue={setPassphrase}
          maxLength={256}
        />
      )}
      <Problem action={action} />
      <div class={styles['ways']}>
        <Button small look="primary" type="submit" disabled={action.busy || wanting}>
          {submit}
        </Button>
        <Button small look="quiet" onClick={onDone}>
          {cancel}
        </Button>
      </div>
    </form>
  );
}
