// The states of a link and every transition between them, in one table. ARCHITECTURE.md draws it.

/**
 * detached: no transport. opening: a transport, and the handshake runs. open: the session is agreed and alive.
 * closed: over; nothing comes after it.
 */
export type LinkState = 'detached' | 'opening' | 'open' | 'closed';

/**
 * attached: a transport opened. lost: it closed, or stayed silent too long. established: the handshake is done.
 * forgotten: the peer does not know our session. renewed: the peer begins a new session over the open one. ended: either
 * end closed with a code.
 */
export type LinkEvent = 'attached' | 'lost' | 'established' | 'forgotten' | 'renewed' | 'ended';

export const TRANSITIONS: Readonly<Record<LinkState, Readonly<Partial<Record<LinkEvent, LinkState>>>>> = {
  detached: { attached: 'opening', ended: 'closed' },
  opening: { lost: 'detached', established: 'open', forgotten: 'opening', ended: 'closed' },
  open: { lost: 'detached', forgotten: 'opening', renewed: 'open', ended: 'closed' },
  closed: {},
};
