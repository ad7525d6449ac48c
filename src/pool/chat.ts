// Chat with one peer, for one session: numbers what goes out, puts what comes in back into its order. The link delivers
// each message once but in any order; a conversation is read in one. What is held back stays charged to the peer's message
// credit, so it needs no limit of its own.
import type { Envelope } from '../wire/envelope.ts';

export type Chat = Extract<Envelope, { kind: 'chat' }>;

/** `bytes`: the size of its message, to be released when it was shown. */
export interface Arrived {
  readonly chat: Chat;
  readonly bytes: number;
  /** False: a number that was used before; release it, show nothing. */
  readonly fresh: boolean;
}

export class ChatOrder {
  readonly #held = new Map<number, Arrived>();
  /** Undefined until `hello` says where the numbers begin. */
  #next: number | undefined;
  /** Number of the next chat to this peer. */
  nextOut = 0;

  begin(next: number): Arrived[] {
    this.#next ??= next;
    return this.#due();
  }

  /** All that is settled by this one: shown in order, or refused. */
  add(chat: Chat, bytes: number): Arrived[] {
    if (this.#held.has(chat.seq) || (this.#next !== undefined && chat.seq < this.#next)) {
      return [{ chat, bytes, fresh: false }];
    }
    this.#held.set(chat.seq, { chat, bytes, fresh: true });
    return this.#due();
  }

  #due(): Arrived[] {
    const due: Arrived[] = [];
    while (this.#next !== undefined) {
      const arrived = this.#held.get(this.#next);
      if (arrived === undefined) break;
      this.#held.delete(this.#next);
      due.push(arrived);
      this.#next++;
    }
    return due;
  }
}
