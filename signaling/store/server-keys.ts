// The keys that the server signs tickets with. All nodes at one database have the same.
import { checked } from './fields.ts';
import type { ServerKeyRow, Tx } from './schema.ts';

/** Those that sign and those that did, the latest first. */
export async function serverKeys(tx: Tx): Promise<ServerKeyRow[]> {
  return tx.selectFrom('serverKeys').selectAll().orderBy('createdMs', 'desc').orderBy('kid').execute();
}

/** Of nodes that start at once with no key to sign with, one adds its own and all get that. `fresh`: made beforehand. */
export async function signingKey(tx: Tx, fresh: Omit<ServerKeyRow, 'retiredMs'>): Promise<ServerKeyRow> {
  const signs = (await serverKeys(tx)).find(({ retiredMs }) => retiredMs === null);
  if (signs !== undefined) return signs;
  const key = { ...checked(fresh), retiredMs: null };
  await tx.insertInto('serverKeys').values(key).execute();
  return key;
}

/** The keys that sign do so no more; false if there is none. `removeServerKeys` forgets them when their last ticket is over. */
export async function retireServerKeys(tx: Tx, retiredMs: number): Promise<boolean> {
  const retired = await tx
    .updateTable('serverKeys')
    .set(checked({ retiredMs }))
    .where('retiredMs', 'is', null)
    .returning('kid')
    .execute();
  return retired.length > 0;
}

/** Those that were retired before `beforeMs`. */
export async function removeServerKeys(tx: Tx, beforeMs: number): Promise<void> {
  await tx.deleteFrom('serverKeys').where('retiredMs', '<', beforeMs).execute();
}
