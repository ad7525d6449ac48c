// Why two devices did not meet, from the kinds of addresses (ICE candidates) that both found, and what to do about it. A guess
// from one side, but one that can be acted on.
import type { IceServer, Signal } from '../wire/signaling.ts';

/**
 * host: of the device itself. srflx: as a STUN server sees it, outside its network. relay: of a TURN server. What peers only
 * see of each other (prflx) is never told.
 */
export type AddressKind = 'host' | 'srflx' | 'relay';

/**
 * What stood in the way. unanswered: the other device has not said a word. relay-missing: this device goes through relays only,
 * and there is none. relay-unreachable: there is one, and neither could have an address of it. relay-failed: an address of one did
 * not help. no-servers: neither STUN nor TURN. own-closed, their-closed: that side's network showed no address outside.
 * no-direct-way: both know theirs, and nothing passes.
 */
export type Unmet =
  | 'unanswered'
  | 'relay-missing'
  | 'relay-unreachable'
  | 'relay-failed'
  | 'no-servers'
  | 'own-closed'
  | 'their-closed'
  | 'no-direct-way';

/** One attempt to meet. `heard`: the other end has signaled anything at all. */
export interface MeetFacts {
  readonly own: ReadonlySet<AddressKind>;
  readonly theirs: ReadonlySet<AddressKind>;
  readonly heard: boolean;
  readonly iceServers: readonly IceServer[];
  readonly relayOnly: boolean;
}

/** Of an attempt that came to nothing. */
export function whyUnmet({ own, theirs, heard, iceServers, relayOnly }: MeetFacts): Unmet {
  const urls = iceServers.flatMap((server) => server.urls);
  const turn = urls.some((url) => url.startsWith('turn'));
  if (relayOnly && !turn) return 'relay-missing';
  if (!heard) return 'unanswered';
  if (own.has('relay') || (theirs.has('relay') && !relayOnly)) return 'relay-failed';
  if (turn) return 'relay-unreachable';
  if (urls.length === 0) return 'no-servers';
  if (!own.has('srflx')) return 'own-closed';
  return theirs.has('srflx') ? 'no-direct-way' : 'their-closed';
}

/** The kinds of addresses that a signal tells of. */
export function addressKinds(signal: Signal): AddressKind[] {
  const text = signal.kind === 'candidate' ? signal.candidate : signal.sdp;
  return [...text.matchAll(/ typ (host|srflx|relay)\b/g)].flatMap(([, kind]) =>
    kind === 'host' || kind === 'srflx' || kind === 'relay' ? [kind] : [],
  );
}

const ADD_TURN = 'Whoever runs the server can add a TURN server: docs/turn.md.';

/** For people: what is the matter with `name`'s device, and what helps. */
export function unmetWords(unmet: Unmet, name: string): string {
  switch (unmet) {
    case 'unanswered':
      return `${name} does not answer. Perhaps that device sleeps or its page is not in front.`;
    case 'relay-missing':
      return `This device goes through a relay only, and the server names none. ${ADD_TURN}`;
    case 'relay-unreachable':
      return 'The relay cannot be reached, or refuses. Whoever runs the server can check it with “rockpool doctor”.';
    case 'relay-failed':
      return `The relay does not get through to ${name}. Whoever runs the server can check it with “rockpool doctor”.`;
    case 'no-servers':
      return `${name} seems to be in another network, and the server helps nobody find a way there. ${ADD_TURN}`;
    case 'own-closed':
      return `Your network lets nothing through directly (UDP is blocked). ${ADD_TURN}`;
    case 'their-closed':
      return `The network of ${name} lets nothing through directly (UDP is blocked). ${ADD_TURN}`;
    case 'no-direct-way':
      return `Your network and that of ${name} cannot meet directly. ${ADD_TURN}`;
  }
}
