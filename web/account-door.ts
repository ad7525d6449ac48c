// Whether this server keeps accounts, and what of them lies over the page. What it says and does comes as a chunk of its own, when
// somebody opens it. Part of the first load.
import { signal, type Signal } from '@preact/signals';
import type { ComponentType } from 'preact';

/** Why a pool does not let somebody in yet. */
export type DoorCode = 'passphrase-needed' | 'passphrase-wrong' | 'signed-out' | 'not-invited';

export type AccountLayer =
  /** `code`: one that another device of the same person shows. */
  | { readonly kind: 'home'; readonly code?: string }
  /** At the door of a pool. */
  | { readonly kind: 'door'; readonly pool: string; readonly why: DoorCode }
  | { readonly kind: 'moderation' };

/** False also while nobody knows. */
export const hasAccounts: Signal<boolean> = signal(false);
/** Whether it takes reports of what was said. */
export const takesReports: Signal<boolean> = signal(false);
export const accountLayer: Signal<AccountLayer | undefined> = signal<AccountLayer | undefined>(undefined);
/** Undefined until it has arrived. */
export const AccountPart: Signal<ComponentType | undefined> = signal<ComponentType | undefined>(undefined);

let asked: Promise<boolean> | undefined;

/** Asks the server whether it keeps accounts: once, unless it cannot be reached. Never rejects. */
export function askAbout(): Promise<boolean> {
  asked ??= about().catch(() => {
    asked = undefined;
    return false;
  });
  return asked;
}

async function about(): Promise<boolean> {
  const response = await fetch(new URL('api/about', document.baseURI));
  // Other servers of this app know no accounts.
  const said: { accounts?: unknown; reports?: unknown } | null = response.ok ? await response.json() : {};
  hasAccounts.value = said?.accounts === true;
  takesReports.value = said?.reports === true;
  return hasAccounts.value;
}

/** Shows it as soon as its part is there. Rejects if that does not arrive. */
export async function openAccount(layer: AccountLayer): Promise<void> {
  accountLayer.value = layer;
  AccountPart.value ??= (await import('./components/account/account-dialog.tsx')).AccountDialog;
}

export const closeAccount = (): void => {
  accountLayer.value = undefined;
};

const SIGN_IN = /^#sign-in=([a-z]+(?:-[a-z]+)+)$/u;

/** The fragment of a link that signs another browser in, without the `#`. */
export const signInFragment = (code: string): string => `sign-in=${code}`;

/** The code in such a fragment (with its `#`); undefined if it is none. */
export const parseSignIn = (hash: string): string | undefined => SIGN_IN.exec(hash.slice(0, 256))?.[1];
