// How far an own message has come, from what others' devices told.
import type { MessageView, ReceiptView } from '../src/talk/views.ts';
import type { AccountId } from '../src/wire/entry.ts';

/** Who has an own message, and who has read it: people, as far as this device was told. */
export function deliveryOf(
  message: Pick<MessageView, 'created'>,
  receipts: readonly ReceiptView[],
  personOf: (device: string) => AccountId,
  self: AccountId,
): { readonly read: readonly AccountId[]; readonly delivered: readonly AccountId[] } {
  const reached = (to: (receipt: ReceiptView) => number): Set<AccountId> =>
    new Set(receipts.filter((each) => to(each) >= message.created).map(({ device }) => personOf(device)));
  const read = reached(({ readTo }) => readTo);
  const delivered = reached(({ deliveredTo }) => deliveredTo);
  for (const account of read) delivered.delete(account);
  for (const each of [read, delivered]) each.delete(self);
  return { read: [...read], delivered: [...delivered] };
}
