// What the client shows of one offer, one transfer of it and one message, for tests to vary: Mara's device is `aa`, she offers a.bin.
import type { OfferView, TransferView } from '../../src/client.ts';
import type { MessageView, RoomView } from '../../src/talk/views.ts';
import { messageView, roomView } from '../support/views.ts';

export const offer: OfferView = {
  id: 'aa/1',
  from: 'aa',
  name: 'Mara',
  own: false,
  atMs: 0,
  files: [{ number: 2, name: 'a.bin', bytes: 100 }],
  private: false,
  state: 'open',
};

/** Of the offer's file, coming in; nothing of it is here. */
export const running: TransferView = {
  id: 'in/aa/2',
  offer: offer.id,
  direction: 'in',
  peer: offer.from,
  peerName: offer.name,
  name: 'a.bin',
  bytes: 100,
  doneBytes: 0,
  keptBytes: 0,
  bytesPerSecond: 0,
  state: 'running',
  seconds: 0,
  sources: [],
};

/** The pool's own room, where nothing was said. */
export const poolRoom: RoomView = roomView();

/** Mara's, in the pool's own room. */
export const message: MessageView = messageView();
