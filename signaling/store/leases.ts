// Leases: who may do what one node at a time does, until when, and the fence by which a late one is told from its successor.
// Clocks are the nodes' own: a lease should be long next to what they differ by, and what it guards checked by its fence.
import { checked } from './fields.ts';
import type { LeaseRow, Tx } from './schema.ts';

/** A taken lease; `lease` is its name. */
export type HeldLease = Omit<LeaseRow, 'untilMs'>;

/**
 * Takes the lease if it is free or over, and resolves to its fence: larger than any before, and never less than the time
 * in ms, so that a lease that was forgotten meanwhile goes on where it was. Undefined if somebody has it, the same holder too.
 */
export async function takeLease(
  tx: Tx,
  { nowMs, ...lease }: Omit<LeaseRow, 'fence'> & { readonly nowMs: number },
): Promise<number | undefined> {
  checked(lease);
  const last = await tx
    .selectFrom('leases')
    .select(['fence', 'untilMs'])
    .where('lease', '=', lease.lease)
    .executeTakeFirst();
  // Who only looks waits for nobody, and keeps nobody waiting.
  if (last !== undefined && last.untilMs > nowMs) return undefined;
  const fence = Math.max(nowMs, (last?.fence ?? 0) + 1);
  const taken = { holder: lease.holder, untilMs: lease.untilMs, fence };
  await tx
    .insertInto('leases')
    .values({ ...lease, fence })
    .onConflict((on) => on.column('lease').doUpdateSet(taken))
    .execute();
  return fence;
}

/** Keeps the lease until `untilMs`; false if somebody else took it. Also the check whether it is still held. */
export async function holdLease(tx: Tx, { lease, holder, fence, untilMs }: LeaseRow): Promise<boolean> {
  const held = await tx
    .updateTable('leases')
    .set(checked({ untilMs }))
    .where('lease', '=', lease)
    .where('holder', '=', holder)
    .where('fence', '=', fence)
    .returning('fence')
    .executeTakeFirst();
  return held !== undefined;
}

/** Gives it back, so that nobody need wait. */
export async function releaseLease(tx: Tx, lease: HeldLease): Promise<void> {
  await holdLease(tx, { ...lease, untilMs: 0 });
}
