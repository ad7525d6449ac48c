// Somebody saw something vile: what it is, in plain words what goes to whom, and that it went.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { Offence } from '../../src/client.ts';
import { offenceNames } from '../account/moderation-words.ts';
import { sendReport } from '../account/report.ts';
import { currentSession } from '../app.ts';
import { closeDialog, dialog, type Reported } from '../pool-view.ts';
import { Problem, useAction } from './account/parts.tsx';
import dialogs from './dialogs.module.css';
import styles from './report.module.css';
import { Choice } from './settings.tsx';
import { Button, Dialog } from './ui.tsx';

const OFFENCES = (Object.keys(offenceNames) as Offence[]).map((value) => ({ value, text: offenceNames[value] }));

const titles: Readonly<Record<Reported['what'], string>> = {
  message: 'Report this message',
  files: 'Report these files',
  name: 'Report this name',
};

export function ReportDialog(): VNode {
  const layer = dialog.value;
  const open = layer?.kind === 'report';
  return (
    <Dialog open={open} title={open ? titles[layer.what] : ''} onClose={closeDialog}>
      {open && <ReportForm reported={layer} />}
    </Dialog>
  );
}

function ReportForm({ reported }: { readonly reported: Reported }): VNode {
  const [offence, setOffence] = useState<Offence | undefined>();
  const [times, setTimes] = useState<number | undefined>();
  const action = useAction();
  const { what, entry, by, text } = reported;
  if (times !== undefined) return <Done times={times} />;
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        const client = currentSession()?.client;
        if (offence === undefined || client === undefined) return;
        action.run(async () => setTimes(await sendReport(client, entry, offence)));
      }}
    >
      <figure class={styles['reported']}>
        {what !== 'name' && (
          <figcaption>
            <bdi>{by}</bdi>
          </figcaption>
        )}
        <blockquote dir="auto">{text}</blockquote>
      </figure>
      <p class={dialogs['label']}>What is wrong with it</p>
      <Choice name="offence" label="What is wrong with it" options={OFFENCES} chosen={offence} onChoose={setOffence} />
      <p class={styles['who']}>{shownSentence(reported)}</p>
      <Problem action={action} />
      <div class={dialogs['choice']}>
        <Button look="primary" type="submit" busy={action.busy} disabled={action.busy || offence === undefined}>
          Report
        </Button>
        <Button onClick={closeDialog}>Cancel</Button>
      </div>
    </form>
  );
}

/** What goes to whom. */
function shownSentence({ what, by, whisper, edited }: Reported): string {
  const [it, them] = {
    message: ['this message', 'it'],
    files: ['the names and sizes of these files', 'them'],
    name: ['this name', 'it'],
  }[what];
  const where = whisper ? 'this pool’s code, between whom this whisper is' : 'this pool’s code';
  const seen = `Whoever runs this server sees ${it} as ${by} signed ${them}, ${where}, and that you reported ${them}.`;
  const before = edited ? ' It was edited: what it said first is shown as well.' : '';
  return `${seen}${before} Nothing else is shown, and ${by} is not told who reported.`;
}

function Done({ times }: { readonly times: number }): VNode {
  return (
    <>
      {/* What had the focus is gone: here it says what came of it. */}
      <p ref={(said) => said?.focus()} class={styles['done']} tabIndex={-1}>
        {times > 1
          ? 'You had reported this before. Whoever runs this server sees that you did so again.'
          : 'Reported. Whoever runs this server sees it now and decides.'}
      </p>
      <div class={dialogs['choice']}>
        <Button look="primary" onClick={closeDialog}>
          Done
        </Button>
      </div>
    </>
  );
}
