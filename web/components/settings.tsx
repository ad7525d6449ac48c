// Everything a person may choose, in one place: this device, how it looks, what may call, devices, pools, and the way out for good.
import type { ComponentChildren, VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { cleanName } from '../../src/wire/signaling.ts';
import { hasAccounts, openAccount } from '../account-door.ts';
import { deviceNameText, poolPart, rename, store } from '../app.ts';
import { formatBytes } from '../format.ts';
import { isHosted } from '../hosted.ts';
import { permission, setLevel } from '../notifications.ts';
import { closeDialog, dialog } from '../pool-view.ts';
import { change, mute, settings, THEMES, type NotifyLevel, type Theme } from '../settings.ts';
import { limits } from '../storage.ts';
import { talkSentence } from '../sentences.ts';
import { Devices } from './devices.tsx';
import dialogs from './dialogs.module.css';
import styles from './settings.module.css';
import { KeptPools } from './settings-pools.tsx';
import { Button, Dialog } from './ui.tsx';

export function SettingsDialog(): VNode {
  const open = dialog.value?.kind === 'settings';
  return (
    <Dialog open={open} title="Settings" wide onClose={closeDialog}>
      {open && <Settings />}
    </Dialog>
  );
}

function Settings(): VNode {
  const Host = poolPart.value?.host?.Settings;
  return (
    <>
      <Section title="This device">
        <Name />
      </Section>
      {Host !== undefined && <Host />}
      {hasAccounts.value && (
        <Section title="Account at this server">
          <p class={dialogs['fine']}>Sign in to keep your devices together and to come into pools by invitation.</p>
          <Button
            small
            onClick={() => {
              closeDialog();
              void openAccount({ kind: 'home' });
            }}
          >
            Account…
          </Button>
        </Section>
      )}
      <Section title="Theme">
        <Themes />
      </Section>
      <Section title="Notifications">
        <Notifications />
      </Section>
      {Host === undefined && (
        <Section title="Your address">
          <RelayOnly />
        </Section>
      )}
      <Section title="Your devices">
        <Devices />
      </Section>
      <Section title="Kept on this device">
        {Host === undefined && <Storage />}
        <KeptPools />
      </Section>
      <Section title={`Leave ${store.pool.value} for good`}>
        <p class={dialogs['fine']}>
          Nothing said from then on can be read by this device. Closing the {Host === undefined ? 'page' : 'window'} or
          “Leave pool” only means being away.
        </p>
        <Button
          small
          onClick={() => {
            dialog.value = { kind: 'quit' };
          }}
        >
          Leave for good…
        </Button>
      </Section>
    </>
  );
}

export function Section({ title, children }: { readonly title: string; readonly children: ComponentChildren }): VNode {
  return (
    <section class={styles['section']} aria-label={title}>
      <h3 class={styles['title']}>{title}</h3>
      {children}
    </section>
  );
}

function Name(): VNode {
  const [text, setText] = useState(deviceNameText.peek());
  const [said, setSaid] = useState('');
  const name = cleanName(text);
  const fresh = name !== undefined && name !== deviceNameText.value;
  const submit = async (chosen: string): Promise<void> => {
    try {
      await rename(chosen);
      setSaid(`You are ${chosen} now, for everyone here.`);
    } catch (error) {
      setSaid(talkSentence(error));
    }
  };
  return (
    <form
      class={styles['name']}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (fresh) void submit(name);
      }}
    >
      <label class={dialogs['label']} for="device-name">
        Name
      </label>
      <div class={styles['line']}>
        <input
          id="device-name"
          class={dialogs['input']}
          value={text}
          maxLength={limits.name}
          autocomplete="off"
          spellcheck={false}
          onInput={(event) => {
            setText(event.currentTarget.value);
            setSaid('');
          }}
        />
        {fresh && (
          <Button type="submit" look="primary">
            Rename
          </Button>
        )}
      </div>
      <p class={dialogs['fine']} role="status">
        {said}
      </p>
    </form>
  );
}

