// Name, pool, in: the first screen, and the same screen while a join is on its way.
import { useEffect, useRef, useState } from 'preact/hooks';
import type { VNode } from 'preact';
import { hasAccounts, openAccount } from '../account-door.ts';
import {
  codeText,
  deviceNameText,
  invitation,
  join,
  leave,
  openedSession,
  poolPart,
  readCode,
  screen,
  store,
} from '../app.ts';
import { cx } from '../cx.ts';
import { isHosted } from '../hosted.ts';
import { deviceName, newPoolCode } from '../names.ts';
import { hasName, limits } from '../storage.ts';
import ui from '../styles/ui.module.css';
import { reason } from '../trouble.ts';
import { RetryCountdown } from './countdown.tsx';
import { Shore } from './shore.tsx';
import styles from './start.module.css';
import { Button, Dialog } from './ui.tsx';

/** Where there is a host, its server has to be settled first; what is wrong with that is said there. */
async function go(code: string): Promise<void> {
  if ((await poolPart.peek()?.host?.serverReady(code)) !== false) await join(code);
}

/** A pasted code of our own making is complete: three words and four digits. */
const WHOLE_CODE = /^[a-z]+-[a-z]+-[a-z]+-\d{4}$/;

export function StartScreen(): VNode {
  const shown = screen.value;
  const joining = shown.kind === 'joining' || shown.kind === 'pool';
  const [hint, setHint] = useState<{ readonly field: 'name' | 'code'; readonly text: string }>();
  const [looking, setLooking] = useState(false);
  const nameField = useRef<HTMLInputElement>(null);
  const codeField = useRef<HTMLInputElement>(null);
  const Server = poolPart.value?.host?.ServerField;

  // Where a keyboard is at hand, the next thing to fill in is ready for it; a phone would only open its own.
  useEffect(() => {
    if (!joining && codeText.value === '' && matchMedia('(pointer: fine)').matches) codeField.current?.focus();
  }, [joining]);

  const enter = (code: string | undefined): void => {
    if (deviceNameText.value.trim() === '') {
      setHint({ field: 'name', text: 'Give this device a name, so that others know who is there.' });
      nameField.current?.focus();
    } else if (code === undefined) {
      const empty = codeText.value.trim() === '';
      setHint({
        field: 'code',
        text: empty
          ? 'Type the pool’s code or paste its link. Or make a new pool.'
          : 'That is not a pool code: 3 to 64 letters, digits and hyphens, such as quiet-heron-cove-4821.',
      });
      codeField.current?.focus();
    } else {
      setHint(undefined);
      void go(code);
    }
  };

  const onPaste = (event: ClipboardEvent): void => {
    const text = event.clipboardData?.getData('text') ?? '';
    const code = readCode(text);
    if (code === undefined || !(text.includes('#') || WHOLE_CODE.test(code))) return;
    event.preventDefault();
    codeText.value = code;
    if (deviceNameText.value.trim() !== '') enter(code);
  };

  return (
    <Shore>
      {shown.kind === 'start' && shown.notice !== undefined && (
        <div class={cx(ui['notice'], styles['notice'])} role="status">
          <p>{shown.notice.text}</p>
          {shown.notice.rejoin !== undefined && <Rejoin pool={shown.notice.rejoin} />}
        </div>
      )}
      {invitation.value !== undefined && (
        <div class={cx(ui['notice'], styles['notice'])} role="status">
          <p>
            This link makes this device one of its sender’s. Once you are in the pool you are asked whether you want
            that.
          </p>
        </div>
      )}
      <form
        class={styles['panel']}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          enter(readCode(codeText.value));
        }}
      >
        <div class={styles['field']}>
          <label for="name">Your name</label>
          <div class={styles['row']}>
            <input
              id="name"
              ref={nameField}
              class={styles['input']}
              value={deviceNameText.value}
              maxLength={limits.name}
              autocomplete="off"
              spellcheck={false}
              disabled={joining}
              aria-invalid={hint?.field === 'name'}
              aria-describedby="name-hint"
              onInput={(event) => {
                deviceNameText.value = event.currentTarget.value;
              }}
            />
            <Button
              look="quiet"
              icon="again"
              label="Another name"
              disabled={joining}
              onClick={() => {
                deviceNameText.value = deviceName();
              }}
            />
          </div>
          <Hint id="name-hint" text={hint?.field === 'name' ? hint.text : undefined} />
        </div>
        <div class={styles['field']}>
          <label for="code">Pool code</label>
          <input
            id="code"
            ref={codeField}
            class={styles['input']}
            value={codeText.value}
            maxLength={2048}
            placeholder="Paste a link or type a code"
            autocomplete="off"
            autocapitalize="none"
            autocorrect="off"
            spellcheck={false}
            enterkeyhint="go"
            disabled={joining}
            aria-invalid={hint?.field === 'code'}
            aria-describedby="code-hint"
            onPaste={onPaste}
            onInput={(event) => {
              codeText.value = event.currentTarget.value;
            }}
          />
          <Hint id="code-hint" text={hint?.field === 'code' ? hint.text : undefined} />
        </div>
        {Server !== undefined && <Server disabled={joining} />}
        <div class={styles['ways']}>
          <Button type="submit" look="primary" disabled={joining} busy={joining}>
            Join pool
          </Button>
          {joining ? (
            <Button onClick={leave}>Back</Button>
          ) : (
            <Button
              onClick={() => {
                enter(newPoolCode());
              }}
            >
              New pool
            </Button>
          )}
        </div>
        {!joining && (hasName() || isHosted()) && (
          <Button
            look="quiet"
            onClick={() => {
              setLooking(true);
            }}
          >
            Pools you know
          </Button>
        )}
        {!joining && hasAccounts.value && (
          <Button look="quiet" onClick={() => void openAccount({ kind: 'home' })}>
            Account
          </Button>
        )}
        <Progress joining={joining} />
      </form>
      <Dialog open={looking} title="Pools you know" wide onClose={() => setLooking(false)}>
        <Known
          onGo={(pool) => {
            setLooking(false);
            enter(pool);
          }}
        />
      </Dialog>
    </Shore>
  );
}

/** What this device keeps is known to a session alone. */
function Known({ onGo }: { readonly onGo: (pool: string) => void }): VNode {
  const [said, setSaid] = useState<string | undefined>('Looking…');
  useEffect(() => {
    openedSession().then(
      () => setSaid(undefined),
      (error: unknown) => setSaid(reason(error)),
    );
  }, []);
  const Pools = poolPart.value?.KeptPools;
  if (said === undefined && Pools !== undefined) return <Pools onGo={onGo} />;
  return <p role="status">{said}</p>;
}

function Rejoin({ pool }: { readonly pool: string }): VNode {
  return (
    <Button
      small
      onClick={() => {
        void join(pool);
      }}
    >
      Rejoin
    </Button>
  );
}

function Hint({ id, text }: { readonly id: string; readonly text: string | undefined }): VNode {
  return (
    <p id={id} class={styles['hint']} role="alert">
      {text}
    </p>
  );
}

function Progress({ joining }: { readonly joining: boolean }): VNode | null {
  if (!joining) return null;
  const way = store.backhaul.value;
  return (
    <p class={styles['progress']} role="status">
      {way.state === 'waiting' ? (
        <>
          Server unreachable; <RetryCountdown retryAtMs={way.retryAtMs} />
        </>
      ) : (
        'Joining…'
      )}
    </p>
  );
}
