// One person: their stone and devices, how the connection is doing, and what can be done with them: send a file, whisper,
// compare words. What is dropped on the row is for this person alone.
import { useComputed } from '@preact/signals';
import type { VNode } from 'preact';
import { useCallback } from 'preact/hooks';
import { store } from '../app.ts';
import { devicesOf } from '../audience.ts';
import { cx } from '../cx.ts';
import { countOf, formatMoment, formatPercent } from '../format.ts';
import { deviceToVerify, verifiedOf, type Person, type PersonDevice } from '../people.ts';
import { dialog, tab } from '../pool-view.ts';
import type { AccountId } from '../../src/wire/entry.ts';
import type { PeerView } from '../../src/client.ts';
import { hovered } from '../recipients.ts';
import { unboundWords } from '../sentences.ts';
import { openWhisper } from '../talk.ts';
import { openFileChooser } from './attach.tsx';
import { Current } from './current.tsx';
import { kindOf } from './device-kind.ts';
import { Icon } from './icons.tsx';
import { PersonPanel } from './people-panel.tsx';
import styles from './side.module.css';
import { Button, Stone } from './ui.tsx';

const ways: Readonly<Record<PeerView['path'], string>> = {
  connecting: 'connecting…',
  direct: 'direct',
  relayed: 'relayed',
};

interface RowProps {
  readonly person: Person;
  readonly open: boolean;
  readonly look: (account: AccountId | undefined) => void;
}

export function PersonRow({ person, open, look }: RowProps): VNode {
  const { account, name, own, devices } = person;
  const panel = `person-${account}`;
  const close = useCallback(() => look(undefined), [look]);
  const simple = own && devices.length === 1;
  const unbound = devices.flatMap(({ id }) => store.unbound.value.get(id) ?? [])[0];
  const doubled = devices.some(({ doubleOf, verified, out }) => doubleOf !== undefined && !verified && !out);
  return (
    <li class={cx(hovered.value === account && styles['target'])} data-person={own ? undefined : account}>
      <div class={cx(styles['row'], !simple && styles['other'], !person.here && styles['gone'])}>
        <Stone id={account} name={name} />
        <div class={styles['who']}>
          <div class={styles['nameLine']}>
            <bdi class={styles['person']}>{name}</bdi>
            {own && <span class={styles['you']}>you</span>}
            {!simple && (
              <button
                type="button"
                class={styles['details']}
                aria-label={own ? 'Your devices' : `Connection to ${name}`}
                aria-expanded={open}
                aria-controls={open ? panel : undefined}
                onClick={() => look(open ? undefined : account)}
              >
                <Icon name="more" size={16} />
              </button>
            )}
          </div>
          <Facts person={person} />
          {unbound !== undefined && <p class={styles['warning']}>{unboundWords(unbound)}</p>}
          {doubled && <p class={styles['warning']}>Another device bears this name</p>}
          {devices.map(({ id, peer }) => peer !== undefined && <PeerCurrent key={id} peer={id} />)}
        </div>
        {!own && <Actions person={person} />}
      </div>
      {open && <PersonPanel id={panel} person={person} onClose={close} />}
    </li>
  );
}

function Facts({ person: { own, here, devices } }: { readonly person: Person }): VNode {
  const [first] = devices;
  const icons = [...new Set(devices.map(({ kind }) => kindOf(kind).icon))];
  return (
    <p class={styles['facts']}>
      {icons.map((icon) => (
        <Icon key={icon} name={icon} size={14} />
      ))}
      <span class={styles['ellipsis']}>
        {devices.length > 1 ? countOf(devices.length, 'device') : own ? 'This device' : kindOf(first?.kind ?? '').label}
        {!own && first !== undefined && ` · ${here ? wayOf(devices) : awayOf(devices)}`}
      </span>
    </p>
  );
}

/** The best of the ways to a person's devices. */
function wayOf(devices: readonly PersonDevice[]): string {
  const paths = devices.flatMap(({ peer }) => (peer === undefined ? [] : [peer.path]));
  const path = paths.find((each) => each === 'direct') ?? paths.find((each) => each === 'relayed');
  if (path !== undefined) return ways[path];
  if (devices.some(({ id }) => store.unbound.value.has(id))) return 'not connected';
  return devices.some(({ peer }) => peer?.unmet !== undefined) ? 'cannot be reached' : ways.connecting;
}

function awayOf(devices: readonly PersonDevice[]): string {
  if (devices.every(({ out }) => out)) return 'kept out';
  const metMs = Math.max(...devices.map((device) => device.metMs));
  return metMs === 0 ? 'not met yet' : `here ${formatMoment(metMs, Date.now())}`;
}

/** In sight, beside the name. */
function Actions({ person }: { readonly person: Person }): VNode {
  const { account, name } = person;
  const to = devicesOf(person);
  const verified = verifiedOf(person);
  const device = deviceToVerify(person);
  const state = verified === 'all' ? 'verified' : verified === 'some' ? 'partly verified' : 'not verified';
  return (
    <div class={styles['actions']}>
      {to.length > 0 && (
        <Button
          look="quiet"
          small
          icon="attach"
          label={`Send ${name} a file`}
          title={`Send ${name} a file, or drop it here: nobody else gets it`}
          onClick={() => openFileChooser(to)}
        />
      )}
      <Button
        look="quiet"
        small
        icon="whisper"
        label={`Whisper to ${name}`}
        onClick={() => {
          tab.value = 'chat';
          openWhisper([account]);
        }}
      />
      {device !== undefined && (
        <span class={cx(verified === 'all' && styles['verified'])}>
          <Button
            look="quiet"
            small
            icon={verified === 'all' ? 'verified' : 'shield'}
            label={`Verify ${name}: ${state}`}
            onClick={() => {
              dialog.value = { kind: 'verify', device: device.id };
            }}
          />
        </span>
      )}
    </div>
  );
}

/** The current to or from this person, while one runs. */
function PeerCurrent({ peer }: { readonly peer: string }): VNode | null {
  const running = useComputed(() =>
    store.transfers.value.find((each) => each.state.value === 'running' && each.view.peek().peer === peer),
  ).value;
  if (running === undefined) return null;
  const view = running.view.value;
  return (
    <div class={styles['flow']}>
      <Current transfer={running} size="thin" />
      <span class={styles['percent']}>{formatPercent(view.doneBytes, view.bytes)}</span>
    </div>
  );
}
