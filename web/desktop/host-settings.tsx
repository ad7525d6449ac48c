// What a host's window has in the settings: where files go, a folder that is shared as it fills, and what closing the window means.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { HostSettings } from '../../src/remote/host-face.ts';
import { currentSession, store } from '../app.ts';
import dialogs from '../components/dialogs.module.css';
import { Check, Section } from '../components/settings.tsx';
import { Button } from '../components/ui.tsx';
import { reason, trouble } from '../trouble.ts';
import styles from './host-settings.module.css';
import { choosing, hostSettings } from './state.ts';

export function Settings(): VNode | null {
  const [problem, setProblem] = useState('');
  /** What was changed last: what went wrong with it is said there. */
  const [asked, setAsked] = useState<keyof HostSettings>();
  const settings = hostSettings.value;
  if (settings === undefined) return null;
  const pool = store.pool.value;
  const change = async (changed: keyof HostSettings, wanted: Partial<HostSettings>): Promise<void> => {
    const host = currentSession()?.host;
    setProblem('');
    setAsked(changed);
    trouble.value = undefined;
    try {
      await host?.change(wanted);
      hostSettings.value = (await host?.settings()) ?? settings;
    } catch (error) {
      setProblem(reason(error));
    }
  };
  const { [pool]: watched, ...others } = settings.watched;
  // A folder that cannot be watched after all is told of as an event.
  const said = problem || trouble.value;
  return (
    <>
      <Section title="Received files">
        <Folder
          path={settings.into}
          label="Change the folder for received files"
          onChoose={() => choose('Where received files go', settings.into, (into) => void change('into', { into }))}
        />
        <p class={dialogs['hint']} role="alert">
          {asked === 'into' && said}
        </p>
      </Section>
      <Section title="Share a folder as it fills">
        <p class={dialogs['fine']}>What is put into it is offered to everyone in {pool}.</p>
        {watched === undefined ? (
          <Button
            small
            onClick={() =>
              choose(
                `Share with ${pool} as it fills`,
                '',
                (path) => void change('watched', { watched: { ...others, [pool]: path } }),
              )
            }
          >
            Choose a folder…
          </Button>
        ) : (
          <Folder
            path={watched}
            label="Stop sharing this folder"
            onStop={() => void change('watched', { watched: others })}
          />
        )}
        <p class={dialogs['hint']} role="alert">
          {asked === 'watched' && said}
        </p>
      </Section>
      <Section title="When this window is closed">
        <Check checked={settings.background} onChange={(background) => void change('background', { background })}>
          Go on when the window is closed
        </Check>
        <p class={dialogs['fine']}>Files keep moving and messages keep arriving. Start Rockpool again to see them.</p>
        <p class={dialogs['hint']} role="alert">
          {asked === 'background' && said}
        </p>
      </Section>
    </>
  );
}

function choose(title: string, folder: string, onChosen: (path: string) => void): void {
  choosing.value = {
    title,
    mode: 'folder',
    folder,
    onChosen: ([path]) => {
      if (path !== undefined) onChosen(path);
    },
  };
}

interface FolderProps {
  readonly path: string;
  readonly label: string;
  readonly onChoose?: () => void;
  readonly onStop?: () => void;
}

function Folder({ path, label, onChoose, onStop }: FolderProps): VNode {
  return (
    <div class={styles['folder']}>
      <span class={styles['path']} title={path}>
        <bdi dir="ltr">{path}</bdi>
      </span>
      {onChoose !== undefined && (
        <Button small label={label} onClick={onChoose}>
          Change…
        </Button>
      )}
      {onStop !== undefined && (
        <Button small label={label} onClick={onStop}>
          Stop
        </Button>
      )}
    </div>
  );
}
