// Who is signed in: picture and name, both to be changed, and the id to give to whoever runs the server.
import type { VNode } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { changePicture, pictureChanges, renameAccount, signOut, type Me } from '../../account/account.ts';
import { openModeration } from '../../account/moderation-door.ts';
import { accountPicture } from '../../account/picture.ts';
import { copyText } from '../../pool-view.ts';
import dialogs from '../dialogs.module.css';
import { Button } from '../ui.tsx';
import styles from './account.module.css';
import { Rename } from './asking.tsx';
import { Problem, useAction } from './parts.tsx';
import { Picture } from './picture.tsx';

export function Profile({ me }: { readonly me: Me }): VNode {
  const [renaming, setRenaming] = useState(false);
  const action = useAction();
  return (
    <>
      <div class={styles['me']}>
        <Picture account={me.id} name={me.name} there={me.hasAvatar} version={pictureChanges.value} large />
        <p>
          You are <bdi>{me.name}</bdi> at this server.
        </p>
      </div>
      {renaming ? (
        <Rename id={me.id} name={me.name} onRename={renameAccount} onDone={() => setRenaming(false)} />
      ) : (
        <div class={styles['ways']}>
          <ChoosePicture onChosen={(file) => action.run(async () => changePicture(await accountPicture(file)))} />
          {me.hasAvatar && (
            <Button small disabled={action.busy} onClick={() => action.run(() => changePicture(undefined))}>
              Remove picture
            </Button>
          )}
          <Button small onClick={() => setRenaming(true)}>
            Rename…
          </Button>
          <Button small disabled={action.busy} onClick={() => action.run(signOut)}>
            Sign out
          </Button>
        </div>
      )}
      <Problem action={action} />
      <Id id={me.id} />
      {me.tier === 'operator' && (
        <div class={styles['operator']}>
          <p>You look after this server.</p>
          <Button small icon="shield" onClick={() => action.run(openModeration)}>
            Moderation
          </Button>
        </div>
      )}
    </>
  );
}

function Id({ id }: { readonly id: string }): VNode {
  const [said, setSaid] = useState('');
  const copy = async (): Promise<void> => {
    setSaid((await copyText(id)) ? 'Copied.' : 'This browser does not let pages copy. Select it.');
  };
  return (
    <div class={styles['known']}>
      <p class={dialogs['fine']}>Whoever runs this server knows your account by this id:</p>
      <p class={styles['id']}>
        <code>{id}</code>
        <Button small look="quiet" icon="copy" label="Copy the account’s id" onClick={() => void copy()} />
        <span role="status">{said}</span>
      </p>
    </div>
  );
}

function ChoosePicture({ onChosen }: { readonly onChosen: (file: File) => void }): VNode {
  const field = useRef<HTMLInputElement>(null);
  return (
    <>
      <input
        ref={field}
        type="file"
        accept="image/*"
        hidden
        aria-label="Picture"
        onChange={({ currentTarget }) => {
          const [file] = currentTarget.files ?? [];
          if (file !== undefined) onChosen(file);
          // The same file again is a choice again.
          currentTarget.value = '';
        }}
      />
      <Button small label="Choose a picture" onClick={() => field.current?.click()}>
        Picture…
      </Button>
    </>
  );
}
