// What goes on beside the screen for as long as a session lasts: what was said yes to continues, what was offered is offered
// again, what happens is written down, and the limits hold.
import { effect } from '@preact/signals';
import type { PoolEvent } from '../src/client.ts';
import { AcceptedFiles, readAccepted } from '../src/io/accepted.ts';
import { HistoryKeeper } from './history.ts';
import { lapsed, offerAgain, retireOffer, retireTold } from './own-offers.ts';
import { rates } from './rates.ts';
import type { BrowserSession } from './session.ts';
import { loadAccepted, saveAccepted } from './storage.ts';

/** What this tab has said yes to. */
export const accepted: AcceptedFiles = new AcceptedFiles(readAccepted(loadAccepted()), (files) => {
  saveAccepted(JSON.stringify(files));
});

/** Stands by `session` until it is closed. */
export function keepSharing(session: BrowserSession): BrowserSession {
  const { client } = session;
  const keeper = new HistoryKeeper(session.store.history);
  let pool = '';
  const on = (event: PoolEvent): void => {
    if (event.kind === 'joined') {
      pool = event.pool;
      void offerAgain(session, pool);
    } else if (event.kind === 'left') {
      lapsed.value = [];
    } else if (event.kind === 'offer' && !event.offer.own && event.offer.state === 'open') {
      const { offer } = event;
      const numbers = accepted.wanted(pool, offer);
      // Later, because the machine is still busy telling of the offer.
      if (numbers.length > 0) queueMicrotask(() => client.accept(offer.id, numbers));
    } else if (event.kind === 'offer' && event.offer.own && event.offer.state === 'withdrawn') {
      retireOffer(session, event.offer.id);
    } else if (event.kind === 'message' && event.message.own && event.message.state === 'retracted') {
      void retireTold(session, event.message.id);
    } else if (event.kind === 'transfer') {
      keeper.note(event.transfer, pool, Date.now());
      const { direction, peer, end } = event.transfer;
      const over = end === 'verified' || end === 'withdrawn';
      if (direction === 'in' && over) accepted.remove(pool, peer, event.transfer);
    }
  };
  const stop = client.subscribe(on);
  const stopRates = effect(() => client.limit(rates.value));
  return {
    ...session,
    close: async () => {
      stopRates();
      await session.close();
      stop();
    },
  };
}
