// What the account's dialogs are made of: a field with its label, and an action with what it says when it fails.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { reason } from '../../trouble.ts';
import dialogs from '../dialogs.module.css';

export interface Action {
  readonly busy: boolean;
  /** What went wrong last, as a sentence; '' for nothing. */
  readonly problem: string;
  readonly run: (work: () => Promise<void>) => void;
}

/** One thing at a time: what is pressed while another runs does nothing. */
export function useAction(): Action {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState('');
  const finish = async (work: () => Promise<void>): Promise<void> => {
    setBusy(true);
    setProblem('');
    try {
      await work();
    } catch (error) {
      setProblem(reason(error));
    }
    setBusy(false);
  };
  return {
    busy,
    problem,
    run: (work) => {
      if (!busy) void finish(work);
    },
  };
}

export function Problem({ action }: { readonly action: Action }): VNode {
  return (
    <p class={dialogs['hint']} role="alert">
      {action.problem}
    </p>
  );
}

interface FieldProps {
  readonly id: string;
  readonly label: string;
  readonly value: string;
  readonly onValue: (value: string) => void;
  /** Not to be read over a shoulder. */
  readonly secret?: boolean;
  readonly maxLength?: number;
}

export function Field({ id, label, value, onValue, secret = false, maxLength = 64 }: FieldProps): VNode {
  const input = {
    id,
    class: dialogs['input'],
    value,
    maxLength,
    autocomplete: 'off',
    autocapitalize: 'none',
    spellcheck: false,
    onInput: (event: { readonly currentTarget: HTMLInputElement }) => onValue(event.currentTarget.value),
  } as const;
  return (
    <div>
      <label class={dialogs['label']} for={id}>
        {label}
      </label>
      {secret ? <input type="password" {...input} /> : <input {...input} />}
    </div>
  );
}
