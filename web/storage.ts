// What this browser remembers: the name and cursors for all its tabs; secret, pool and drafts for one tab. All of it may fail.
import { deviceName } from './names.ts';

const SECRET_BYTES = 32;
const NAME_MAX = 40;
/** How long a reloaded page waits for its former self to let go of the secret, milliseconds. */
const HANDOVER_MS = 400;

/** The longest name and message a person may type, characters. */
export const limits: { readonly name: number; readonly message: number } = { name: NAME_MAX, message: 8192 };

/** The remembered name, or a new friendly one. */
export function loadName(): string {
  return read(localStorageOf(), 'rockpool.name')?.slice(0, NAME_MAX) ?? deviceName();
}

/** True if a name was chosen in this browser before. */
export function hasName(): boolean {
  return read(localStorageOf(), 'rockpool.name') !== undefined;
}

export function saveName(name: string): void {
  write(localStorageOf(), 'rockpool.name', name);
}

/** True if live cursors were left on in this browser; off until somebody turns them on. */
export function loadCursors(): boolean {
  return read(localStorageOf(), 'rockpool.cursors') === 'on';
}

export function saveCursors(on: boolean): void {
  write(localStorageOf(), 'rockpool.cursors', on ? 'on' : undefined);
}

/** The pool this tab is in, so that a reload goes on; undefined once it left. */
export function loadCurrentPool(): string | undefined {
  return read(sessionStorageOf(), 'rockpool.in');
}

export function saveCurrentPool(pool: string | undefined): void {
  write(sessionStorageOf(), 'rockpool.in', pool);
}

export function loadDraft(pool: string): string {
  return read(sessionStorageOf(), `rockpool.draft.${pool}`)?.slice(0, limits.message) ?? '';
}

export function saveDraft(pool: string, text: string): void {
  write(sessionStorageOf(), `rockpool.draft.${pool}`, text === '' ? undefined : text);
}

/** Limits on rates as rates.ts wrote them; '' for none. */
export function loadRates(): string {
  return read(localStorageOf(), 'rockpool.rates') ?? '';
}

export function saveRates(text: string): void {
  write(localStorageOf(), 'rockpool.rates', text === '{}' ? undefined : text);
}

/** What this tab has said yes to and does not have yet, as accepted.ts wrote it; '' for nothing. */
export function loadAccepted(): string {
  return read(sessionStorageOf(), 'rockpool.accepted') ?? '';
}

export function saveAccepted(text: string): void {
  write(sessionStorageOf(), 'rockpool.accepted', text === '[]' ? undefined : text);
}

/**
 * The 32 bytes that make this tab's device id. Kept over a reload; a duplicated tab, which the browser hands a copy
 * of them, draws its own, because two devices with one id would push each other out of the pool.
 */
export async function loadSecret(): Promise<Uint8Array> {
  const stored = read(sessionStorageOf(), 'rockpool.secret');
  const bytes = stored === undefined ? undefined : fromHex(stored);
  if (stored !== undefined && bytes !== undefined && (await holdAlone(stored))) return bytes;
  const fresh = crypto.getRandomValues(new Uint8Array(SECRET_BYTES));
  const hex = Array.from(fresh, (byte) => byte.toString(16).padStart(2, '0')).join('');
  write(sessionStorageOf(), 'rockpool.secret', hex);
  await holdAlone(hex);
  return fresh;
}

/** Takes the lock of this secret for as long as the page lives; false if another tab holds it. */
async function holdAlone(hex: string): Promise<boolean> {
  if (!('locks' in navigator)) return true;
  return new Promise((resolve) => {
    const held = navigator.locks.request(
      `rockpool.device.${hex.slice(0, 16)}`,
      { signal: AbortSignal.timeout(HANDOVER_MS) },
      () => {
        resolve(true);
        return new Promise<never>(() => undefined);
      },
    );
    held.catch(() => {
      resolve(false);
    });
  });
}

function fromHex(hex: string): Uint8Array | undefined {
  if (!/^[0-9a-f]{64}$/.test(hex)) return undefined;
  return Uint8Array.from({ length: SECRET_BYTES }, (_, at) => Number.parseInt(hex.slice(at * 2, at * 2 + 2), 16));
}

// A browser told to keep nothing throws on the mere mention of its storage; the page then simply forgets.
function localStorageOf(): Storage | undefined {
  try {
    return localStorage;
  } catch {
    return undefined;
  }
}

function sessionStorageOf(): Storage | undefined {
  try {
    return sessionStorage;
  } catch {
    return undefined;
  }
}

function read(storage: Storage | undefined, key: string): string | undefined {
  return storage?.getItem(key) ?? undefined;
}

function write(storage: Storage | undefined, key: string, value: string | undefined): void {
  try {
    if (value === undefined) storage?.removeItem(key);
    else storage?.setItem(key, value);
  } catch {
    // Full or forbidden: remembering is a convenience, the pool works without it.
  }
}
