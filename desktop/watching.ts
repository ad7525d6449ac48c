// The folder that the person has set for the pool this device is in, watched for as long as it is in it. What a watch does is
// watch.ts; which one there is at a time is decided here.
import type { PoolEvent } from '../src/client.ts';
import type { HostEvents } from './host-events.ts';
import type { HostMemory } from './host-memory.ts';
import type { HostedClient } from './hosted-client.ts';
import type { Settings } from './settings.ts';
import { FolderWatch } from './watch.ts';

export interface WatchingParts {
  readonly client: HostedClient;
  readonly settings: Settings;
  readonly memory: HostMemory;
  readonly events: HostEvents;
}

export class Watching {
  readonly #parts: WatchingParts;
  readonly #unsubscribe: () => void;
  #pool: string | undefined;
  #watch: FolderWatch | undefined;
  #watched: string | undefined;
  /** One change after the other. */
  #last: Promise<void> = Promise.resolve();

  constructor(parts: WatchingParts) {
    this.#parts = parts;
    this.#unsubscribe = parts.client.subscribe((event) => this.#on(event));
  }

  /** Settings have changed, or a pool was entered or left. Resolves once what is watched is what is to be. */
  adjust(): Promise<void> {
    this.#last = this.#last.then(() => this.#adjust());
    return this.#last;
  }

  async close(): Promise<void> {
    this.#unsubscribe();
    this.#pool = undefined;
    await this.adjust();
  }

  #on(event: PoolEvent): void {
    if (event.kind === 'joined') this.#pool = event.pool;
    else if (event.kind === 'left') this.#pool = undefined;
    else return;
    void this.adjust();
  }

  /** Never rejects. */
  async #adjust(): Promise<void> {
    const { client, settings, memory, events } = this.#parts;
    // What is on offer again is not to be offered twice.
    if (this.#pool !== undefined) await client.offeredAgain;
    const { into, watched } = settings.now;
    const folder = this.#pool === undefined ? undefined : watched[this.#pool];
    // Received files may go there from now on, which it refuses: another `into` is another watch.
    const wanted = folder === undefined ? undefined : `${folder}\0${into}\0${this.#pool}`;
    if (wanted === this.#watched) return;
    await this.#watch?.stop();
    this.#watch = undefined;
    this.#watched = wanted;
    if (folder === undefined) return;
    const offered = [...memory.own.single].map(([id, { handle: path, bytes, modifiedMs }]) => {
      return { id, path, bytes, modifiedMs };
    });
    try {
      this.#watch = await FolderWatch.start({
        folder,
        into,
        offered,
        offer: (path) => client.offer([path]),
        withdraw: async (id) => {
          const isOpen = client.offers.some((offer) => offer.id === id && offer.state === 'open');
          if (isOpen) await client.withdraw(id);
        },
        onTrouble: (text) => events.trouble(text),
      });
    } catch (error) {
      events.trouble(error);
    }
  }
}
