// The page around the start screen: mark, name, the open ring of the pool at the edge, and what leaves the device.
import type { ComponentChildren, VNode } from 'preact';
import { Mark } from './icons.tsx';
import styles from './start.module.css';

export function Shore({ children }: { readonly children: ComponentChildren }): VNode {
  return (
    <main class={styles['shore']}>
      <Pool />
      <div class={styles['column']}>
        <header class={styles['brand']}>
          <Mark size={40} />
          <h1 class={styles['name']}>Rockpool</h1>
        </header>
        <p class={styles['lead']}>Meet in a pool. Talk, and hand each other files, from device to device.</p>
        {children}
        <p class={styles['fine']}>
          What you say and share goes straight to the people in your pool. This server learns only your name, the pool’s
          code and how to reach your device.
        </p>
      </div>
    </main>
  );
}

/** The mark grown to a landscape: ripples around an open ring, people as stones on its rim. */
function Pool(): VNode {
  return (
    <svg class={styles['pool']} viewBox="0 0 800 800" fill="none" aria-hidden="true">
      <g class={styles['ripples']}>
        <circle cx="400" cy="400" r="392" />
        <circle cx="400" cy="400" r="338" />
        <circle cx="400" cy="400" r="170" />
        <circle cx="400" cy="400" r="112" />
        <circle cx="400" cy="400" r="62" />
      </g>
      <path class={styles['ring']} d="M630 279A260 260 0 1 1 489 156" />
      <path class={styles['stream']} d="M176 532C260 470 300 420 372 420S520 300 608 243" />
      <g class={styles['stones']}>
        <path d="M150 520c8-16 32-20 46-8s12 34-6 40-48-14-40-32Z" />
        <path d="M352 652c14-12 44-10 54 4s-4 28-24 28-44-20-30-32Z" />
        <path d="M634 470c12-10 34-4 38 12s-12 28-26 24-26-24-12-36Z" />
        <path d="M196 232c14-10 40-4 42 12s-16 26-32 24-26-24-10-36Z" />
      </g>
      <ellipse class={styles['dot']} cx="608" cy="236" rx="27" ry="25" />
    </svg>
  );
}
