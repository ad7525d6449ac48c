// What a host knows from one start to the next beside its settings, keys, conversations and history: where it is, what it has said
// yes to, what it offers. Three files, each replaced whole and soon after every change.
import { join } from 'node:path';
import { z } from 'zod';
import { AcceptedFiles, readAccepted } from '../src/io/accepted.ts';
import type { HostEvents } from './host-events.ts';
import { LastingJson } from './lasting-json.ts';
import { OwnOffers, readRecords, type OfferPlace } from './own-offers.ts';

export interface Standing {
  /** Of the websocket, for the next join; '' until one was named. */
  readonly server: string;
  /** This device's, if the person has given it one. */
  readonly name: string | undefined;
  /** The pool it is in, or on its way to, and its server's websocket: nobody has left it since. */
  readonly at: OfferPlace | undefined;
  /** Where files were received, the present folder last. */
  readonly folders: readonly string[];
}

const STANDING = z
  .object({
    server: z.string().catch(''),
    name: z.string().optional().catch(undefined),
    at: z.object({ server: z.string(), pool: z.string() }).optional().catch(undefined),
    folders: z.array(z.string()).catch([]),
  })
  .catch({ server: '', folders: [] });

export class HostMemory {
  readonly accepted: AcceptedFiles;
  readonly own: OwnOffers;
  readonly #files: Files;
  readonly #events: HostEvents;
  #standing: Standing;

  /** `data`: the data directory. Rejects with the file system's error. */
  static async open(data: string, events: HostEvents): Promise<HostMemory> {
    const files = {
      standing: new LastingJson(join(data, 'host.json'), 'Where this device is'),
      accepted: new LastingJson(join(data, 'accepted.json'), 'What is being received'),
      offers: new LastingJson(join(data, 'offers.json'), 'What is offered'),
    };
    const { standing, accepted, offers } = files;
    return new HostMemory(files, events, await Promise.all([standing.read(), accepted.read(), offers.read()]));
  }

  private constructor(files: Files, events: HostEvents, [standing, accepted, offers]: readonly unknown[]) {
    this.#files = files;
    this.#events = events;
    const { server, name, at, folders } = STANDING.parse(standing);
    this.#standing = { server, name, at, folders };
    this.accepted = new AcceptedFiles(readAccepted(JSON.stringify(accepted ?? [])), (next) => {
      this.#keep('accepted', next);
    });
    this.own = new OwnOffers(readRecords(offers), (next) => this.#keep('offers', next));
  }

  get standing(): Standing {
    return this.#standing;
  }

  stand(changes: Partial<Standing>): void {
    this.#standing = { ...this.#standing, ...changes };
    this.#keep('standing', this.#standing);
  }

  /** Resolves when everything is on disk, or has failed to get there. */
  async settled(): Promise<void> {
    await Promise.all(Object.values(this.#files).map((file) => file.settled()));
  }

  #keep(which: keyof Files, value: unknown): void {
    void this.#files[which].write(value).catch((error: unknown) => this.#events.trouble(error));
  }
}

type Files = Readonly<Record<'standing' | 'accepted' | 'offers', LastingJson>>;
