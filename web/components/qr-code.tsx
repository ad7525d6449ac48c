// A QR code as one SVG path: dark on light in both themes, because that is what cameras expect.
import type { VNode } from 'preact';
import { useMemo } from 'preact/hooks';
import { generate } from 'lean-qr';
import styles from './qr-code.module.css';

/** The quiet zone of the QR standard (ISO/IEC 18004), modules. */
const QUIET = 4;

interface QrCodeProps {
  readonly text: string;
  readonly label?: string;
  readonly large?: boolean;
}

export function QrCode({ text, label = 'QR code of this pool’s link', large = false }: QrCodeProps): VNode {
  const { path, size } = useMemo(() => outline(text), [text]);
  const side = size + 2 * QUIET;
  return (
    <svg
      class={large ? styles['large'] : styles['code']}
      viewBox={`${-QUIET} ${-QUIET} ${side} ${side}`}
      role="img"
      aria-label={label}
      shape-rendering="crispEdges"
    >
      <path d={path} />
    </svg>
  );
}

function outline(text: string): { readonly path: string; readonly size: number } {
  const code = generate(text);
  let path = '';
  for (let y = 0; y < code.size; y += 1) {
    for (let x = 0; x < code.size; x += 1) {
      if (code.get(x, y)) path += `M${x} ${y}h1v1h-1z`;
    }
  }
  return { path, size: code.size };
}
