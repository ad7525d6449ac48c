// Where a person writes: attach, text, send. Text, answer and mode are one draft that belongs to one room; what is sent goes to the
// room that stands above the field at that moment, even where another is about to be shown.
import type { VNode } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { beginEdit, changeDraft, draftOf, lastOwn, send } from '../talk-actions.ts';
import { currentTalk, talk } from '../talk.ts';
import type { RoomView } from '../../src/talk/views.ts';
import { MESSAGE_TEXT_MAX } from '../../src/wire/talk.ts';
import { cx } from '../cx.ts';
import { roomTitle } from '../rooms.ts';
import { shownText, withText, withoutLayer, type Draft } from '../drafts.ts';
import ui from '../styles/ui.module.css';
import { trouble } from '../trouble.ts';
import { Attach } from './attach.tsx';
import { Bars, TooLong } from './composer-bars.tsx';
import { Mode, ModeChips } from './composer-mode.tsx';
import styles from './composer.module.css';
import { OfferAgain } from './offer-again.tsx';
import { Typing } from './typing.tsx';
import { Button } from './ui.tsx';

/** A longer text is not measured to fit the field to it: the field is as high as it gets. Characters. */
const MEASURED_MAX = 20_000;

export function Composer(): VNode {
  const room = talk.current.value;
  // Another room is another field: nothing of one is ever left in the other.
  return <Field key={room?.id ?? ''} room={room} />;
}

function Field({ room }: { readonly room: RoomView | undefined }): VNode {
  const id = room?.id ?? '';
  const draft = draftOf(id).value;
  const text = shownText(draft);
  const field = useRef<HTMLTextAreaElement>(null);

  useLayoutEffect(() => {
    if (matchMedia('(pointer: fine)').matches) field.current?.focus({ preventScroll: true });
  }, []);

  // As tall as its text, up to the limit in the style sheet.
  useLayoutEffect(() => {
    const area = field.current;
    if (area === null) return;
    // Measuring lays out the page; an empty field is one row high by itself.
    area.style.height = text === '' ? '' : 'auto';
    if (text !== '') area.style.height = text.length > MEASURED_MAX ? '100vh' : `${area.scrollHeight + 2}px`;
  }, [text]);

  const submit = (): void => {
    // What stands in the field counts, even where a rendering is still on its way.
    if (room !== undefined) void send(id, field.current?.value ?? text);
    field.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.isComposing || id === '') return;
    if (event.key === 'Enter' && !event.shiftKey) submit();
    else if (event.key === 'ArrowUp' && field.current?.value === '' && plainKey(event)) editLast();
    else if (event.key === 'Escape' && withoutLayer(draft) !== undefined)
      changeDraft(id, (now) => withoutLayer(now) ?? now);
    else return;
    event.preventDefault();
  };

  const kind = room?.kind ?? 'pool';
  const listens = kind === 'pool' && talk.role.value === 'listener';
  const closed = listens || (room !== undefined && !room.open);
  const name = nameOfRoom(room);
  return (
    <form
      class={cx(styles['composer'], kind === 'whisper' && styles['whisper'])}
      data-room={id}
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <Typing />
      <Trouble />
      <OfferAgain />
      {room !== undefined && kind !== 'pool' && <Recipients kind={kind} name={name} />}
      {room !== undefined && <Bars room={id} draft={draft} />}
      {room !== undefined && <ModeChips room={id} draft={draft} />}
      <TooLong room={room} draft={draft} />
      <div class={styles['line']}>
        {kind !== 'zone' && !closed && <Attach />}
        <textarea
          ref={field}
          id="message-field"
          class={styles['text']}
          rows={1}
          aria-label={kind === 'pool' ? 'Message' : `Message to ${name}`}
          aria-invalid={text.length > MESSAGE_TEXT_MAX}
          placeholder={
            listens
              ? 'You listen in this pool'
              : closed
                ? 'You are not in this room any more'
                : placeholder(kind, name, draft)
          }
          // Before the room is known there is nowhere for a draft to belong to.
          disabled={closed || room === undefined}
          enterkeyhint="send"
          dir="auto"
          value={text}
          onInput={(event) => {
            const { value } = event.currentTarget;
            changeDraft(id, (now) => withText(now, value));
            if (value !== '' && draft.edit === undefined) currentTalk()?.typing(id);
          }}
          onKeyDown={onKeyDown}
        />
        {room !== undefined && draft.edit === undefined && <Mode room={room} draft={draft} />}
        <Button
          type="submit"
          look="primary"
          icon={draft.edit === undefined ? 'send' : 'check'}
          label={draft.edit === undefined ? 'Send' : 'Save change'}
          disabled={text.trim() === '' || text.trim().length > MESSAGE_TEXT_MAX || room === undefined || closed}
        />
      </div>
    </form>
  );
}

/** Always there in a whisper or a zone: who will read this. */
function Recipients({ kind, name }: { readonly kind: RoomView['kind']; readonly name: string }): VNode {
  return (
    <p class={styles['to']}>
      {kind === 'whisper' ? 'Whisper to' : 'Only in'} <bdi>{name}</bdi>
    </p>
  );
}

const nameOfRoom = (room: RoomView | undefined): string =>
  room === undefined ? '' : roomTitle(room, talk.self.value.account, (account) => talk.nameOf(account));

const plainKey = ({ shiftKey, ctrlKey, metaKey, altKey }: KeyboardEvent): boolean =>
  !shiftKey && !ctrlKey && !metaKey && !altKey;

function editLast(): void {
  const message = lastOwn();
  if (message !== undefined) beginEdit(message);
}

function placeholder(kind: RoomView['kind'], name: string, draft: Draft): string {
  if (draft.edit !== undefined) return 'What it is to say instead';
  if (kind === 'pool') return 'Message everyone';
  return kind === 'whisper' ? `Whisper to ${name}` : `Message ${name}`;
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
