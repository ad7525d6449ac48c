// The dialogs of a pool: bring others in, keys, and a question before leaving over a running transfer.
import type { VNode } from 'preact';
import { leave, shareLink } from '../app.ts';
import { dialog } from '../pool-view.ts';
import styles from './dialogs.module.css';
import { CopyLink } from './pool-header.tsx';
import { QrCode } from './qr-code.tsx';
import { Button, Dialog } from './ui.tsx';

const close = (): void => {
  dialog.value = undefined;
};

export function InviteDialog(): VNode {
  const open = dialog.value === 'invite';
  return (
    <Dialog open={open} title="Bring others in" onClose={close}>
      <div class={styles['invite']}>
        {open && <QrCode text={shareLink()} large />}
        <p class={styles['link']}>{shareLink()}</p>
        <CopyLink />
        <p class={styles['fine']}>
          Whoever has this link can join. The code after # stays in the browser’s address bar.
        </p>
      </div>
    </Dialog>
  );
}

const keys: readonly (readonly [string, string])[] = [
  ['Enter', 'Send the message'],
  ['Shift + Enter', 'New line'],
  ['Ctrl + U', 'Attach files'],
  ['Ctrl + V', 'Paste pictures or files'],
  ['F6', 'Next part of the page'],
  ['Esc', 'Close what is on top'],
  ['?', 'This list'],
];

export function HelpDialog(): VNode {
  return (
    <Dialog open={dialog.value === 'help'} title="Keys" onClose={close}>
      <dl class={styles['keys']}>
        {keys.map(([key, meaning]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
      <p class={styles['fine']}>
        Files and folders can be dropped anywhere on the page. They go to everyone in the pool.
      </p>
    </Dialog>
  );
}

export function LeaveDialog(): VNode {
  return (
    <Dialog open={dialog.value === 'leave'} title="Leave now?" onClose={close}>
      <p>
        Files are still on their way. Leaving interrupts them: what has arrived is kept, and continues when you come
        back.
      </p>
      <div class={styles['choice']}>
        <Button look="primary" onClick={close}>
          Stay
        </Button>
        <Button onClick={leave}>Leave</Button>
      </div>
    </Dialog>
  );
}
