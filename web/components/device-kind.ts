// What kinds of devices are called, and their icons.
import type { IconName } from './icons.tsx';

/** For a kind nobody knows yet, what most devices are. */
export function kindOf(kind: string): { readonly label: string; readonly icon: IconName } {
  if (kind === 'terminal') return { label: 'Terminal', icon: 'terminal' };
  if (kind === 'desktop') return { label: 'Desktop', icon: 'desktop' };
  return { label: 'Browser', icon: 'browser' };
}
