// The talk machine in its pool: its links, by device, and the message credit of what it holds.
import { Talk, type TalkOutput } from '../talk/talk.ts';
import type { TalkOptions } from '../talk/options.ts';
import type { TalkResult } from '../talk/ports.ts';
import type { Envelope } from '../wire/envelope.ts';
import type { TalkEnvelope } from '../wire/talk-envelope.ts';
import type { Peer } from './peer.ts';
import type { PeerId } from './views.ts';

export interface TalkingPorts {
  readonly self: PeerId;
  readonly peers: ReadonlyMap<PeerId, Peer>;
  readonly now: () => number;
  readonly poolTimeMs: (now: number) => number;
  readonly send: (peer: Peer, envelope: Envelope) => 'ok' | 'blocked';
  readonly options?: Partial<TalkOptions> | undefined;
}

export class Talking {
  readonly talk: Talk;
  readonly #ports: TalkingPorts;
  /** By the operation that holds them: bytes of a peer's messages, and the link that waits for their credit. */
  readonly #held = new Map<number, { readonly peer: Peer; readonly bytes: number }>();

  constructor(ports: TalkingPorts) {
    const { self, peers, poolTimeMs, send, options } = ports;
    this.#ports = ports;
    this.talk = new Talk({
      self,
      poolTimeMs,
      links: {
        send(id, envelope) {
          const peer = peers.get(id);
          return peer === undefined ? 'dropped' : send(peer, envelope);
        },
      },
      ...(options === undefined ? {} : { options }),
    });
  }

  /** A new session stands, over a transport that was bound. */
  up({ id, keys, name, device, role }: Peer): void {
    if (keys !== undefined) this.talk.peerUp(this.#ports.now(), { device: id, ...keys, name, kind: device, role });
  }

  /** Its session is over: what it sent in it owes no credit any more. */
  down(peer: Peer): void {
    for (const [op, held] of this.#held) if (held.peer === peer) this.#held.delete(op);
    this.talk.peerDown(this.#ports.now(), peer.id);
  }

  envelope(peer: Peer, envelope: TalkEnvelope, bytes: number): void {
    const now = this.#ports.now();
    const op = this.talk.envelope(now, peer.id, envelope);
    if (op === undefined) peer.link.releaseMessage(now, bytes);
    else this.#held.set(op, { peer, bytes });
  }

  done(id: number, result: TalkResult): void {
    const now = this.#ports.now();
    this.talk.done(now, id, result);
    const held = this.#held.get(id);
    this.#held.delete(id);
    held?.peer.link.releaseMessage(now, held.bytes);
  }

  poll(): TalkOutput | undefined {
    return this.talk.poll();
  }
}
