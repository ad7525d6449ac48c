// The mark and the line icons, drawn on a grid of 20 with one stroke. All of them are decoration: names stand on buttons.
import type { VNode } from 'preact';

const paths = {
  attach: 'M15.5 9.2 9.6 15a3.6 3.6 0 0 1-5.1-5.1l6.3-6.3a2.4 2.4 0 0 1 3.4 3.4l-6.2 6.2a1.2 1.2 0 0 1-1.7-1.7l5.6-5.6',
  send: 'M10 16V4.5M4.8 9.6 10 4.4l5.2 5.2',
  link: 'M8.4 11.6a3.2 3.2 0 0 0 4.6 0l2.6-2.6a3.25 3.25 0 0 0-4.6-4.6l-.9.9M11.6 8.4a3.2 3.2 0 0 0-4.6 0l-2.6 2.6A3.25 3.25 0 0 0 9 15.6l.9-.9',
  qr: 'M4 4h4.5v4.5H4zM11.5 4H16v4.5h-4.5zM4 11.5h4.5V16H4zM11.5 11.5h1.5v1.5h-1.5zM15.9 11.5v2M13.5 15.9h2.4M11.5 15.9v-.1',
  people:
    'M7.6 9.4a2.7 2.7 0 1 0 0-5.4 2.7 2.7 0 0 0 0 5.4ZM2.8 16c.2-2.6 2.1-4.2 4.8-4.2s4.6 1.6 4.8 4.2M13 4.3a2.5 2.5 0 0 1 0 4.8M14.3 12c1.7.5 2.7 1.9 2.9 4',
  chat: 'M4 5.5A1.5 1.5 0 0 1 5.5 4h9A1.5 1.5 0 0 1 16 5.5v6a1.5 1.5 0 0 1-1.5 1.5H9.5L6 16v-3h-.5A1.5 1.5 0 0 1 4 11.5z',
  flow: 'M2.5 7.5c2.5-2.6 5-2.6 7.5 0s5 2.6 7.5 0M2.5 12.5c2.5-2.6 5-2.6 7.5 0s5 2.6 7.5 0',
  leave: 'M8 4H5.5A1.5 1.5 0 0 0 4 5.5v9A1.5 1.5 0 0 0 5.5 16H8M12.5 6.5 16 10l-3.5 3.5M16 10H8',
  back: 'M15.5 10h-11M9 5.5 4.5 10 9 14.5',
  close: 'm5 5 10 10M15 5 5 15',
  check: 'm4.5 10.5 3.7 3.7 7.3-8',
  again: 'M15.8 8.6A6 6 0 0 0 4.9 7M4.2 11.4A6 6 0 0 0 15.1 13M4.6 3.6V7H8M15.4 16.4V13H12',
  down: 'M10 4v11M5.2 10.4 10 15.2l4.8-4.8',
  up: 'M10 16V5M5.2 9.6 10 4.8l4.8 4.8',
  file: 'M5.5 3.5h6L15 7v9a.5.5 0 0 1-.5.5h-9a.5.5 0 0 1-.5-.5V4a.5.5 0 0 1 .5-.5zM11.5 3.5V7H15',
  browser: 'M3.5 5.5a1 1 0 0 1 1-1h11a1 1 0 0 1 1 1v9a1 1 0 0 1-1 1h-11a1 1 0 0 1-1-1zM3.5 8h13',
  terminal: 'M3.5 5.5a1 1 0 0 1 1-1h11a1 1 0 0 1 1 1v9a1 1 0 0 1-1 1h-11a1 1 0 0 1-1-1zM6.2 8l2.3 2-2.3 2M10.5 12.5h3',
  desktop: 'M3.5 5a1 1 0 0 1 1-1h11a1 1 0 0 1 1 1v7a1 1 0 0 1-1 1h-11a1 1 0 0 1-1-1zM10 13v3M7 16h6',
  cursor: 'M4.5 3.5 8.6 16l2.3-5.4 5.3-2.4z',
  more: 'm6 8.2 4 4 4-4',
  less: 'm6 11.8 4-4 4 4',
  pause: 'M7 5v10M13 5v10',
  play: 'M6.5 4.5v11l9-5.5z',
  folder:
    'M3.5 6a1.5 1.5 0 0 1 1.5-1.5h3l1.8 2H15A1.5 1.5 0 0 1 16.5 8v6a1.5 1.5 0 0 1-1.5 1.5H5A1.5 1.5 0 0 1 3.5 14z',
  gauge: 'M4.6 14.4a6.5 6.5 0 1 1 10.8 0M10 10.5l2.6-3.1',
  bin: 'M4.5 6h11M8 6V4.5h4V6M6 6l.6 9.5h6.8L14 6M8.6 8.8v4M11.4 8.8v4',
  reply: 'M8 5.2 3.8 9.4 8 13.6M4.2 9.4h7a5 5 0 0 1 5 5v.8',
  dots: 'M5.3 10a.5.5 0 1 1-1 0 .5.5 0 0 1 1 0zM10.5 10a.5.5 0 1 1-1 0 .5.5 0 0 1 1 0zM15.7 10a.5.5 0 1 1-1 0 .5.5 0 0 1 1 0z',
  pen: 'M4 16v-2.8L12.9 4.3a1.4 1.4 0 0 1 2 0l.8.8a1.4 1.4 0 0 1 0 2L6.8 16zM11.5 5.7l2.8 2.8',
  copy: 'M7.5 7.5V5A1.5 1.5 0 0 1 9 3.5h6A1.5 1.5 0 0 1 16.5 5v6a1.5 1.5 0 0 1-1.5 1.5h-2.5M5 7.5h6A1.5 1.5 0 0 1 12.5 9v6a1.5 1.5 0 0 1-1.5 1.5H5A1.5 1.5 0 0 1 3.5 15V9A1.5 1.5 0 0 1 5 7.5z',
  keep: 'M6 4.5A1 1 0 0 1 7 3.5h6a1 1 0 0 1 1 1v12l-4-3-4 3z',
  bell: 'M5.5 13.5V9a4.5 4.5 0 0 1 9 0v4.5M4 13.5h12M8.5 16.2c.8.7 2.2.7 3 0',
  flag: 'M5.5 17V4M5.5 4.5h8.6l-2 3.2 2 3.3H5.5',
  pin: 'M7.5 3.5h5M8.3 3.5v4.2L6 11h8l-2.3-3.3V3.5M10 11v5.5',
  lock: 'M6.5 9V6.8a3.5 3.5 0 0 1 7 0V9M5.5 9h9a1 1 0 0 1 1 1v5.5a1 1 0 0 1-1 1h-9a1 1 0 0 1-1-1V10a1 1 0 0 1 1-1z',
  checks: 'm2.5 10.5 3.6 3.6 6.9-7.8M9.2 13.2l.9.9 7.3-7.8',
  whisper:
    'M10 3.8c3.9 0 6.7 2.4 6.7 5.6s-2.8 5.6-6.7 5.6c-.8 0-1.6-.1-2.3-.3L4.5 16.2l.6-2.7c-1.1-1-1.8-2.5-1.8-4.1 0-3.2 2.8-5.6 6.7-5.6z',
  search: 'M9 14.5a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11ZM13 13l3.5 3.5',
  settings:
    'M3.5 6.5h7M14.5 6.5h2M3.5 13.5h2M9.5 13.5h7M12.5 8.5a2 2 0 1 0 0-4 2 2 0 0 0 0 4ZM7.5 15.5a2 2 0 1 0 0-4 2 2 0 0 0 0 4Z',
  plus: 'M10 4.5v11M4.5 10h11',
  shield: 'M10 3.2 15.5 5v4.6c0 3.4-2.2 5.8-5.5 7.2-3.3-1.4-5.5-3.8-5.5-7.2V5z',
  verified: 'M10 3.2 15.5 5v4.6c0 3.4-2.2 5.8-5.5 7.2-3.3-1.4-5.5-3.8-5.5-7.2V5zM7.4 9.8l1.9 1.9 3.4-3.7',
  zone: 'M10 16.5a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13ZM10 12.4a2.4 2.4 0 1 0 0-4.8 2.4 2.4 0 0 0 0 4.8Z',
  bellOff: 'M5.5 13.5c1-1 1.2-2.2 1.2-4a3.3 3.3 0 0 1 6.6 0c0 1.8.2 3 1.2 4zM8.7 15.8c.7.6 1.9.6 2.6 0M4 4l12 12',
  help: 'M7.7 7.6a2.4 2.4 0 1 1 3.5 2.2c-.8.4-1.2.9-1.2 1.8M10 14.2v.1',
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name, size = 20 }: { readonly name: IconName; readonly size?: number }): VNode {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 20 20"
      fill="none"
      stroke="currentColor"
      stroke-width="1.5"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
    >
      <path d={paths[name]} />
    </svg>
  );
}

/** One open ring with a small offset dot. */
export function Mark({ size = 28 }: { readonly size?: number }): VNode {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" fill="none" aria-hidden="true">
      <path d="M26.2 11.3A11.5 11.5 0 1 1 19.9 5.2" stroke="var(--kelp)" stroke-width="2.6" stroke-linecap="round" />
      <circle cx="25.2" cy="6.2" r="2.7" fill="var(--coral)" />
    </svg>
  );
}
