// The way to the moderation page: a chunk of its own, for the few who look after a server.
import { signal, type Signal } from '@preact/signals';
import type { ComponentType } from 'preact';
import { accountLayer } from '../account-door.ts';

/** Undefined until it has arrived. */
export const ModerationPart: Signal<ComponentType | undefined> = signal<ComponentType | undefined>(undefined);

/** Rejects with an Error that says what to do if it does not arrive. */
export async function openModeration(): Promise<void> {
  const part = await import('../components/moderation/page.tsx').catch(() => {
    throw new Error('Part of this page did not arrive. Reload it and try again.');
  });
  ModerationPart.value = part.ModerationPage;
  accountLayer.value = { kind: 'moderation' };
}
