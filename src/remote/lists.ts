// A list that two sides hold, one of which knows it: what changed crosses, not the list.

import type { MemberView, PeerView, RoomView } from '../pool/views.ts';

/** What names an item of each list. */
export const KEYS: {
  readonly peer: (peer: PeerView) => string;
  readonly room: (room: RoomView) => string;
  readonly member: (member: MemberView) => string;
} = { peer: ({ id }) => id, room: ({ id }) => id, member: ({ device }) => device };

/** Items that are new or not as they were; those that are known keep their place, new ones stand at the end. */
export interface ListChange<Item> {
  readonly put: readonly Item[];
  /** Keys of those that are no more. */
  readonly gone?: readonly string[];
  /** Keys in their order, where that does not follow from the above. */
  readonly order?: readonly string[];
}

/** The side that knows. Items are plain data without bytes. */
export class ListSender<Item> {
  readonly #key: (item: Item) => string;
  /** Each item as a text, to be compared. */
  #told: ReadonlyMap<string, string> = new Map();

  /** `key` names an item in the list. */
  constructor(key: (item: Item) => string) {
    this.#key = key;
  }

  /** What to tell of `list`, as it is now; undefined if it is as it was told. */
  change(list: readonly Item[]): ListChange<Item> | undefined {
    const now = new Map<string, string>();
    const put: Item[] = [];
    const fresh: string[] = [];
    for (const item of list) {
      const key = this.#key(item);
      const text = JSON.stringify(item);
      const told = this.#told.get(key);
      if (told !== text) put.push(item);
      if (told === undefined) fresh.push(key);
      now.set(key, text);
    }
    const known = [...this.#told.keys()];
    const gone = known.filter((key) => !now.has(key));
    const expected = [...known.filter((key) => now.has(key)), ...fresh];
    const order = [...now.keys()];
    const moved = order.some((key, place) => key !== expected[place]);
    this.#told = now;
    if (put.length === 0 && gone.length === 0 && !moved) return undefined;
    return { put, ...(gone.length === 0 ? {} : { gone }), ...(moved ? { order } : {}) };
  }
}

/** The side that is told. */
export class ListMirror<Item> {
  readonly #key: (item: Item) => string;
  #items = new Map<string, Item>();
  #list: readonly Item[] = [];

  constructor(key: (item: Item) => string) {
    this.#key = key;
  }

  get list(): readonly Item[] {
    return this.#list;
  }

  apply({ put, gone = [], order }: ListChange<Item>): void {
    for (const key of gone) this.#items.delete(key);
    for (const item of put) this.#items.set(this.#key(item), item);
    if (order !== undefined) {
      this.#items = new Map(
        order.flatMap((key): [string, Item][] => {
          const item = this.#items.get(key);
          return item === undefined ? [] : [[key, item]];
        }),
      );
    }
    this.#list = [...this.#items.values()];
  }
}
