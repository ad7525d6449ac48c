// Things that are good once and for a while, for whichever node meets them: challenges, nonces, codes. Of each only a hash is kept;
// whoever reads the database has five minutes at most to find one of 54 bits, and none to find the others.
import { checked } from './fields.ts';
import type { PendingRow, Tx } from './schema.ts';
import { hashToken } from './secrets.ts';

type Pending = Omit<PendingRow, 'tokenHash'> & { readonly token: string };

/** `token`: random, and never used before. */
export async function addPending(tx: Tx, { token, ...rest }: Pending): Promise<void> {
  const row = checked({ ...rest, tokenHash: hashToken(token) });
  await tx.insertInto('pending').values(row).execute();
}

/** Its value. Undefined if there is none for that purpose, it was taken before, or it is over. */
export async function takePending(
  tx: Tx,
  { token, purpose, nowMs }: Omit<Pending, 'value' | 'expiresMs'> & { readonly nowMs: number },
): Promise<string | undefined> {
  const { tokenHash } = checked({ tokenHash: hashToken(token), purpose });
  const taken = await tx
    .deleteFrom('pending')
    .where('tokenHash', '=', tokenHash)
    .where('purpose', '=', purpose)
    .returning(['value', 'expiresMs'])
    .executeTakeFirst();
  return taken !== undefined && taken.expiresMs > nowMs ? taken.value : undefined;
}
