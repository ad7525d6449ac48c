// What a person does with offers and transfers: answer, stop, reorder. Failures become one calm line above the composer.
import { currentSession, store } from './app.ts';
import type { OfferView, TransferView } from '../src/client.ts';
import { isHosted } from './hosted.ts';
import { offerLapsed, type Lapsed } from './own-offers.ts';
import { accepted } from './sharing.ts';
import { told } from './talk.ts';
import { attempt, reason, trouble } from './trouble.ts';

/** Takes these files of an offer, by their numbers; all of them if not said. */
export function accept(offer: OfferView, numbers?: readonly number[]): void {
  const went = attempt(() => currentSession()?.client.accept(offer.id, numbers));
  // A host remembers it itself.
  if (went && !isHosted()) accepted.add(store.pool.value, offer, numbers);
}

export function decline(offer: string): void {
  attempt(() => currentSession()?.client.decline(offer));
}

/** With what tells of it in the conversation. */
export function withdraw(offer: string): void {
  void told(currentSession()?.client.withdraw(offer));
}

/** Stops it, and deletes what had arrived of it. */
export function cancel(transfer: TransferView): void {
  if (transfer.direction === 'in' && !isHosted()) accepted.remove(store.pool.value, transfer.peer, transfer);
  attempt(() => currentSession()?.client.cancel(transfer.id));
}

/** Stops whatever of these transfers has not ended. */
export function cancelAll(transfers: readonly TransferView[]): void {
  for (const transfer of transfers) if (transfer.state !== 'ended') cancel(transfer);
}

export function pause(transfer: string): void {
  attempt(() => currentSession()?.client.pause(transfer));
}

export function resume(transfer: string): void {
  attempt(() => currentSession()?.client.resume(transfer));
}

/** Reads a verified file back and hashes it once more. */
export function check(transfer: string): void {
  attempt(() => currentSession()?.client.recheck(transfer));
}

/** Begins anew what ended and is still on offer. */
export function retry(transfer: string): void {
  attempt(() => currentSession()?.client.retry(transfer));
}

/** Moves an incoming transfer one place up (-1) or down (1) in the queue. */
export function shift(transfer: string, by: -1 | 1): void {
  attempt(() => {
    const place = store.move(transfer, store.queue.value.indexOf(transfer) + by);
    currentSession()?.client.move(transfer, place);
  });
}

/** Offers anew what was offered before. `pick`: a person has to choose it again. */
export async function sendAgain(one: Lapsed): Promise<'done' | 'denied' | 'pick'> {
  const session = currentSession();
  if (session?.store === undefined) return 'denied';
  try {
    trouble.value = undefined;
    return await offerLapsed(session, store.pool.value, one);
  } catch (error) {
    trouble.value = `Could not offer “${one.records[0]?.name ?? ''}” again: ${reason(error)}`;
    return 'denied';
  }
}

/** True while leaving would interrupt something: transfers under way. */
export function isBusy(): boolean {
  return store.transfers.value.some((transfer) => transfer.state.value === 'running');
}
