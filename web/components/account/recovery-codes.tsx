// New recovery codes, shown this once.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { freshCodes } from '../../account/account.ts';
import { copyText } from '../../pool-view.ts';
import dialogs from '../dialogs.module.css';
import { Button } from '../ui.tsx';
import styles from './account.module.css';

export function FreshCodes({ codes }: { readonly codes: readonly string[] }): VNode {
  const [said, setSaid] = useState('');
  const copy = async (): Promise<void> => {
    setSaid((await copyText(codes.join('\n'))) ? 'Copied.' : 'This browser does not let pages copy. Select them.');
  };
  return (
    <>
      <p>
        If you lose your passkeys, each of these codes signs you in once. Print them or keep them in a password manager:
        they are not shown again.
      </p>
      <ul class={styles['codes']} role="list" aria-label="Recovery codes">
        {codes.map((code) => (
          <li key={code}>{code}</li>
        ))}
      </ul>
      <p class={dialogs['fine']} role="status">
        {said}
      </p>
      <div class={dialogs['choice']}>
        <Button
          look="primary"
          onClick={() => {
            freshCodes.value = [];
          }}
        >
          I have kept them
        </Button>
        <Button onClick={() => void copy()}>Copy</Button>
      </div>
    </>
  );
}
