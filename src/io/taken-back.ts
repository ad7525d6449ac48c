// Parts of files that the store kept of an earlier time, and whose offer was taken back: they go once that is known here.
import type { MessageRecord } from '../talk/records.ts';
import type { EntryId } from '../wire/entry.ts';
import type { KeptFile, Store } from './store.ts';

/** What is kept of an entry in the pool this device is in. */
type Message = (id: EntryId) => Promise<MessageRecord | undefined>;

/** Calls are done one after the other; none rejects. */
export class KeptOffers {
  readonly #store: Pick<Store<never>, 'kept' | 'forget'>;
  readonly #message: Message;
  /** The entries that tell of what is kept, as of the last look. */
  #told: ReadonlySet<EntryId> = new Set();
  #looking: Promise<void> = Promise.resolve();

  constructor(store: Pick<Store<never>, 'kept' | 'forget'>, message: Message) {
    this.#store = store;
    this.#message = message;
  }

  /** On entering a pool: its conversation may know more than when this device was here last. */
  entered(): Promise<void> {
    this.#looking = this.#looking.then(() => this.#look());
    return this.#looking;
  }

  /** An entry was taken back. `offered`: it told of an offer of this very visit, of which something may have been kept since. */
  takenBack(entry: EntryId, offered: boolean): Promise<void> {
    this.#looking = this.#looking.then(() => (offered || this.#told.has(entry) ? this.#look() : undefined));
    return this.#looking;
  }

  /** What is in use stays: the share machine ends that. What cannot be removed now is at the next start. */
  async #look(): Promise<void> {
    const told = new Set<EntryId>();
    const look = async ({ facts, finished, location }: KeptFile): Promise<void> => {
      if (facts.entry === undefined || finished) return;
      if ((await this.#message(facts.entry))?.state === 'retracted') await this.#store.forget(location);
      else told.add(facts.entry);
    };
    const kept = await this.#store.kept().catch(() => []);
    await Promise.allSettled(kept.map(look));
    this.#told = told;
  }
}
