// One more device of a person: shows that it knows an invitation, and gets what makes it that person's.
import type { Account } from '../wire/talk.ts';
import type { Book } from './book.ts';
import type { TalkContext } from './context.ts';
import type { Peer } from './peers.ts';
import type { Writing } from './writing.ts';

export class Linking {
  readonly #context: TalkContext;
  readonly #book: Book;
  readonly #writing: Writing;

  constructor(context: TalkContext, book: Book, writing: Writing) {
    this.#context = context;
    this.#book = book;
    this.#writing = writing;
  }

  /** Shows a peer the proof that is for it. */
  ask(peer: Peer, proof: Uint8Array): void {
    peer.linkAskedAtMs = this.#context.now();
    peer.blocked = this.#context.links.send(peer.device, { kind: 'link-ask', proof }) === 'blocked' || peer.blocked;
  }

  /** A peer shows one. Returns the operation that looks at it. */
  asked(peer: Peer, proof: Uint8Array): number | undefined {
    if (peer.vouches >= this.#context.options.vouchesMax) return undefined;
    peer.vouches++;
    const done = (account: Account | undefined): void => {
      if (account === undefined || this.#context.peers.get(peer.device) !== peer) return;
      const sent = this.#context.links.send(peer.device, { kind: 'link-grant', account });
      peer.blocked = sent === 'blocked' || peer.blocked;
    };
    return this.#context.keep({ op: 'vouch', device: peer.device, proof }, { done });
  }

  /** A peer vouches for this device: heeded only as an answer, and once. */
  granted(peer: Peer, account: Account): number | undefined {
    if (this.#context.now() > peer.linkAskedAtMs + this.#context.options.linkAskMs) return undefined;
    peer.linkAskedAtMs = -Infinity;
    return this.#context.keep(
      { op: 'adopt', account },
      {
        done: (value) => {
          this.#book.account = value.account;
          this.#book.apply(value);
          this.#context.emit({ kind: 'account', account: value.account });
          for (const { id, kind } of this.#context.rooms.values()) {
            if (kind === 'pool') this.#writing.write(id, { kind: 'profile' });
          }
        },
      },
    );
  }
}