const themeNames: Readonly<Record<Theme, string>> = { system: 'As the system', light: 'Light', dark: 'Dark' };

function Themes(): VNode {
  return (
    <Choice
      name="theme"
      label="Theme"
      options={THEMES.map((value) => ({ value, text: themeNames[value] }))}
      chosen={settings.value.theme}
      onChoose={(theme) => change({ theme })}
    />
  );
}

const levels: readonly { readonly value: NotifyLevel; readonly text: string }[] = [
  { value: 'off', text: 'Off' },
  { value: 'calls', text: 'Calls for me' },
  { value: 'whispers', text: 'Whispers and calls' },
  { value: 'all', text: 'Everything' },
];

const refusals: Readonly<Record<string, string>> = {
  denied: 'Your browser blocks notifications from this page. Allow them in its settings for this site.',
  missing: 'This browser shows no notifications from pages.',
  default: 'Your browser has not been asked yet: choose once more.',
};

function Notifications(): VNode {
  const { notify, notifyText, muted } = settings.value;
  const pool = store.pool.value;
  const on = notify !== 'off';
  const refusal = on ? refusals[permission.value] : undefined;
  return (
    <>
      <Choice
        name="notify"
        label="Notifications"
        options={levels}
        chosen={notify}
        onChoose={(level) => void setLevel(level)}
      />
      <p class={dialogs['hint']} role="status">
        {refusal}
      </p>
      {on && (
        <>
          <Check checked={notifyText} onChange={(notifyText) => change({ notifyText })}>
            Show what was said, not only by whom
          </Check>
          <Check checked={muted.includes(pool)} onChange={(on) => mute(pool, on)}>
            Mute {pool}
          </Check>
          <p class={dialogs['fine']}>
            This {isHosted() ? 'window' : 'page'} makes them while it is open. No server learns of them.
          </p>
        </>
      )}
    </>
  );
}

function RelayOnly(): VNode {
  return (
    <>
      <Check
        checked={settings.value.relayOnly}
        onChange={(relayOnly) => {
          change({ relayOnly });
          // The page comes back into this pool by itself, over links that go the new way.
          location.reload();
        }}
      >
        Hide my address from others: relay only
      </Check>
      <p class={dialogs['fine']}>
        Direct links show each device’s address to the others. Through the server’s relay they do not, and are slower;
        without one nobody can be reached. This page rejoins the pool.
      </p>
    </>
  );
}

interface CheckProps {
  readonly checked: boolean;
  readonly onChange: (on: boolean) => void;
  readonly children: ComponentChildren;
}

export function Check({ checked, onChange, children }: CheckProps): VNode {
  return (
    <label class={styles['check']}>
      <input type="checkbox" checked={checked} onChange={(event) => onChange(event.currentTarget.checked)} />
      <span>{children}</span>
    </label>
  );
}

interface ChoiceProps<Value extends string> {
  readonly name: string;
  readonly label: string;
  readonly options: readonly { readonly value: Value; readonly text: string }[];
  /** Undefined: none yet. */
  readonly chosen: Value | undefined;
  readonly onChoose: (value: Value) => void;
}

export function Choice<Value extends string>({ name, label, options, chosen, onChoose }: ChoiceProps<Value>): VNode {
  return (
    <div class={styles['choice']} role="radiogroup" aria-label={label}>
      {options.map(({ value, text }) => (
        <label key={value} class={styles['option']}>
          <input type="radio" name={name} checked={chosen === value} onChange={() => onChoose(value)} />
          <span>{text}</span>
        </label>
      ))}
    </div>
  );
}

function Storage(): VNode | null {
  const [used, setUsed] = useState<number | undefined>();
  useEffect(() => {
    // Where a browser does not tell, nothing is shown.
    void navigator.storage?.estimate().then(
      ({ usage }) => setUsed(usage),
      () => undefined,
    );
  }, []);
  if (used === undefined) return null;
  return (
    <p class={dialogs['fine']}>
      Messages and files of all pools take {formatBytes(used)}. What was said in one can be exported, or forgotten.
    </p>
  );
}
