// By way of which server: a field until there is one, then a quiet line.
import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { codeText, readCode } from '../app.ts';
import start from '../components/start.module.css';
import { Button } from '../components/ui.tsx';
import styles from './server-field.module.css';
import { serverOfLink, shownServer } from './server-address.ts';
import { serverHint, serverText } from './servers.ts';
import { about } from './state.ts';

export function ServerField({ disabled }: { readonly disabled: boolean }): VNode | null {
  const [changing, setChanging] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (changing) field.current?.focus();
  }, [changing]);
  const text = serverText.value;
  const server = about.value?.server;
  if (server === undefined) return null;
  if (text === undefined) {
    return (
      <p class={styles['line']}>
        <span>
          on <bdi>{shownServer(server)}</bdi>
        </span>
        {!disabled && (
          <Button
            look="quiet"
            small
            label="Change the server"
            onClick={() => {
              serverText.value = server;
              setChanging(true);
            }}
          >
            Change
          </Button>
        )}
      </p>
    );
  }
  return (
    <div class={start['field']}>
      <label for="server">Server</label>
      <input
        id="server"
        ref={field}
        class={start['input']}
        value={text}
        maxLength={2048}
        placeholder="pool.example, or paste a pool link"
        autocomplete="url"
        autocapitalize="none"
        autocorrect="off"
        spellcheck={false}
        inputMode="url"
        enterkeyhint="go"
        disabled={disabled}
        aria-invalid={serverHint.value !== ''}
        aria-describedby="server-hint"
        onPaste={(event) => {
          const pasted = event.clipboardData?.getData('text') ?? '';
          const [from, pool] = [serverOfLink(pasted), readCode(pasted)];
          if (from === undefined || pool === undefined) return;
          // A whole link says both.
          event.preventDefault();
          serverText.value = from;
          serverHint.value = '';
          codeText.value = pool;
        }}
        onInput={(event) => {
          serverText.value = event.currentTarget.value;
          serverHint.value = '';
        }}
      />
      <p id="server-hint" class={start['hint']} role="alert">
        {serverHint.value}
      </p>
    </div>
  );
}
