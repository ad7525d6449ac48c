// Whoever is signed in at this server, and what they do about their account and its devices. Each call rejects with an Error that
// says, in a sentence, what went wrong.
import { signal, type Signal } from '@preact/signals';
import { startAuthentication, startRegistration } from '@simplewebauthn/browser';
import type {
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
} from '@simplewebauthn/browser';
import { AccountProblem } from '../../src/io/account-ticket.ts';
import { tidyName } from '../../src/wire/signaling.ts';
import { call } from './call.ts';

export interface Me {
  readonly id: string;
  readonly name: string;
  /** An operator looks after the server: reports, bans. */
  readonly tier: 'guest' | 'user' | 'operator';
  readonly hasAvatar: boolean;
  readonly passkeys: readonly OwnPasskey[];
  readonly recoveryCodesLeft: number;
}

export interface OwnPasskey {
  readonly id: string;
  readonly name: string;
  /** null: never yet. */
  readonly usedMs: number | null;
}

export interface OwnDevice {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly seenMs: number;
  readonly revokedMs: number | null;
}

export type PoolPolicy = 'open' | 'invited' | 'passphrase';
export type PoolRole = 'owner' | 'member' | 'listener';

export interface OwnPool {
  readonly code: string;
  readonly title: string;
  readonly policy: PoolPolicy;
  readonly role: PoolRole;
}

/** Undefined until that is known; null: nobody is signed in. */
export const me: Signal<Me | null | undefined> = signal<Me | null | undefined>(undefined);
export const devices: Signal<readonly OwnDevice[]> = signal<readonly OwnDevice[]>([]);
export const pools: Signal<readonly OwnPool[]> = signal<readonly OwnPool[]>([]);
/** New recovery codes that were not put away yet: they are shown this once. */
export const freshCodes: Signal<readonly string[]> = signal<readonly string[]>([]);

/** Counts readings, and what makes those that are under way worth nothing. */
let latest = 0;

/** Reads all of it anew. */
export async function refresh(): Promise<void> {
  const mine = (latest += 1);
  try {
    const [own, { devices: foundDevices }, { pools: foundPools }] = await Promise.all([
      call<Me>('GET', 'me'),
      call<{ devices: OwnDevice[] }>('GET', 'devices'),
      call<{ pools: OwnPool[] }>('GET', 'pools'),
    ]);
    if (mine === latest) [me.value, devices.value, pools.value] = [own, foundDevices, foundPools];
  } catch (error) {
    if (!(error instanceof AccountProblem) || error.code !== 'signed-out') throw error;
    if (mine === latest) me.value = null;
  }
}

export async function createAccount(name: string): Promise<void> {
  const optionsJSON = await call<PublicKeyCredentialCreationOptionsJSON>('POST', 'register/options', {
    name: tidyName(name),
  });
  const response = await passkey(() => startRegistration({ optionsJSON }));
  const made = await call<{ recoveryCodes: string[] }>('POST', 'register', { response, passkeyName: passkeyName() });
  freshCodes.value = made.recoveryCodes;
  await refresh();
}

export async function signIn(): Promise<void> {
  const optionsJSON = await call<PublicKeyCredentialRequestOptionsJSON>('POST', 'sign-in/options', {});
  const response = await passkey(() => startAuthentication({ optionsJSON }));
  await call('POST', 'sign-in', { response });
  await refresh();
}

/** With a recovery code, or with the six words that another device shows. */
export async function signInByCode(code: string): Promise<void> {
  const isWords = /^[a-z\s-]+$/iu.test(code.trim());
  await call('POST', isWords ? 'links/use' : 'recover', { code });
  await refresh();
}

export async function signOut(): Promise<void> {
  await call('POST', 'sign-out', {});
  freshCodes.value = [];
  latest += 1;
  me.value = null;
}

export async function addPasskey(): Promise<void> {
  const optionsJSON = await call<PublicKeyCredentialCreationOptionsJSON>('POST', 'passkeys/options', {});
  const response = await passkey(() => startRegistration({ optionsJSON }));
  await call('POST', 'passkeys', { response, name: passkeyName() });
  await refresh();
}

export async function newRecoveryCodes(): Promise<void> {
  freshCodes.value = (await call<{ recoveryCodes: string[] }>('POST', 'recovery-codes', {})).recoveryCodes;
  await refresh();
}

export async function renameDevice(id: string, name: string): Promise<void> {
  await call('PATCH', `devices/${id}`, { name: tidyName(name) });
  await refresh();
}

export async function revokeDevice(id: string): Promise<void> {
  await call('DELETE', `devices/${id}`);
  await refresh();
}

export async function renameAccount(name: string): Promise<void> {
  await call('PATCH', 'me', { name: tidyName(name) });
  await refresh();
}

/** Its devices leave their pools at once, and nothing brings it back. */
export async function removeAccount(): Promise<void> {
  await call('DELETE', 'me');
  latest += 1;
  me.value = null;
}

/** Counts changes of one's own picture: its address stays, so another is only fetched under another query. */
export const pictureChanges: Signal<number> = signal(0);

/** `picture`: as accountPicture makes it; undefined: none. */
export async function changePicture(picture: Blob | undefined): Promise<void> {
  await (picture === undefined ? call('DELETE', 'me/avatar') : call('PUT', 'me/avatar', picture));
  pictureChanges.value += 1;
  await refresh();
}

export async function renamePasskey(id: string, name: string): Promise<void> {
  await call('PATCH', `passkeys/${id}`, { name: tidyName(name) });
  await refresh();
}

/** Refused if nobody could sign in any more. */
export async function removePasskey(id: string): Promise<void> {
  await call('DELETE', `passkeys/${id}`);
  await refresh();
}

/** Words that sign another browser in, and when they are over, ms since 1970. */
export const signInWords = (): Promise<{ readonly code: string; readonly expiresMs: number }> =>
  call('POST', 'links', {});

/** What a person did not finish in the browser's own question is no error of anybody's. */
async function passkey<T>(question: () => Promise<T>): Promise<T> {
  try {
    return await question();
  } catch (error) {
    throw new Error(passkeyProblem(error instanceof Error ? error.name : ''), { cause: error });
  }
}

function passkeyProblem(name: string): string {
  if (name === 'InvalidStateError') return 'This device has a passkey for this account already.';
  if (name === 'NotAllowedError' || name === 'AbortError') return 'No passkey was used. Try again.';
  return 'This browser could not use a passkey here.';
}

/** When it was made, for the list. In some languages dates hold marks of direction, which names do not. */
const passkeyName = (): string => tidyName(`Made on ${new Date().toLocaleDateString()}`);
