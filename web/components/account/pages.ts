// A long list that comes in parts, in the order the server gives them.
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Page } from '../../account/call.ts';
import { useAction, type Action } from './parts.tsx';

export interface Pages<Item> {
  /** Undefined until the first part is there. */
  readonly items: readonly Item[] | undefined;
  /** Undefined if there is no more. */
  readonly more: (() => void) | undefined;
  /** Reads it anew from its beginning. */
  readonly again: () => void;
  /** How reading goes. */
  readonly action: Action;
}

/** `load`: the part after what is named, the first without. Rejects with an Error that says what is wrong. */
export function usePages<Item>(load: (after: string | undefined) => Promise<Page<Item>>): Pages<Item> {
  const [page, setPage] = useState<Page<Item> | undefined>();
  const action = useAction();
  const read = (after?: string): void =>
    action.run(async () => {
      const { items, next } = await load(after);
      setPage((before) => ({ items: after === undefined ? items : [...(before?.items ?? []), ...items], next }));
    });
  // Asked for while a part is being read, it begins once that is done.
  const [wanted, setWanted] = useState(1);
  const begun = useRef(0);
  useEffect(() => {
    if (action.busy || begun.current === wanted) return;
    begun.current = wanted;
    read();
  }, [wanted, action.busy]);
  const next = page?.next;
  return {
    items: page?.items,
    more: next === undefined ? undefined : () => read(next),
    again: () => setWanted((count) => count + 1),
    action,
  };
}
