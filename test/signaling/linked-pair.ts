// Two real WebRTC ends wired to each other in this process: the addresses they find, and the way they meet.
import { nodeTransport } from '../../src/io/link-node.ts';
import type { IceServer, PathKind, Signal, Transport } from '../../src/io/transport.ts';

export interface LinkedPair {
  /** Candidates that either end told, in order, without those in descriptions. */
  readonly candidates: readonly string[];
  readonly descriptions: readonly string[];
  /** Resolves to the first candidate that `fits`, be it there already or still to come. */
  candidate(fits: (candidate: string) => boolean): Promise<string>;
  /** How both ends say that they met. */
  readonly paths: Promise<readonly PathKind[]>;
  /** Sends from the first to the second end until it arrives. */
  carry(datagram: Uint8Array): Promise<Uint8Array>;
  close(): void;
}

/** `tell`: what reaches the other end instead of a signal. */
export function linkedPair(
  options: { readonly iceServers: readonly IceServer[]; readonly relayOnly?: boolean },
  tell: (signal: Signal) => readonly Signal[] = (signal) => [signal],
): LinkedPair {
  const candidates: string[] = [];
  const descriptions: string[] = [];
  const waiting = new Set<(candidate: string) => void>();
  const opened: Promise<PathKind>[] = [];
  let heard: (datagram: Uint8Array) => void = () => {};
  const end = (initiator: boolean, other: () => Transport): Transport => {
    let open: (path: PathKind) => void = () => {};
    opened.push(new Promise((resolve) => (open = resolve)));
    return nodeTransport(
      { ...options, initiator },
      {
        onSignal: (signal) => {
          if (signal.kind === 'candidate') {
            candidates.push(signal.candidate);
            for (const look of waiting) look(signal.candidate);
          } else descriptions.push(signal.sdp);
          for (const each of tell(signal)) other().signal(each);
        },
        onOpen: open,
        onDatagram: (datagram) => heard(datagram),
        onClosed: () => {},
      },
    );
  };
  const first: Transport = end(true, () => second);
  const second: Transport = end(false, () => first);
  return {
    candidates,
    descriptions,
    candidate: (fits) =>
      new Promise((resolve) => {
        const look = (candidate: string): void => {
          if (fits(candidate)) resolve(candidate);
        };
        waiting.add(look);
        for (const candidate of candidates) look(candidate);
      }),
    paths: Promise.all(opened),
    carry: (datagram) =>
      new Promise((resolve) => {
        const timer = setInterval(() => first.send(datagram), 20);
        heard = (received) => {
          clearInterval(timer);
          resolve(received);
        };
      }),
    close: () => {
      first.close();
      second.close();
    },
  };
}
