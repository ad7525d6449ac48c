// A zone: its name and who is in it, to make one or, for its founder, to change it.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { AccountId, RoomId } from '../../src/wire/entry.ts';
import { limits } from '../storage.ts';
import { closeDialog, dialog, tab } from '../pool-view.ts';
import { currentTalk, openRoom, talk } from '../talk.ts';
import { talkSentence } from '../sentences.ts';
import dialogs from './dialogs.module.css';
import { people } from '../recipients.ts';
import styles from './rooms.module.css';
import { Button, Dialog, Stone } from './ui.tsx';

export function ZoneDialog(): VNode {
  const layer = dialog.value;
  const open = layer?.kind === 'zone';
  const change = open && layer.room !== undefined;
  return (
    <Dialog open={open} title={change ? 'Change this zone' : 'New zone'} onClose={closeDialog}>
      {open && <ZoneForm room={layer.room} />}
    </Dialog>
  );
}

function ZoneForm({ room }: { readonly room: RoomId | undefined }): VNode {
  const before = talk.rooms.peek().find(({ id }) => id === room);
  const [name, setName] = useState(before?.name ?? '');
  const [chosen, setChosen] = useState<ReadonlySet<AccountId>>(new Set(before?.accounts));
  const [hint, setHint] = useState('');
  const [busy, setBusy] = useState(false);
  const others = people.value.filter(
    ({ own, account, devices }) => !own && (chosen.has(account) || devices.some(({ out }) => !out)),
  );
  const submit = async (): Promise<void> => {
    const accounts = [...chosen];
    setBusy(true);
    try {
      if (room === undefined) {
        const id = await currentTalk()?.createZone(name.trim(), accounts);
        tab.value = 'chat';
        if (id !== undefined) openRoom(id);
      } else await currentTalk()?.changeZone(room, name.trim(), accounts);
      closeDialog();
    } catch (error) {
      setHint(talkSentence(error));
    }
    setBusy(false);
  };
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (name.trim() === '') setHint('Give the zone a name.');
        else void submit();
      }}
    >
      <label class={dialogs['label']} for="zone-name">
        Name
      </label>
      <input
        id="zone-name"
        class={dialogs['input']}
        value={name}
        maxLength={limits.name}
        autocomplete="off"
        autofocus
        aria-describedby="zone-hint"
        onInput={(event) => {
          setName(event.currentTarget.value);
          setHint('');
        }}
      />
      <p id="zone-hint" class={dialogs['hint']} role="alert">
        {hint}
      </p>
      <fieldset class={styles['people']}>
        <legend>Who is in it</legend>
        {others.length === 0 && <p class={dialogs['fine']}>Nobody else is known here yet. You can add people later.</p>}
        {others.map(({ account, name: person, here }) => (
          <label key={account} class={styles['choice']}>
            <Stone id={account} name={person} />
            <bdi class={styles['name']}>{person}</bdi>
            {!here && <span class={styles['away']}>away</span>}
            <input
              type="checkbox"
              checked={chosen.has(account)}
              onChange={(event) => {
                const next = new Set(chosen);
                if (event.currentTarget.checked) next.add(account);
                else next.delete(account);
                setChosen(next);
              }}
            />
          </label>
        ))}
      </fieldset>
      <p class={dialogs['fine']}>
        Only these people can read what is written there. That the zone exists, its name and who is in it, everybody in
        the pool can find out.
      </p>
      <div class={dialogs['choice']}>
        <Button type="submit" look="primary" busy={busy} disabled={busy}>
          {room === undefined ? 'Make the zone' : 'Change it'}
        </Button>
        <Button onClick={closeDialog}>Cancel</Button>
      </div>
    </form>
  );
}
