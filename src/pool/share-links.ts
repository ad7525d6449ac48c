// The links of a pool as the share machine sees them: by peer id, and gone when the peer is.
import type { Link } from '../link/link.ts';
import type { ShareLinks } from '../share/ports.ts';
import { encodeEnvelope } from '../wire/envelope.ts';
import type { Peer } from './peer.ts';

export function shareLinks(peers: ReadonlyMap<string, Peer>, now: () => number, backlogMax: number): ShareLinks {
  const link = (id: string): Link | undefined => peers.get(id)?.link;
  return {
    send: (id, envelope) => peers.get(id)?.send(now(), encodeEnvelope(envelope), backlogMax) ?? 'dropped',
    rttMs: (id) => link(id)?.srttMs ?? 0,
    requestChunk: (id, transfer, chunk, bytes) => link(id)?.requestChunk(now(), transfer, chunk, bytes) ?? 'dropped',
    sendChunk: (id, request, bytes) => link(id)?.sendChunk(now(), request, bytes) ?? 'dropped',
    chunkRoomBytes: (id) => link(id)?.chunkRoomBytes ?? 0,
    releaseChunk: (id, length, spare) => link(id)?.releaseChunk(now(), length, spare),
    cancelChunk: (id, transfer, chunk) => link(id)?.cancelChunk(now(), transfer, chunk),
    dropTransfer: (id, transfer, direction) => link(id)?.dropTransfer(now(), transfer, direction),
  };
}
