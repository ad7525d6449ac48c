// The message that another answers, in one line; a press leads to it.
import type { VNode } from 'preact';
import { useEffect } from 'preact/hooks';
import { plainLine } from '../markdown.ts';
import { sharedSentence } from '../sentences.ts';
import { pages, showMessage, talk, told } from '../talk.ts';
import type { MessageView } from '../../src/talk/views.ts';
import type { EntryId } from '../../src/wire/entry.ts';
import styles from './message.module.css';

export function Quote({ id }: { readonly id: EntryId }): VNode {
  const known = talk.knows(id);
  const message = talk.message(id);
  useEffect(() => {
    if (!known) void told(pages.quote(id));
  }, [id, known]);
  if (message === undefined) {
    return <p class={styles['quote']}>{known ? 'A message that is not here' : '…'}</p>;
  }
  return (
    <button
      type="button"
      class={styles['quote']}
      aria-label={`In reply to ${author(message)}: ${quoted(message)}`}
      onClick={() => {
        showMessage(id);
      }}
    >
      <bdi class={styles['quoteBy']}>{author(message)}</bdi>
      <bdi class={styles['quoteText']}>{quoted(message)}</bdi>
    </button>
  );
}

const author = ({ own, name }: MessageView): string => (own ? 'You' : name);

/** One line that stands for a message. */
export function quoted({ state, text, files }: MessageView): string {
  if (state === 'retracted') return 'Taken back';
  if (files !== undefined) return sharedSentence(files);
  return state === 'sealed' ? 'Sealed' : plainLine(text);
}
