// A button with something that opens beside it: on the native popover, so Esc and a press elsewhere close it and focus
// returns. It is put where there is room for it.
import type { ComponentChildren, VNode } from 'preact';
import { useRef } from 'preact/hooks';
import { cx } from '../cx.ts';
import ui from '../styles/ui.module.css';
import { Icon, type IconName } from './icons.tsx';

interface PopoverProps {
  readonly id: string;
  readonly icon: IconName;
  /** The button's name, and that of what opens. */
  readonly label: string;
  readonly narrow?: boolean;
  /** Marks the button: something in it is set. */
  readonly set?: boolean;
  readonly children: ComponentChildren;
}

/** From the button to what opens, pixels. */
const GAP = 8;

export function Popover({ id, icon, label, narrow = false, set = false, children }: PopoverProps): VNode {
  const button = useRef<HTMLButtonElement>(null);
  return (
    <>
      <button
        ref={button}
        type="button"
        class={cx(ui['button'], ui['quiet'], ui['icon'], narrow && ui['narrow'], set && ui['set'])}
        aria-label={label}
        title={label}
        popovertarget={id}
      >
        <Icon name={icon} size={narrow ? 16 : 20} />
      </button>
      <div
        id={id}
        class={ui['popover']}
        popover="auto"
        role="group"
        aria-label={label}
        onBeforeToggle={(event) => {
          if (button.current !== null) place(event.currentTarget, button.current.getBoundingClientRect());
        }}
      >
        {children}
      </div>
    </>
  );
}

/** Closes the popover that `element` is in. */
export function closePopover(element: Element): void {
  const open = element.closest('[popover]');
  if (open instanceof HTMLElement) open.hidePopover();
}

function place(popover: HTMLElement, { left, right, top, bottom }: DOMRect): void {
  const above = top > window.innerHeight / 2;
  const toRight = left < window.innerWidth / 2;
  popover.style.inset = [
    above ? 'auto' : `${bottom + GAP}px`,
    toRight ? 'auto' : `${window.innerWidth - right}px`,
    above ? `${window.innerHeight - top + GAP}px` : 'auto',
    toRight ? `${left}px` : 'auto',
  ].join(' ');
}
