// Sends a connection's packets through the relay by telling the other end the relay's address instead of its own. Runs
// in pages and on Node; relay.ts owns the sockets.
import { withoutPrefix } from '../../src/io/sdp.ts';
import type { Signal, TransportFactory } from '../../src/io/transport.ts';

/** IPv4. */
export interface Address {
  readonly address: string;
  readonly port: number;
}

/** What stands for `own` at the relay; undefined for an address it does not serve. */
export type Registrar = (own: Address) => Promise<Address | undefined>;

/** A candidate and the section it belongs to. */
export interface Candidate {
  readonly candidate: string;
  readonly mid: string;
}

// RFC 8839, section 5.1: foundation, component, transport, priority, address, port, "typ", type; extensions follow.
const UDP_HOST = /^(candidate:\S+ \d+ udp \d+) (\d{1,3}(?:\.\d{1,3}){3}) (\d{1,5}) (typ host\b.*)$/i;

/** `own` with the relay's address in it; undefined if it is no IPv4 UDP host candidate or one the relay does not serve. */
export async function relayedCandidate(own: string, registrar: Registrar): Promise<string | undefined> {
  const [, head, address, port, tail] = UDP_HOST.exec(withoutPrefix(own)) ?? [];
  if (head === undefined || address === undefined || port === undefined || tail === undefined) return undefined;
  const there = await registrar({ address, port: Number(port) });
  return there === undefined ? undefined : `${head} ${there.address} ${there.port} ${tail}`;
}

/** A description without its candidates, and the candidates. Ours have one section. */
export function takeCandidates(sdp: string): { readonly sdp: string; readonly candidates: readonly Candidate[] } {
  const mid = /^a=mid:(\S+)/m.exec(sdp)?.[1] ?? '0';
  const found = sdp.match(/^a=candidate:.*$/gm) ?? [];
  return {
    sdp: sdp.replaceAll(/^a=(?:candidate:.*|end-of-candidates)(?:\r\n|\n|$)/gm, ''),
    candidates: found.map((line) => ({ candidate: withoutPrefix(line.trimEnd()), mid })),
  };
}

/** Those of `own` that the relay serves, with its addresses in them. */
export async function relayedCandidates(own: readonly Candidate[], registrar: Registrar): Promise<Candidate[]> {
  const relayed: Candidate[] = [];
  for (const { candidate, mid } of own) {
    const there = await relayedCandidate(candidate, registrar);
    if (there !== undefined) relayed.push({ candidate: there, mid });
  }
  return relayed;
}

/** `factory`, but the other end of everything it makes, further lanes too, only ever learns the relay's addresses. */
export function throughRelay(factory: TransportFactory, registrar: Registrar): TransportFactory {
  return (options, handlers) => {
    let closed = false;
    const forward = async (own: Candidate): Promise<void> => {
      const candidate = await relayedCandidate(own.candidate, registrar);
      if (candidate !== undefined && !closed) handlers.onSignal({ kind: 'candidate', candidate, mid: own.mid });
    };
    return factory(options, {
      onSignal: (signal: Signal) => {
        if (signal.kind === 'candidate') return void forward(signal);
        const { sdp, candidates } = takeCandidates(signal.sdp);
        handlers.onSignal({ kind: signal.kind, sdp });
        for (const each of candidates) void forward(each);
      },
      onOpen: (path) => handlers.onOpen(path),
      onDatagram: (datagram) => handlers.onDatagram(datagram),
      onClosed: (reason) => {
        closed = true;
        handlers.onClosed(reason);
      },
    });
  };
}

/** Asks the relay's HTTP port. `seat` is the URL it gave for this side. */
export function registrarAt(seat: string): Registrar {
  return async ({ address, port }) => {
    const url = new URL(seat);
    url.searchParams.set('address', address);
    url.searchParams.set('port', String(port));
    const response = await fetch(url);
    if (!response.ok) throw new Error(`the relay answered ${response.status}`);
    return ((await response.json()) ?? undefined) as Address | undefined;
  };
}
