// What the account's dialogs are made of: a field with its label, a line of a list, and an action with what it says when it fails.
import type { ComponentChildren, VNode } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { reason } from '../../trouble.ts';
import list from '../devices.module.css';
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
  /** It was just asked for: what is typed next belongs here. */
  readonly focused?: boolean;
}

export function Field(props: FieldProps): VNode {
  const { id, label, value, onValue, secret = false, maxLength = 64, focused = false } = props;
  const element = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => {
    if (focused) element.current?.focus();
  }, []);
  const input = {
    ref: element,
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

interface ItemProps {
  readonly picture?: ComponentChildren;
  readonly name: string;
  readonly facts: ComponentChildren;
  /** What can be done with it. */
  readonly ways?: ComponentChildren;
  /** Below: what is asked about that. */
  readonly children?: ComponentChildren;
}

/** A line of a list. */
export function Item({ picture, name, facts, ways, children }: ItemProps): VNode {
  return (
    <li class={list['device']}>
      {picture}
      <div class={list['who']}>
        <bdi>{name}</bdi>
        <span>{facts}</span>
      </div>
      {ways !== undefined && <div class={list['doing']}>{ways}</div>}
      {children}
    </li>
  );
}
