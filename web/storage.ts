// What this browser remembers: the name and cursors for all its tabs (in a host's window, the host remembers them); which keys, pool
// and drafts for one tab. All of it may fail.
import { hostShelf, type Shelf } from './hosted.ts';
import { deviceName } from './names.ts';

const NAME_MAX = 40;

/** The longest name a person may type, characters. */
export const limits: { readonly name: number } = { name: NAME_MAX };

/** The remembered name, or a new friendly one. */
export function loadName(): string {
  return read(shelfOf(), 'rockpool.name')?.slice(0, NAME_MAX) ?? deviceName();
}

/** True if a name was chosen in this browser before. */
export function hasName(): boolean {
  return read(shelfOf(), 'rockpool.name') !== undefined;
}

export function saveName(name: string): void {
  write(shelfOf(), 'rockpool.name', name);
}

/** True if live cursors were left on in this browser; off until somebody turns them on. */
export function loadCursors(): boolean {
  return read(shelfOf(), 'rockpool.cursors') === 'on';
}

export function saveCursors(on: boolean): void {
  write(shelfOf(), 'rockpool.cursors', on ? 'on' : undefined);
}

/** The pool this tab is in, so that a reload goes on; undefined once it left. */
export function loadCurrentPool(): string | undefined {
  return read(sessionStorageOf(), 'rockpool.in');
}

export function saveCurrentPool(pool: string | undefined): void {
  write(sessionStorageOf(), 'rockpool.in', pool);
}

/** What somebody is writing in a room of a pool, as drafts.ts wrote it; '' for nothing. */
export function loadDraft(pool: string, room: string): string {
  return read(sessionStorageOf(), `rockpool.draft.${pool}/${room}`) ?? '';
}

export function saveDraft(pool: string, room: string, text: string): void {
  write(sessionStorageOf(), `rockpool.draft.${pool}/${room}`, text === '' ? undefined : text);
}

/** Limits on rates as rates.ts wrote them; '' for none. */
export function loadRates(): string {
  return read(shelfOf(), 'rockpool.rates') ?? '';
}

export function saveRates(text: string): void {
  write(shelfOf(), 'rockpool.rates', text === '{}' ? undefined : text);
}

/** Choices as settings.ts wrote them; '' for none. */
export function loadSettings(): string {
  return read(shelfOf(), 'rockpool.settings') ?? '';
}

export function saveSettings(text: string): void {
  write(shelfOf(), 'rockpool.settings', text);
}

/** What this tab has said yes to and does not have yet, as accepted.ts wrote it; '' for nothing. */
export function loadAccepted(): string {
  return read(sessionStorageOf(), 'rockpool.accepted') ?? '';
}

export function saveAccepted(text: string): void {
  write(sessionStorageOf(), 'rockpool.accepted', text === '[]' ? undefined : text);
}

/** Which of this browser's devices this tab was; a duplicated tab, which the browser hands a copy, finds it taken. */
export function loadSlot(): number | undefined {
  const text = read(sessionStorageOf(), 'rockpool.slot') ?? '';
  return /^\d{1,2}$/.test(text) ? Number(text) : undefined;
}

export function saveSlot(slot: number | undefined): void {
  write(sessionStorageOf(), 'rockpool.slot', slot?.toString());
}

/** Of one of this browser's devices, as own-account.ts wrote it; '' for none. */
export function loadAccount(device: string): string {
  return read(shelfOf(), `rockpool.account.${device}`) ?? '';
}

export function saveAccount(device: string, text: string): void {
  write(shelfOf(), `rockpool.account.${device}`, text);
}

// A browser told to keep nothing throws on the mere mention of its storage; the page then simply forgets.
function shelfOf(): Shelf | undefined {
  if (hostShelf !== undefined) return hostShelf;
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

function read(storage: Shelf | undefined, key: string): string | undefined {
  return storage?.getItem(key) ?? undefined;
}

function write(storage: Shelf | undefined, key: string, value: string | undefined): void {
  try {
    if (value === undefined) storage?.removeItem(key);
    else storage?.setItem(key, value);
  } catch {
    // Full or forbidden: remembering is a convenience, the pool works without it.
  }
}
