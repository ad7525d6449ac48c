// Whom `send --to` means: waits until everybody who was named is here. A name that is several people's means nobody: whoever
// came first by it is not to get what was meant for another.
import type { PeerView, PoolClientFace } from '../src/client.ts';
import { deferred, type Deferred } from '../src/io/waiting.ts';
import type { DeviceId } from '../src/wire/entry.ts';
import { isCalled, peopleOf, type Known } from './people.ts';
import { safeLine } from './safe-text.ts';
import type { Screen } from './screen.ts';

/** The devices of each person who was named, or why it is clear to nobody who that is. */
export type Recipients =
  | { readonly kind: 'found'; readonly people: readonly (readonly DeviceId[])[] }
  | { readonly kind: 'unclear'; readonly message: string };

export class RecipientWatch {
  readonly #names: readonly string[];
  readonly #known: Deferred<Recipients> = deferred();
  #settled = false;

  constructor(names: readonly string[]) {
    this.#names = names;
  }

  /** Resolves once everybody is here, or a name turns out to be several people's. Never rejects. */
  wait({ talk, peers }: PoolClientFace<string>, screen: Screen): Promise<Recipients> {
    this.look({ talk, peers });
    if (!this.#settled) screen.note(`Waiting for ${this.#names.map(safeLine).join(', ')}.`);
    return this.#known.promise;
  }

  /** Somebody came, or something is known of somebody. */
  look({ talk: { self, rooms, members }, peers }: Pick<PoolClientFace<string>, 'talk' | 'peers'>): void {
    const found = recipientsOf(this.#names, { self, rooms, members }, peers);
    if (found === undefined) return;
    this.#settled = true;
    this.#known.resolve(found);
  }
}

/** Undefined while somebody is not here, or has not said yet who they are. */
function recipientsOf(names: readonly string[], known: Known, peers: readonly PeerView[]): Recipients | undefined {
  const here = new Set(peers.map(({ id }) => id));
  const silent = peers.filter(({ id }) => !known.members.some(({ device }) => device === id));
  const everyone = peopleOf(known, peers).map(({ devices }) =>
    devices.filter(({ device }) => device !== known.self.device),
  );
  const people: (readonly DeviceId[])[] = [];
  for (const name of names) {
    const called = everyone.filter((devices) => devices.some((device) => isCalled(device, name)));
    const ids = (called[0] ?? []).map(({ device }) => device);
    if (called.length > 1) {
      const who = `${called.length} people who are known here, or were once, are called “${safeLine(name)}”`;
      return { kind: 'unclear', message: `${who}: nothing is offered.` };
    }
    if (!ids.some((id) => here.has(id)) || silent.some((peer) => isCalled(peer, name))) return undefined;
    people.push(ids);
  }
  return { kind: 'found', people };
}
