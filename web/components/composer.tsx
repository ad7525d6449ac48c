// Where a person writes: attach, text, send. Enter sends, Shift+Enter breaks, drafts stay with their pool.
import type { VNode } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { say } from '../actions.ts';
import { store } from '../app.ts';
import { cx } from '../cx.ts';
import { limits, loadDraft, saveDraft } from '../storage.ts';
import ui from '../styles/ui.module.css';
import { trouble } from '../trouble.ts';
import { Attach } from './attach.tsx';
import styles from './composer.module.css';
import { OfferAgain } from './offer-again.tsx';
import { Button } from './ui.tsx';

export function Composer(): VNode {
  const pool = store.pool.value;
  const [text, setText] = useState(() => loadDraft(pool));
  const field = useRef<HTMLTextAreaElement>(null);

  useEffect(() => {
    if (matchMedia('(pointer: fine)').matches) field.current?.focus({ preventScroll: true });
  }, []);

  // As tall as its text, up to the limit in the style sheet.
  useLayoutEffect(() => {
    const area = field.current;
    if (area === null) return;
    area.style.height = 'auto';
    area.style.height = `${area.scrollHeight + 2}px`;
  }, [text]);

  const write = (next: string): void => {
    setText(next);
    saveDraft(pool, next);
  };
  const send = (): void => {
    // What stands in the field counts, even where a rendering is still on its way.
    if (say(field.current?.value ?? text)) write('');
    field.current?.focus();
  };

  return (
    <form
      class={styles['composer']}
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <Trouble />
      <OfferAgain />
      <div class={styles['line']}>
        <Attach />
        <textarea
          ref={field}
          class={styles['text']}
          rows={1}
          aria-label="Message"
          placeholder="Message everyone here"
          maxLength={limits.message}
          enterkeyhint="send"
          dir="auto"
          value={text}
          onInput={(event) => {
            write(event.currentTarget.value);
          }}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
            event.preventDefault();
            send();
          }}
        />
        <Button type="submit" look="primary" icon="send" label="Send" disabled={text.trim() === ''} />
      </div>
    </form>
  );
}

function Trouble(): VNode {
  const text = trouble.value;
  return (
    <div role="alert">
      {text !== undefined && (
        <div class={cx(ui['notice'], styles['trouble'])}>
          <p>{text}</p>
          <Button
            look="quiet"
            icon="close"
            label="Dismiss"
            onClick={() => {
              trouble.value = undefined;
            }}
          />
        </div>
      )}
    </div>
  );
}
