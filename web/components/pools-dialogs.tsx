// Ways between pools: another one by its code or link, a question where that interrupts transfers, and leaving one for good.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { readCode, store } from '../app.ts';
import { newPoolCode } from '../names.ts';
import { goTo, quitPool, switchTo } from '../pools.ts';
import { closeDialog, dialog } from '../pool-view.ts';
import { talkSentence } from '../sentences.ts';
import styles from './dialogs.module.css';
import { Button, Dialog } from './ui.tsx';

export function PoolDialog(): VNode {
  return (
    <Dialog open={dialog.value?.kind === 'pool'} title="Another pool" onClose={closeDialog}>
      <PoolForm />
    </Dialog>
  );
}

function PoolForm(): VNode {
  const [text, setText] = useState('');
  const [hint, setHint] = useState('');
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        const code = readCode(text);
        if (code === undefined) setHint('That is not a pool code: 3 to 64 letters, digits and hyphens.');
        else goTo({ pool: code });
      }}
    >
      <label class={styles['label']} for="other-pool">
        Pool code
      </label>
      <input
        id="other-pool"
        class={styles['input']}
        value={text}
        maxLength={2048}
        placeholder="Paste a link or type a code"
        autocomplete="off"
        autofocus
        autocapitalize="none"
        spellcheck={false}
        aria-invalid={hint !== ''}
        aria-describedby="other-pool-hint"
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <p id="other-pool-hint" class={styles['hint']} role="alert">
        {hint}
      </p>
      <p class={styles['fine']}>One pool at a time: going there leaves {store.pool.value}.</p>
      <div class={styles['choice']}>
        <Button type="submit" look="primary">
          Go there
        </Button>
        <Button onClick={() => goTo({ pool: newPoolCode() })}>New pool</Button>
      </div>
    </form>
  );
}

export function SwitchDialog(): VNode {
  const layer = dialog.value;
  const open = layer?.kind === 'switch';
  return (
    <Dialog open={open} title="Leave this pool now?" onClose={closeDialog}>
      {open && (
        <>
          <p>
            Files are still on their way here. Going to {layer.place.pool} interrupts them: what has arrived is kept,
            and continues when you come back.
          </p>
          <div class={styles['choice']}>
            <Button look="primary" onClick={closeDialog}>
              Stay
            </Button>
            <Button onClick={() => switchTo(layer.place)}>Go there</Button>
          </div>
        </>
      )}
    </Dialog>
  );
}

export function QuitDialog(): VNode {
  return (
    <Dialog open={dialog.value?.kind === 'quit'} title={`Leave ${store.pool.value} for good?`} onClose={closeDialog}>
      <Quit />
    </Dialog>
  );
}

function Quit(): VNode {
  const [problem, setProblem] = useState('');
  const quit = async (): Promise<void> => {
    try {
      await quitPool();
    } catch (error) {
      setProblem(talkSentence(error));
    }
  };
  return (
    <>
      <p>
        The others are told that this device is gone. What they write from then on cannot be read here, even if you come
        back with the link. What is here stays until you forget it.
      </p>
      <p class={styles['hint']} role="alert">
        {problem}
      </p>
      <div class={styles['choice']}>
        <Button look="primary" onClick={closeDialog}>
          Stay
        </Button>
        <Button onClick={() => void quit()}>Leave for good</Button>
      </div>
    </>
  );
}
