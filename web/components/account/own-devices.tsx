// The devices of an account at this server: renamed, revoked, and one more signed in by words or a QR code.
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { devices, renameDevice, revokeDevice, signInWords, type OwnDevice } from '../../account/account.ts';
import { signInFragment } from '../../account-door.ts';
import { pageAddress } from '../../address.ts';
import { formatMoment } from '../../format.ts';
import { kindOf } from '../device-kind.ts';
import list from '../devices.module.css';
import dialogs from '../dialogs.module.css';
import { Icon } from '../icons.tsx';
import { QrCode } from '../qr-code.tsx';
import { Button } from '../ui.tsx';
import styles from './account.module.css';
import { Rename, Sure } from './asking.tsx';
import { Item, Problem, useAction } from './parts.tsx';

export function OwnDevices(): VNode {
  const there = devices.value.filter(({ revokedMs }) => revokedMs === null);
  return (
    <>
      {there.length === 0 && <p class={dialogs['fine']}>None yet: a device counts once it joins a pool signed in.</p>}
      <ul class={list['devices']} role="list" aria-label="Devices of your account">
        {there.map((device) => (
          <Device key={device.id} device={device} />
        ))}
      </ul>
      <OneMore />
    </>
  );
}

function Device({ device: { id, name, type, seenMs } }: { readonly device: OwnDevice }): VNode {
  const [asking, setAsking] = useState<'rename' | 'revoke' | undefined>();
  const done = (): void => setAsking(undefined);
  return (
    <Item
      picture={<Icon name={kindOf(type).icon} />}
      name={name}
      facts={`here ${formatMoment(seenMs, Date.now())}`}
      ways={
        asking === undefined && (
          <>
            <Button small look="quiet" label={`Rename ${name}`} onClick={() => setAsking('rename')}>
              Rename…
            </Button>
            <Button small look="quiet" label={`Revoke ${name}`} onClick={() => setAsking('revoke')}>
              Revoke…
            </Button>
          </>
        )
      }
    >
      {asking === 'rename' && (
        <Rename id={id} name={name} onRename={(chosen) => renameDevice(id, chosen)} onDone={done} />
      )}
      {asking === 'revoke' && (
        <Sure label={`Revoke ${name}?`} yes="Revoke it" onYes={() => revokeDevice(id)} onDone={done}>
          It leaves its pool now, and joins none at this server any more. This cannot be undone.
        </Sure>
      )}
    </Item>
  );
}

function OneMore(): VNode {
  const [words, setWords] = useState<{ readonly code: string; readonly expiresMs: number } | undefined>();
  const action = useAction();
  useEffect(() => {
    if (words === undefined) return undefined;
    const timer = setTimeout(() => setWords(undefined), Math.max(0, words.expiresMs - Date.now()));
    return () => clearTimeout(timer);
  }, [words]);
  if (words === undefined) {
    return (
      <>
        <Button
          small
          icon="plus"
          disabled={action.busy}
          onClick={() => action.run(async () => setWords(await signInWords()))}
        >
          Sign in another device
        </Button>
        <Problem action={action} />
      </>
    );
  }
  return (
    <div class={styles['code']}>
      <p class={dialogs['fine']}>
        Scan this there, or type the words. Good once, for five minutes; show it to nobody else.
      </p>
      <QrCode text={`${pageAddress()}#${signInFragment(words.code)}`} label="QR code that signs a device in" large />
      <p class={styles['words']} aria-label="Words that sign a device in">
        {words.code.replaceAll('-', ' ')}
      </p>
    </div>
  );
}
