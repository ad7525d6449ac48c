// Which transfer belongs to which file of an offer, since an offer can be taken in part and answered more than once.
import type { OfferView, TransferView } from '../src/client.ts';
import type { TransferState } from './state.ts';

/** For each file of the offer its newest incoming transfer; undefined where it was not taken. */
export function transfersOf(
  offer: Pick<OfferView, 'files'>,
  transfers: readonly TransferState[],
): readonly (TransferState | undefined)[] {
  const newest = new Map<string, TransferState>();
  for (const transfer of transfers) newest.set(transfer.id, transfer);
  const free = [...newest.values()];
  return offer.files.map((file) => {
    const at = free.findIndex(({ view }) => isOf(view.peek(), file));
    return at < 0 ? undefined : free.splice(at, 1)[0];
  });
}

function isOf(transfer: TransferView, file: OfferView['files'][number]): boolean {
  return transfer.name === file.name && transfer.bytes === file.bytes;
}

/** It ended before all of it was here; if it is still on offer, it can be tried again. */
export function hasFailed({ state, end, direction }: TransferView): boolean {
  return direction === 'in' && state === 'ended' && end !== 'verified' && end !== 'declined' && end !== 'withdrawn';
}
