// The devices of this person: which they are, one more by a code that is shown or typed, one fewer when it is lost.
import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { LinkInvitation } from '../../src/io/talk-face.ts';
import type { DeviceId } from '../../src/wire/entry.ts';
import { pageAddress } from '../address.ts';
import { store } from '../app.ts';
import { formatMoment } from '../format.ts';
import type { PersonDevice } from '../people.ts';
import { closeDialog, dialog } from '../pool-view.ts';
import { currentTalk } from '../talk.ts';
import { talkSentence } from '../sentences.ts';
import { kindOf } from './device-kind.ts';
import styles from './devices.module.css';
import dialogs from './dialogs.module.css';
import { Icon } from './icons.tsx';
import { people } from '../recipients.ts';
import { QrCode } from './qr-code.tsx';
import { Button, Dialog } from './ui.tsx';

/** The list of them, in the settings. */
export function Devices(): VNode {
  const own = people.value.find((person) => person.own);
  /** The one that is about to be revoked. */
  const asking = useSignal<DeviceId | undefined>(undefined);
  const [problem, setProblem] = useState('');
  const revoke = async (device: DeviceId): Promise<void> => {
    try {
      await currentTalk()?.revoke(device);
      asking.value = undefined;
    } catch (error) {
      setProblem(talkSentence(error));
    }
  };
  return (
    <>
      <ul class={styles['devices']} role="list" aria-label="Your devices">
        {own?.devices.map((device) => (
          <li key={device.id} class={styles['device']}>
            <Icon name={kindOf(device.kind).icon} />
            <div class={styles['who']}>
              <bdi>{device.name}</bdi>
              <span>{stateOf(device)}</span>
            </div>
            {!device.self && !device.out && asking.value !== device.id && (
              <Button
                small
                look="quiet"
                label={`Revoke ${device.name}`}
                onClick={() => {
                  asking.value = device.id;
                }}
              >
                Revoke…
              </Button>
            )}
            {asking.value === device.id && (
              <div class={styles['sure']} role="group" aria-label={`Revoke ${device.name}?`}>
                <p>It cannot read what is written from now on, and is not yours any more. This cannot be undone.</p>
                <div class={styles['ways']}>
                  <Button small onClick={() => void revoke(device.id)}>
                    Revoke it
                  </Button>
                  <Button
                    small
                    look="quiet"
                    onClick={() => {
                      asking.value = undefined;
                    }}
                  >
                    Keep it
                  </Button>
                </div>
              </div>
            )}
          </li>
        ))}
      </ul>
      <p class={dialogs['hint']} role="alert">
        {problem}
      </p>
      <Button
        small
        icon="plus"
        onClick={() => {
          dialog.value = { kind: 'link' };
        }}
      >
        Link another device
      </Button>
    </>
  );
}

function stateOf({ self, out, peer, metMs }: PersonDevice): string {
  if (self) return 'this device';
  if (out) return 'revoked';
  if (peer !== undefined) return 'here';
  return metMs === 0 ? 'away' : `away, here ${formatMoment(metMs, Date.now())}`;
}

/** A code for a new device to show, and a place to type one that another device shows. */
export function LinkDialog(): VNode {
  const open = dialog.value?.kind === 'link';
  return (
    <Dialog open={open} title="Link another device" onClose={closeDialog}>
      {open && <Invite />}
    </Dialog>
  );
}

function Invite(): VNode {
  const [invitation, setInvitation] = useState<LinkInvitation | undefined>();
  const [problem, setProblem] = useState(currentTalk() === undefined ? 'Join a pool first.' : '');
  const invite = async (): Promise<void> => {
    try {
      setInvitation(await currentTalk()?.inviteDevice());
    } catch (error) {
      setInvitation(undefined);
      setProblem(talkSentence(error));
    }
  };
  useEffect(() => void invite(), []);
  const over = useOver(invitation?.untilMs);
  if (invitation === undefined) return <p>{problem}</p>;
  const link = `${pageAddress()}#${invitation.code}`;
  return (
    <div class={styles['invite']}>
      <p>
        Scan this with your other device, or open {store.pool.value} there and type the words. It becomes one of yours.
      </p>
      {over ? (
        <Button onClick={() => void invite()}>Make a new code</Button>
      ) : (
        <>
          <QrCode text={link} label="QR code that links a device" large />
          <p class={styles['words']} aria-label="Words of the invitation">
            {invitation.words.replaceAll('-', ' ')}
          </p>
          <p class={dialogs['fine']}>
            For one device, for ten minutes. Show it to nobody else: whoever has it reads and writes as you.
          </p>
        </>
      )}
      <TypeWords />
    </div>
  );
}

/** True once that moment has passed. */
function useOver(untilMs: number | undefined): boolean {
  const [over, setOver] = useState(false);
  useEffect(() => {
    setOver(false);
    if (untilMs === undefined) return undefined;
    const timer = setTimeout(() => setOver(true), untilMs - Date.now());
    return () => clearTimeout(timer);
  }, [untilMs]);
  return over;
}

function TypeWords(): VNode {
  const [text, setText] = useState('');
  return (
    <details class={styles['type']}>
      <summary>The other device shows a code</summary>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (text.trim() !== '') dialog.value = { kind: 'adopt', code: text };
        }}
      >
        <label class={dialogs['label']} for="link-words">
          Its eight words, or its link
        </label>
        <input
          id="link-words"
          class={dialogs['input']}
          value={text}
          maxLength={2048}
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <div class={dialogs['choice']}>
          <Button type="submit">Go on</Button>
        </div>
      </form>
    </details>
  );
}

/** Another device's code was followed or typed: asked once more, because this device writes as that person from then on. */
export function AdoptDialog(): VNode {
  const layer = dialog.value;
  const open = layer?.kind === 'adopt';
  return (
    <Dialog open={open} title="Link this device?" onClose={closeDialog}>
      {open && <Adopt key={layer.code} code={layer.code} />}
    </Dialog>
  );
}

function Adopt({ code }: { readonly code: string }): VNode {
  const [state, setState] = useState<'ask' | 'busy' | 'done'>('ask');
  const [problem, setProblem] = useState('');
  const linked = store.peers.value.some(({ path }) => path !== 'connecting');
  const adopt = async (): Promise<void> => {
    setState('busy');
    setProblem('');
    try {
      // oxlint-disable-next-line react/hooks -- no hook: it uses an invitation
      await currentTalk()?.useInvitation(code);
      setState('done');
    } catch (error) {
      setProblem(talkSentence(error));
      setState('ask');
    }
  };
  if (state === 'done') {
    return (
      <>
        <p role="status">This device is linked. Whoever sees you here sees one person with one more device.</p>
        <div class={dialogs['choice']}>
          <Button look="primary" onClick={closeDialog}>
            Done
          </Button>
        </div>
      </>
    );
  }
  return (
    <>
      <p>
        This device becomes one of those of whoever made the code, and writes as that person. Go on only if that is you.
      </p>
      <p class={dialogs['fine']} role="status">
        {state === 'busy' ? 'Asking the other device…' : linked ? '' : 'Waiting for a connection to the other device…'}
      </p>
      <p class={dialogs['hint']} role="alert">
        {problem}
      </p>
      <div class={dialogs['choice']}>
        <Button
          look="primary"
          busy={state === 'busy'}
          disabled={state === 'busy' || !linked}
          onClick={() => void adopt()}
        >
          {problem === '' ? 'Link it' : 'Try again'}
        </Button>
        <Button onClick={closeDialog}>Not now</Button>
      </div>
    </>
  );
}
