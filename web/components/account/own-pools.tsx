// The pools an account belongs to: a new one, and links that invite to those that are one's own.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { createPool, invite, pools, type OwnPool, type PoolPolicy } from '../../account/account.ts';
import { closeAccount, invitedFragment } from '../../account-door.ts';
import { pageAddress } from '../../address.ts';
import { codeText, deviceNameText, join } from '../../app.ts';
import { newPoolCode } from '../../names.ts';
import { copyText } from '../../pool-view.ts';
import dialogs from '../dialogs.module.css';
import settings from '../settings.module.css';
import { Choice } from '../settings.tsx';
import { Button } from '../ui.tsx';
import styles from './account.module.css';
import { Field, Problem, useAction } from './parts.tsx';

const POLICIES: readonly { readonly value: PoolPolicy; readonly text: string }[] = [
  { value: 'invited', text: 'Who is invited' },
  { value: 'passphrase', text: 'Who knows a passphrase' },
  { value: 'open', text: 'Everybody' },
];

const policyNames: Readonly<Record<PoolPolicy, string>> = {
  invited: 'for the invited',
  passphrase: 'with a passphrase',
  open: 'open',
};

export function OwnPools(): VNode {
  const [making, setMaking] = useState(false);
  return (
    <>
      <ul class={settings['pools']} role="list" aria-label="Pools of your account">
        {pools.value.map((pool) => (
          <Pool key={pool.code} pool={pool} />
        ))}
      </ul>
      {making ? (
        <NewPool onDone={() => setMaking(false)} />
      ) : (
        <Button small icon="plus" onClick={() => setMaking(true)}>
          Make a pool
        </Button>
      )}
    </>
  );
}

function Pool({ pool: { code, title, policy, role } }: { readonly pool: OwnPool }): VNode {
  const [link, setLink] = useState('');
  const [said, setSaid] = useState('');
  const action = useAction();
  const copyInvitation = async (): Promise<void> => {
    const made = `${pageAddress()}#${invitedFragment(code, await invite(code, 1))}`;
    setLink(made);
    setSaid((await copyText(made)) ? 'Copied: for one person, within a week.' : 'For one person, within a week.');
  };
  return (
    <li class={settings['pool']}>
      <div class={settings['who']}>
        <span class={settings['code']}>
          <bdi>{title}</bdi>
        </span>
        <span class={settings['when']}>
          {code}, {policyNames[policy]}, you are {role}
        </span>
      </div>
      <div class={settings['ways']}>
        {role === 'owner' && policy === 'invited' && (
          <Button
            small
            look="quiet"
            label={`Copy an invitation to ${title}`}
            disabled={action.busy}
            onClick={() => action.run(copyInvitation)}
          >
            Invite
          </Button>
        )}
        <Button
          small
          look="quiet"
          label={`Go to ${title}`}
          onClick={() => {
            codeText.value = code;
            closeAccount();
            if (deviceNameText.value.trim() !== '') void join(code);
          }}
        >
          Go there
        </Button>
      </div>
      {link !== '' && <p class={dialogs['link']}>{link}</p>}
      <p class={dialogs['fine']} role="status">
        {said}
      </p>
      <Problem action={action} />
    </li>
  );
}

function NewPool({ onDone }: { readonly onDone: () => void }): VNode {
  const [title, setTitle] = useState('');
  const [code, setCode] = useState(newPoolCode);
  const [policy, setPolicy] = useState<PoolPolicy>('invited');
  const [passphrase, setPassphrase] = useState('');
  const action = useAction();
  const wanting = title.trim() === '' || code.trim() === '' || (policy === 'passphrase' && passphrase === '');
  return (
    <form
      class={styles['stack']}
      aria-label="New pool"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        action.run(async () => {
          const pool = { code: code.trim(), title: title.trim(), policy };
          await createPool(policy === 'passphrase' ? { ...pool, passphrase } : pool);
          onDone();
        });
      }}
    >
      <Field id="pool-title" label="Name" value={title} onValue={setTitle} />
      <Field id="pool-code" label="Code" value={code} onValue={setCode} />
      <p class={dialogs['label']}>Who may come in</p>
      <Choice name="policy" label="Who may come in" options={POLICIES} chosen={policy} onChoose={setPolicy} />
      {policy === 'passphrase' && (
        <Field
          id="pool-passphrase"
          label="Passphrase"
          secret
          value={passphrase}
          onValue={setPassphrase}
          maxLength={256}
        />
      )}
      <Problem action={action} />
      <div class={styles['ways']}>
        <Button small type="submit" disabled={action.busy || wanting}>
          Make it
        </Button>
        <Button small look="quiet" onClick={onDone}>
          Not now
        </Button>
      </div>
    </form>
  );
}
