// Ways to choose what to share: files with one press, a folder from the menu beside it. Dropping and pasting need neither.
import type { VNode } from 'preact';
import { poolPart } from '../app.ts';
import type { Audience } from '../audience.ts';
import { isHosted } from '../hosted.ts';
import { canPickFolder, pickFolder, takeFiles, takeListed } from '../outbox.ts';
import { audienceHere } from '../recipients.ts';
import styles from './composer.module.css';
import { Icon } from './icons.tsx';
import { closePopover, Popover } from './popover.tsx';
import { Button } from './ui.tsx';

const FILES = 'files';
const FOLDER = 'folder';

/** For whom the chooser was opened. */
let choosingFor: Audience;

export function Attach(): VNode {
  return (
    <div class={styles['attach']}>
      <Button
        look="quiet"
        icon="attach"
        label="Attach files"
        title="Attach files (Ctrl+U)"
        onClick={() => openFileChooser(audienceHere())}
      />
      {/* A host's own chooser takes files and folders. */}
      {!isHosted() && (
        <Popover id="attach-more" icon="less" label="More to attach" narrow>
          <ul class={styles['menu']} role="list">
            <li>
              <button
                type="button"
                onClick={(event) => {
                  closePopover(event.currentTarget);
                  openFileChooser(audienceHere());
                }}
              >
                <Icon name="file" /> Files…
              </button>
            </li>
            <li>
              <button
                type="button"
                onClick={(event) => {
                  closePopover(event.currentTarget);
                  openFolderChooser(audienceHere());
                }}
              >
                <Icon name="folder" /> Folder…
              </button>
            </li>
          </ul>
        </Popover>
      )}
    </div>
  );
}

/** What the choosers are opened by, wherever they are opened from: one of each in the page. */
export function Choosers(): VNode {
  return (
    <>
      <HiddenInput id={FILES} onFiles={(files) => takeFiles(files, choosingFor)} />
      {!canPickFolder() && <HiddenInput id={FOLDER} folder onFiles={(files) => takeListed(files, choosingFor)} />}
    </>
  );
}

/** Opens the system's file chooser, or the host's own; only within a person's click or key press. */
export function openFileChooser(to: Audience): void {
  const host = poolPart.peek()?.host;
  if (host !== undefined) return host.choose(to);
  choosingFor = to;
  document.getElementById(FILES)?.click();
}

function openFolderChooser(to: Audience): void {
  if (canPickFolder()) return void pickFolder(to);
  choosingFor = to;
  document.getElementById(FOLDER)?.click();
}

interface HiddenInputProps {
  readonly id: string;
  readonly folder?: boolean;
  readonly onFiles: (files: readonly File[]) => void;
}

function HiddenInput({ id, folder = false, onFiles }: HiddenInputProps): VNode {
  return (
    <input
      ref={(input) => {
        if (input !== null) input.webkitdirectory = folder;
      }}
      id={id}
      type="file"
      multiple
      hidden
      aria-hidden="true"
      tabIndex={-1}
      onChange={(event) => {
        const files = [...(event.currentTarget.files ?? [])];
        // Emptied, so that choosing the same again is a change again.
        event.currentTarget.value = '';
        onFiles(files);
      }}
    />
  );
}
