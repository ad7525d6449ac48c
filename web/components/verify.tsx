// Four words that two people compare, so that they know nobody sits between their devices.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { DeviceId } from '../../src/wire/entry.ts';
import { store } from '../app.ts';
import { closeDialog, dialog } from '../pool-view.ts';
import { currentTalk, talk } from '../talk.ts';
import { talkSentence } from '../sentences.ts';
import dialogs from './dialogs.module.css';
import { Icon } from './icons.tsx';
import { Button, Dialog } from './ui.tsx';
import styles from './verify.module.css';

export function VerifyDialog(): VNode {
  const layer = dialog.value;
  const open = layer?.kind === 'verify';
  const name = open ? nameOf(layer.device) : '';
  return (
    <Dialog open={open} title={`Verify ${name}`} onClose={closeDialog}>
      {open && <Sheet key={layer.device} device={layer.device} name={name} />}
    </Dialog>
  );
}

const nameOf = (device: DeviceId): string =>
  store.peers.value.find(({ id }) => id === device)?.name ?? talk.members.value.get(device)?.name ?? '';

function Sheet({ device, name }: { readonly device: DeviceId; readonly name: string }): VNode {
  const [answer, setAnswer] = useState<'differ' | undefined>();
  const [problem, setProblem] = useState('');
  const peer = store.peers.value.find(({ id }) => id === device);
  const words = peer === undefined || peer.path === 'connecting' ? undefined : peer.words;
  const verified = talk.members.value.get(device)?.verified === true;
  const mark = async (on: boolean): Promise<void> => {
    try {
      await currentTalk()?.verify(device, on);
      if (on) closeDialog();
      else setAnswer(verified ? undefined : 'differ');
    } catch (error) {
      setProblem(talkSentence(error));
    }
  };
  return (
    <>
      {words === undefined ? (
        <p>The words appear while {name} is here and connected.</p>
      ) : (
        <>
          <p>Read these words to each other, in one room or by phone.</p>
          <ol class={styles['words']} aria-label="Words to compare" role="list">
            {words.map((word, at) => (
              <li key={at}>{word}</li>
            ))}
          </ol>
        </>
      )}
      <p class={dialogs['fine']}>
        The same words on both screens mean that nobody sits between your devices and that this is the device you think
        it is.
      </p>
      <div role="status">
        {answer === 'differ' && (
          <p class={styles['differ']}>
            Somebody may be between you. Send nothing that matters. Both leave the pool, join again from another network
            and compare once more.
          </p>
        )}
        {verified && (
          <p class={styles['verified']}>
            <Icon name="verified" size={18} /> You have compared words with this device.
          </p>
        )}
      </div>
      <p class={dialogs['hint']} role="alert">
        {problem}
      </p>
      <div class={dialogs['choice']}>
        {verified ? (
          <Button onClick={() => void mark(false)}>Take it back</Button>
        ) : (
          words !== undefined && (
            <>
              <Button look="primary" onClick={() => void mark(true)}>
                They match
              </Button>
              <Button onClick={() => void mark(false)}>They do not</Button>
            </>
          )
        )}
      </div>
    </>
  );
}
