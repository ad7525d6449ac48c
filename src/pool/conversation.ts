// What is said in the pool: out to every peer or to none, in from each in its order, and the events that show it.
// The order itself is chat.ts; the queues and marks are the links'.
import { CHAT_TEXT_MAX, encodeEnvelope, type Envelope } from '../wire/envelope.ts';
import type { SendResult } from '../link/link.ts';
import type { Arrived } from './chat.ts';
import type { Peer } from './peer.ts';
import type { PeerId, PoolEvent } from './views.ts';

export interface ConversationSetup {
  readonly self: PeerId;
  readonly name: string;
  readonly wallOffsetMs: number;
  readonly peers: ReadonlyMap<PeerId, Peer>;
  readonly emit: (event: PoolEvent) => void;
}

export class Conversation {
  readonly #setup: ConversationSetup;
  #messages = 0;

  constructor(setup: ConversationSetup) {
    this.#setup = setup;
  }

  /** See Pool.say. */
  say(now: number, text: string): SendResult {
    if (text.length === 0 || text.length > CHAT_TEXT_MAX) return 'dropped';
    const sentMs = now + this.#setup.wallOffsetMs;
    const peers = [...this.#setup.peers.values()];
    // UTF-8 takes at most three bytes for each UTF-16 unit.
    const bytesMax = text.length * 3 + 32;
    if (peers.some(({ link }) => link.heldBytes.messagesOut + bytesMax > link.options.messageSendBytesMax))
      return 'blocked';
    for (const peer of peers) {
      const chat: Envelope = { kind: 'chat', seq: peer.chat.nextOut, sentMs, text };
      if (peer.link.sendMessage(now, encodeEnvelope(chat)) === 'ok') peer.chat.nextOut++;
    }
    this.#emit(this.#setup.self, this.#setup.name, text, sentMs);
    return 'ok';
  }

  /** Chats of `peer` that are settled: shown in order, or refused. */
  show(now: number, peer: Peer, arrived: readonly Arrived[]): void {
    for (const { chat, bytes, fresh } of arrived) {
      peer.link.releaseMessage(now, bytes);
      if (fresh) this.#emit(peer.id, peer.name, chat.text, chat.sentMs);
    }
  }

  #emit(from: PeerId, name: string, text: string, sentMs: number): void {
    const id = `${from}/${this.#messages++}`;
    const message = { id, from, name, own: from === this.#setup.self, text, sentMs };
    this.#setup.emit({ kind: 'message', message });
  }
}
