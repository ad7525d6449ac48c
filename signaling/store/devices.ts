// The devices of accounts. A revoked one is remembered, so that it does not come back under the same keys.
import { checked, LIMITS, requireRoom } from './fields.ts';
import type { DeviceRow, Tx } from './schema.ts';

/** Throws `duplicate` (anybody's, revoked or not), `missing` (the account) or `too-many`. */
export async function addDevice(tx: Tx, device: Omit<DeviceRow, 'revokedMs'>): Promise<void> {
  checked(device);
  const others = await tx.selectFrom('devices').select('revokedMs').where('account', '=', device.account).execute();
  requireRoom('devices of an account, with revoked ones', others.length, LIMITS.devicesEverPerAccount);
  const living = others.filter(({ revokedMs }) => revokedMs === null).length;
  requireRoom('devices of an account', living, LIMITS.devicesPerAccount);
  await tx
    .insertInto('devices')
    .values({ ...device, revokedMs: null })
    .execute();
}

export async function deviceOf(tx: Tx, id: string): Promise<DeviceRow | undefined> {
  return tx.selectFrom('devices').selectAll().where('id', '=', checked({ id }).id).executeTakeFirst();
}

/** Those that were revoked as well, the oldest first. */
export async function devicesOf(tx: Tx, account: string): Promise<DeviceRow[]> {
  checked({ account });
  return tx
    .selectFrom('devices')
    .selectAll()
    .where('account', '=', account)
    .orderBy('createdMs')
    .orderBy('id')
    .execute();
}

/** False if the account has no such device, or has revoked it. */
export async function changeDevice(
  tx: Tx,
  {
    account,
    id,
    ...change
  }: Pick<DeviceRow, 'account' | 'id'> &
    (Pick<DeviceRow, 'name'> | Pick<DeviceRow, 'seenMs'> | { readonly revokedMs: number }),
): Promise<boolean> {
  checked({ account, id });
  const changed = await tx
    .updateTable('devices')
    .set(checked(change))
    .where('id', '=', id)
    .where('account', '=', account)
    .where('revokedMs', 'is', null)
    .returning('id')
    .executeTakeFirst();
  return changed !== undefined;
}
