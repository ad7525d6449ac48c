// The device's keys in a browser: in IndexedDB, where no script can read the private ones out. A profile has a slot for each of
// its tabs that is in use, because two tabs that were the same device would contradict each other; a Web Lock guards each slot
// for as long as its tab lives. Node's are device-keys-files.ts.
import { openDB, type DBSchema } from 'idb';
import { generateDeviceKeys, type DeviceKeys } from '../keys/identity.ts';

export interface HeldKeys {
  readonly keys: DeviceKeys;
  /** To be named when this tab asks again after a reload; undefined: the keys are for this visit only. */
  readonly slot: number | undefined;
}

interface Schema extends DBSchema {
  devices: { key: number; value: DeviceKeys };
}

const DATABASE = 'rockpool-keys';
/** Tabs of one profile; beyond it, keys are for the visit. */
const SLOTS_MAX = 64;
/** How long a reloaded page waits for its former self to let go of its slot, ms. */
const HANDOVER_MS = 400;

/**
 * The keys of slot `last`, if this tab had it before the reload and no other has it now, or else of the first slot that is
 * free; made there at the first time. Where the browser keeps nothing, keys for this visit. Rejects if it cannot make any.
 */
export async function holdDeviceKeys(last?: number): Promise<HeldKeys> {
  const slot = await holdSlot(last);
  const kept = slot === undefined ? undefined : await keysOf(slot).catch(() => undefined);
  return kept === undefined ? { keys: await generateDeviceKeys(false), slot: undefined } : { keys: kept, slot };
}

async function holdSlot(last: number | undefined): Promise<number | undefined> {
  if (!('locks' in navigator)) return undefined;
  if (last !== undefined && (await holdLock(last, { signal: AbortSignal.timeout(HANDOVER_MS) }))) return last;
  for (let slot = 0; slot < SLOTS_MAX; slot += 1) {
    // oxlint-disable-next-line no-await-in-loop -- the first that is free
    if (await holdLock(slot, { ifAvailable: true })) return slot;
  }
  return undefined;
}

/** Takes the lock of this slot for as long as the page lives; false if another tab holds it. */
function holdLock(slot: number, options: LockOptions): Promise<boolean> {
  return new Promise((resolve) => {
    const held = navigator.locks.request(`rockpool.device.${slot}`, options, (lock) => {
      resolve(lock !== null);
      return lock === null ? undefined : new Promise<never>(() => undefined);
    });
    held.catch(() => resolve(false));
  });
}

/** Rejects where the browser keeps nothing, as in some private windows. The slot is this page's. */
async function keysOf(slot: number): Promise<DeviceKeys> {
  const database = await openDB<Schema>(DATABASE, 1, {
    upgrade: (fresh) => void fresh.createObjectStore('devices'),
  });
  try {
    const kept = await database.get('devices', slot);
    if (kept !== undefined) return kept;
    const keys = await generateDeviceKeys(false);
    // On disk before anybody knows them: who came back as somebody else would have said things twice.
    const writing = database.transaction('devices', 'readwrite', { durability: 'strict' });
    await Promise.all([writing.store.put(keys, slot), writing.done]);
    return keys;
  } finally {
    database.close();
  }
}
