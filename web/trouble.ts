// What went wrong, as one calm line above the composer.
import { signal, type Signal } from '@preact/signals';

/** The line above the composer; undefined while there is nothing to say. */
export const trouble: Signal<string | undefined> = signal<string | undefined>(undefined);

/** Runs `action`; what it throws becomes the line. True if it threw nothing. */
export function attempt(action: () => void): boolean {
  try {
    trouble.value = undefined;
    action();
    return true;
  } catch (error) {
    trouble.value = reason(error);
    return false;
  }
}

/** The message of what was thrown, as a sentence. */
export function reason(error: unknown): string {
  const text = error instanceof Error && error.message !== '' ? error.message : 'something unexpected happened';
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

/** True if a person closed the browser's own dialog: nothing is wrong then. */
export function isDismissal(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}
