// What opens below a person: each of their devices, how its connection is doing, and what to do about it.
import type { VNode } from 'preact';
import { useEffect } from 'preact/hooks';
import { unmetWords } from '../../src/client.ts';
import { takesReports } from '../account-door.ts';
import { cx } from '../cx.ts';
import type { Person, PersonDevice } from '../people.ts';
import { dialog } from '../pool-view.ts';
import { currentTalk, talk } from '../talk.ts';
import { talkSentence } from '../sentences.ts';
import { trouble } from '../trouble.ts';
import { Connection } from './connection.tsx';
import { kindOf } from './device-kind.ts';
import { Icon } from './icons.tsx';
import styles from './people-panel.module.css';
import { Button } from './ui.tsx';

interface PersonPanelProps {
  readonly id: string;
  readonly person: Person;
  readonly onClose: () => void;
}

/** Esc closes it. */
export function PersonPanel({ id, person, onClose }: PersonPanelProps): VNode {
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      // A dialog above it is what Esc closes; and with letters being composed it belongs to those.
      if (event.key === 'Escape' && !event.isComposing && dialog.peek() === undefined) onClose();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [onClose]);
  const { own, name, devices } = person;
  return (
    <div id={id} class={styles['panel']} role="group" aria-label={own ? 'Your devices' : `Connection to ${name}`}>
      {devices.map((device) => (
        <Device key={device.id} device={device} own={own} alone={devices.length === 1} />
      ))}
    </div>
  );
}

interface DeviceProps {
  readonly device: PersonDevice;
  readonly own: boolean;
  readonly alone: boolean;
}

function Device({ device, own, alone }: DeviceProps): VNode {
  const { id, name, kind, self, peer, verified, out, doubleOf } = device;
  const { label, icon } = kindOf(kind);
  return (
    <section class={styles['device']}>
      {!alone && (
        <p class={styles['name']}>
          <Icon name={icon} size={14} /> <bdi>{name}</bdi>
          <span class={styles['state']}>{self ? 'this device' : peer === undefined ? `${label} · away` : label}</span>
        </p>
      )}
      {doubleOf !== undefined && <Doubled name={name} verified={verified} />}
      {peer?.unmet !== undefined && <p class={cx(styles['fact'], styles['warning'])}>{unmetWords(peer.unmet, name)}</p>}
      {peer !== undefined && <Connection peer={peer} />}
      {out && (
        <p class={styles['fact']}>
          {own
            ? 'Revoked.'
            : 'Kept out: what you write from now on cannot be read there. Others decide for themselves.'}
        </p>
      )}
      {!own && (
        <div class={styles['ways']}>
          {!out && (
            <Button
              small
              icon={verified ? 'verified' : 'shield'}
              onClick={() => {
                dialog.value = { kind: 'verify', device: id };
              }}
            >
              {verified ? 'Verified' : 'Compare words'}
            </Button>
          )}
          <Button small look="quiet" onClick={() => void exclude(device)}>
            {out ? 'Let in again' : 'Keep out'}
          </Button>
          <ReportName device={device} />
        </div>
      )}
    </section>
  );
}

/** What somebody calls their device is signed by it, as messages are. */
function ReportName({ device: { id, name } }: { readonly device: PersonDevice }): VNode | null {
  const entry = talk.members.value.get(id)?.profile;
  if (!takesReports.value || entry === undefined) return null;
  return (
    <Button
      small
      look="quiet"
      onClick={() => {
        dialog.value = { kind: 'report', what: 'name', entry, by: name, text: name, whisper: false, edited: false };
      }}
    >
      Report name…
    </Button>
  );
}

function Doubled({ name, verified }: { readonly name: string; readonly verified: boolean }): VNode {
  return (
    <p class={cx(styles['fact'], !verified && styles['warning'])}>
      You knew another device called “{name}”, with another key.{' '}
      {verified ? 'You have compared words with this one.' : 'Compare words before you trust this one.'}
    </p>
  );
}

/** From now on what this device writes is for it no more, or again. */
async function exclude({ id, out }: PersonDevice): Promise<void> {
  try {
    trouble.value = undefined;
    await currentTalk()?.exclude(id, !out);
  } catch (error) {
    trouble.value = talkSentence(error);
  }
}
