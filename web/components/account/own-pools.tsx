// The pools an account belongs to: a new one, ways into each, and what its owner can change about it.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { pools, type Me, type OwnPool, type PoolPolicy } from '../../account/account.ts';
import { createPool, invite } from '../../account/pools.ts';
import { invitedFragment } from '../../../src/wire/pool-code.ts';
import { closeAccount } from '../../account-door.ts';
import { pageAddress } from '../../address.ts';
import { codeText, deviceNameText, join } from '../../app.ts';
import { copyText } from '../../pool-view.ts';
import list from '../devices.module.css';
import dialogs from '../dialogs.module.css';
import settings from '../settings.module.css';
import { Button } from '../ui.tsx';
import { ManagePool } from './manage-pool.tsx';
import { Problem, useAction } from './parts.tsx';
import { PoolForm } from './pool-form.tsx';

const policyNames: Readonly<Record<PoolPolicy, string>> = {
  invited: 'for the invited',
  passphrase: 'with a passphrase',
  open: 'open',
};

export function OwnPools({ me }: { readonly me: Me }): VNode {
  const [making, setMaking] = useState(false);
  const done = (): void => setMaking(false);
  return (
    <>
      {pools.value.length === 0 && !making && (
        <p class={dialogs['fine']}>None yet. A pool of yours can be for those you invite, or have a passphrase.</p>
      )}
      <ul class={settings['pools']} role="list" aria-label="Pools of your account">
        {pools.value.map((pool) => (
          <Pool key={pool.code} pool={pool} me={me} />
        ))}
      </ul>
      {making ? (
        <PoolForm label="New pool" submit="Make it" cancel="Not now" onSubmit={createPool} onDone={done} />
      ) : (
        <Button small icon="plus" onClick={() => setMaking(true)}>
          Make a pool
        </Button>
      )}
    </>
  );
}

function Pool({ pool, me }: { readonly pool: OwnPool; readonly me: Me }): VNode {
  const { code, title, policy, role } = pool;
  const [link, setLink] = useState('');
  const [said, setSaid] = useState('');
  const [managing, setManaging] = useState(false);
  const action = useAction();
  const panel = `manage-${code}`;
  const copyInvitation = async (): Promise<void> => {
    const token = await invite(code, { role: 'member', uses: 1, hours: 168 });
    const made = `${pageAddress()}#${invitedFragment(code, token)}`;
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
      <div class={list['doing']}>
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
          label={`Manage ${title}`}
          expanded={managing}
          controls={panel}
          onClick={() => setManaging(!managing)}
        >
          Manage
        </Button>
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
      {managing && <ManagePool id={panel} pool={pool} me={me} />}
    </li>
  );
}
