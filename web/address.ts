// The page's own address: the pool code stands in its fragment, which browsers never send to a server.
import { signal, type Signal } from '@preact/signals';

/** Where others open the app, if this page is a host's window: nobody else can reach that. '' until its server is known. */
export const elsewhere: Signal<string | undefined> = signal<string | undefined>(undefined);

/** Where this app lives, without fragment or query: the base of pool links. */
export function pageAddress(): string {
  if (elsewhere.value !== undefined) return `${elsewhere.value}/`;
  return `${location.origin}${location.pathname}`;
}

/** Puts `code` into the fragment without a new step in the history; '' removes it. Fires no hashchange. */
export function setFragment(code: string): void {
  const wanted = code === '' ? '' : `#${code}`;
  if (location.hash !== wanted) history.replaceState(null, '', `${location.pathname}${location.search}${wanted}`);
}
