// What is asked below a line before something happens to it: another name, or whether that is meant.
import type { ComponentChildren, VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import list from '../devices.module.css';
import { Button } from '../ui.tsx';
import { Field, Problem, useAction } from './parts.tsx';

interface RenameProps {
  readonly id: string;
  readonly name: string;
  /** Rejects with an Error that says what is wrong. */
  readonly onRename: (name: string) => Promise<void>;
  /** It is renamed, or keeps its name. */
  readonly onDone: () => void;
}

export function Rename({ id, name: before, onRename, onDone }: RenameProps): VNode {
  const [name, setName] = useState(before);
  const action = useAction();
  return (
    <form
      class={list['sure']}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        action.run(async () => {
          await onRename(name.trim());
          onDone();
        });
      }}
    >
      <Field id={`name-${id}`} label="Name" value={name} focused onValue={setName} />
      <div class={list['ways']}>
        <Button small type="submit" disabled={action.busy || name.trim() === ''}>
          Rename it
        </Button>
        <Button small look="quiet" onClick={onDone}>
          Keep its name
        </Button>
      </div>
      <Problem action={action} />
    </form>
  );
}

interface SureProps {
  /** The question, for those who do not see where it stands. */
  readonly label: string;
  readonly yes: string;
  readonly no?: string;
  /** Rejects with an Error that says what is wrong. */
  readonly onYes: () => Promise<unknown>;
  /** It happened, or was left alone. */
  readonly onDone: () => void;
  /** What will happen. */
  readonly children: ComponentChildren;
}

export function Sure({ label, yes, no = 'Keep it', onYes, onDone, children }: SureProps): VNode {
  const action = useAction();
  const asked = useRef<HTMLDivElement>(null);
  // The button that was pressed is gone.
  useEffect(() => asked.current?.focus(), []);
  return (
    <div ref={asked} class={list['sure']} role="group" aria-label={label} tabIndex={-1}>
      <p>{children}</p>
      <div class={list['ways']}>
        <Button
          small
          disabled={action.busy}
          onClick={() =>
            action.run(async () => {
              await onYes();
              onDone();
            })
          }
        >
          {yes}
        </Button>
        <Button small look="quiet" onClick={onDone}>
          {no}
        </Button>
      </div>
      <Problem action={action} />
    </div>
  );
}
