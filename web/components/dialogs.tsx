// What lies over a pool, each in its own file, and the small ones: bring others in, keys, a question before leaving.
import type { VNode } from 'preact';
import { leave, shareLink } from '../app.ts';
import { closeDialog, dialog } from '../pool-view.ts';
import { AdoptDialog, LinkDialog } from './devices.tsx';
import styles from './dialogs.module.css';
import { Palette } from './palette.tsx';
import { CopyLink } from './pool-header.tsx';
import { PoolDialog, QuitDialog, SwitchDialog } from './pools-dialogs.tsx';
import { QrCode } from './qr-code.tsx';
import { ZoneDialog } from './rooms-dialog.tsx';
import { ReportDialog } from './report.tsx';
import { SettingsDialog } from './settings.tsx';
import { Button, Dialog } from './ui.tsx';
import { VerifyDialog } from './verify.tsx';

export function Dialogs(): VNode {
  return (
    <>
      <Palette />
      <InviteDialog />
      <HelpDialog />
      <LeaveDialog />
      <PoolDialog />
      <SwitchDialog />
      <QuitDialog />
      <ZoneDialog />
      <VerifyDialog />
      <LinkDialog />
      <AdoptDialog />
      <SettingsDialog />
      <ReportDialog />
    </>
  );
}

function InviteDialog(): VNode {
  const open = dialog.value?.kind === 'invite';
  return (
    <Dialog open={open} title="Bring others in" onClose={closeDialog}>
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
  ['Ctrl + K or /', 'Search everything'],
  ['Alt + Up / Down', 'Room before, room after'],
  ['Ctrl + U', 'Attach files'],
  ['Ctrl + V', 'Paste pictures or files'],
  ['F6', 'Next part of the page'],
  ['Esc', 'Close what is on top'],
  ['?', 'This list'],
];

function HelpDialog(): VNode {
  return (
    <Dialog open={dialog.value?.kind === 'help'} title="Keys" onClose={closeDialog}>
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
        Files and folders can be dropped anywhere on the page. They go to everyone in the pool; dropped on somebody’s
        name, or while a whisper is open, only to whom that is with.
      </p>
    </Dialog>
  );
}

function LeaveDialog(): VNode {
  return (
    <Dialog open={dialog.value?.kind === 'leave'} title="Leave now?" onClose={closeDialog}>
      <p>
        Files are still on their way. Leaving interrupts them: what has arrived is kept, and continues when you come
        back.
      </p>
      <div class={styles['choice']}>
        <Button look="primary" onClick={closeDialog}>
          Stay
        </Button>
        <Button onClick={() => leave()}>Leave</Button>
      </div>
    </Dialog>
  );
}
