// Small shared controls: button, dialog on the native element, a person's stone.
import type { ComponentChildren, VNode } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { cx } from '../cx.ts';
import { initials } from '../names.ts';
import ui from '../styles/ui.module.css';
import { Icon, type IconName } from './icons.tsx';
import styles from './stone.module.css';

interface ButtonProps {
  readonly children?: ComponentChildren;
  readonly look?: 'primary' | 'plain' | 'quiet';
  readonly small?: boolean;
  readonly icon?: IconName;
  /** The accessible name of a button that shows only its icon. */
  readonly label?: string;
  readonly id?: string;
  readonly expanded?: boolean;
  readonly controls?: string;
  readonly describedBy?: string;
  readonly type?: 'button' | 'submit';
  readonly disabled?: boolean;
  readonly busy?: boolean;
  readonly title?: string;
  readonly onClick?: () => void;
}

export function Button(props: ButtonProps): VNode {
  const { look = 'plain', icon, label, type = 'button' } = props;
  const bare = props.children === undefined;
  return (
    <button
      type={type}
      class={cx(ui['button'], look !== 'plain' && ui[look], props.small === true && ui['small'], bare && ui['icon'])}
      id={props.id}
      aria-label={label}
      aria-expanded={props.expanded}
      aria-controls={props.controls}
      aria-describedby={props.describedBy}
      aria-busy={props.busy}
      disabled={props.disabled ?? false}
      title={props.title ?? (bare ? label : undefined)}
      onClick={props.onClick}
    >
      {icon !== undefined && <Icon name={icon} size={props.small === true ? 18 : 20} />}
      {props.children}
    </button>
  );
}

interface ModalProps {
  readonly open: boolean;
  /** Its accessible name. */
  readonly label: string;
  readonly look?: string | undefined;
  readonly onClose: () => void;
  /** There only while it is open. */
  readonly children: ComponentChildren;
}

/** What had the focus before the first of the modals that follow one another. */
let opener: HTMLElement | undefined;

/** A modal on the native element: Esc and a click beside it close it; focus returns where it was. */
export function Modal({ open, label, look, onClose, children }: ModalProps): VNode {
  const element = useRef<HTMLDialogElement>(null);
  const shown = useRef(false);
  // Before the next key is pressed: what is typed from now on belongs here.
  useLayoutEffect(() => {
    const focused = document.activeElement;
    if (open && element.current?.open === false) {
      if (focused instanceof HTMLElement && focused !== document.body && !focused.closest('dialog')) opener = focused;
      element.current.showModal();
    }
    if (!open) element.current?.close();
    // The browser gives the focus back, but not where a button of one layer opened the next and went with it.
    if (!open && shown.current && document.activeElement === document.body) opener?.focus({ preventScroll: true });
    shown.current = open;
  }, [open]);
  return (
    <dialog
      ref={element}
      class={cx(ui['dialog'], look)}
      aria-label={label}
      onClose={() => {
        // Where another layer took its place, that one is open now.
        if (open) onClose();
      }}
      onClick={(event) => {
        if (event.target === event.currentTarget) onClose();
      }}
    >
      {open && children}
    </dialog>
  );
}

interface DialogProps {
  readonly open: boolean;
  readonly title: string;
  readonly wide?: boolean;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

/** A modal with a title, and a cross that closes it too. */
export function Dialog({ open, title, wide = false, onClose, children }: DialogProps): VNode {
  return (
    <Modal open={open} label={title} look={wide ? ui['wide'] : undefined} onClose={onClose}>
      <div class={ui['dialogHead']}>
        <h2 class={ui['dialogTitle']}>{title}</h2>
        <Button look="quiet" icon="close" label="Close" onClick={onClose} />
      </div>
      {children}
    </Modal>
  );
}

/** Text for screen readers only. */
export function Unseen({ children }: { readonly children: ComponentChildren }): VNode {
  return <span class={ui['unseen']}>{children}</span>;
}

/** The hue a person is drawn in, degrees. */
export function hueOf(id: string): number {
  return (seedOf(id) * 47) % 360;
}

const seedOf = (id: string): number => Number.parseInt(id.slice(0, 6), 16) || 0;

/** A person as a stone: shape and tint follow the id, so that two of one name still look apart. */
export function Stone({
  id,
  name,
  small = false,
}: {
  readonly id: string;
  readonly name: string;
  readonly small?: boolean;
}): VNode {
  const seed = seedOf(id);
  const wobble = (at: number): number => 44 + ((seed >> (at * 3)) & 7) * 2;
  const [a, b, c, d] = [wobble(0), wobble(1), wobble(2), wobble(3)];
  return (
    <span
      class={cx(styles['stone'], small && styles['small'])}
      style={{
        '--hue': String(hueOf(id)),
        borderRadius: `${a}% ${100 - a}% ${b}% ${100 - b}% / ${c}% ${d}% ${100 - d}% ${100 - c}%`,
      }}
      aria-hidden="true"
    >
      {small ? '' : initials(name)}
    </span>
  );
}
