// What both WebRTC transports let in from the other end's signals, and in which order: one description of one data
// channel session, then candidates. It touches no connection; link-browser.ts and link-node.ts apply what it admits.
import type { Signal } from '../wire/signaling.ts';

/** Label of the one data channel. A channel with another label is closed. */
export const CHANNEL_LABEL = 'rockpool';

/** Candidates taken from the other end; more are ignored. A device with many interfaces gathers about 30. */
export const REMOTE_CANDIDATES_MAX = 128;

/** In-band channels beyond the first that are closed one by one; the next one ends the connection. */
export const STRAY_CHANNELS_MAX = 8;

/** Why a connection closed, when neither end asked for it in so many words: the `reason` of `onClosed`. */
export const CLOSE_REASONS = {
  here: 'closed here',
  there: 'closed by the other end',
  malformed: 'malformed signal',
  text: 'text message on the data channel',
  channels: 'too many data channels',
} as const;

/** `apply` now, in this order; or end the connection. */
export type Admitted = { readonly kind: 'apply'; readonly signals: readonly Signal[] } | { readonly kind: 'refuse' };

const NOTHING: Admitted = { kind: 'apply', signals: [] };
const REFUSED: Admitted = { kind: 'refuse' };

// RFC 8839, section 5.1: foundation, component, transport, priority, address, port, "typ", type; extensions follow.
const CANDIDATE = /^candidate:[\w+/]{1,32} \d{1,3} \S+ \d{1,10} (\S+) \d{1,5} typ \w+(?: \S+)*$/;
const IP_ADDRESS = /^(?:\d{1,3}(?:\.\d{1,3}){3}|[\da-f.]*:[\da-f:.]*(?:%\w+)?)$/i;

/** Guards one connection's signaling. Keeps candidates that come before the description they belong to. */
export class SignalGate {
  readonly #awaited: 'offer' | 'answer';
  #described = false;
  #candidates = 0;
  readonly #early: Signal[] = [];

  /** An initiator takes one answer, the other end one offer; there is no renegotiation. */
  constructor(initiator: boolean) {
    this.#awaited = initiator ? 'answer' : 'offer';
  }

  /** Judges one signal from the other end. Never throws, whatever the strings hold. */
  admit(signal: Signal): Admitted {
    switch (signal.kind) {
      case 'offer':
      case 'answer':
        return this.#admitDescription(signal);
      case 'candidate':
        return this.#admitCandidate(signal.candidate, signal.mid);
      default:
        return REFUSED;
    }
  }

  #admitDescription(signal: Signal & { readonly sdp: string }): Admitted {
    if (this.#described || signal.kind !== this.#awaited || !isDataSession(signal.sdp)) return REFUSED;
    this.#described = true;
    return { kind: 'apply', signals: [signal, ...this.#early.splice(0)] };
  }

  #admitCandidate(text: string, mid: string): Admitted {
    const candidate = withoutPrefix(text);
    if (candidate === '') return NOTHING; // End of candidates: true of every browser sooner or later, and no news.
    const address = CANDIDATE.exec(candidate)?.[1];
    if (address === undefined) return REFUSED;
    // Browsers hide addresses behind mDNS names, which end in .local. Any other name would have a peer choose what
    // this device asks its DNS server.
    if (!IP_ADDRESS.test(address) && !/^[\w-]+\.local$/i.test(address)) return NOTHING;
    if (this.#candidates === REMOTE_CANDIDATES_MAX) return NOTHING;
    this.#candidates += 1;
    const signal: Signal = { kind: 'candidate', candidate, mid };
    if (this.#described) return { kind: 'apply', signals: [signal] };
    this.#early.push(signal);
    return NOTHING;
  }
}

/** The address that a candidate of a relay names; undefined for any other candidate. */
export function relayAddress(candidate: string): string | undefined {
  const address = CANDIDATE.exec(candidate)?.[1];
  return / typ relay(?: |$)/.test(candidate) ? address : undefined;
}

/** A description without the candidates that some implementations write into it. */
export function withoutCandidates(sdp: string): string {
  return sdp.replace(/^a=candidate:.*(?:\r?\n|$)/gm, '');
}

/** `candidate` as browsers write it; libdatachannel puts the SDP attribute's `a=` before it. */
export function withoutPrefix(candidate: string): string {
  return candidate.startsWith('a=') ? candidate.slice(2) : candidate;
}

/** True if `sdp` describes one data channel section and no media: nobody may make this device open a decoder. */
function isDataSession(sdp: string): boolean {
  const sections = sdp.match(/^m=.*$/gm) ?? [];
  return sdp.startsWith('v=0') && sections.length === 1 && (sections[0] ?? '').startsWith('m=application ');
}
