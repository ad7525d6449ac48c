// The tabs above something that has parts: one is chosen, by hand or with the arrow keys.
import type { VNode } from 'preact';
import styles from './tab-list.module.css';

interface TabListProps<Part extends string> {
  /** Before the ids of the tabs (`NAME-PART`) and of what they show (`NAME-body`). */
  readonly name: string;
  readonly label: string;
  readonly parts: readonly { readonly id: Part; readonly label: string }[];
  readonly chosen: Part;
  readonly onChoose: (part: Part) => void;
}

export function TabList<Part extends string>({ name, label, parts, chosen, onChoose }: TabListProps<Part>): VNode {
  const move = (event: KeyboardEvent): void => {
    const step = { ArrowLeft: parts.length - 1, ArrowRight: 1 }[event.key];
    const place = parts.findIndex(({ id }) => id === chosen);
    const next = step === undefined ? undefined : parts[(place + step) % parts.length];
    if (next === undefined) return;
    onChoose(next.id);
    document.getElementById(`${name}-${next.id}`)?.focus();
  };
  return (
    <div class={styles['tabs']} role="tablist" aria-label={label}>
      {parts.map((part) => (
        <button
          key={part.id}
          id={`${name}-${part.id}`}
          type="button"
          role="tab"
          aria-selected={part.id === chosen}
          aria-controls={`${name}-body`}
          tabIndex={part.id === chosen ? 0 : -1}
          onKeyDown={move}
          onClick={() => onChoose(part.id)}
        >
          {part.label}
        </button>
      ))}
    </div>
  );
}
