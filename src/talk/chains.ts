// The logs that are here: what is held of each, and from where on it is to be whole.
import type { AccountId, ChainId, DeviceId } from '../wire/entry.ts';
import { firstOf, lastOf, type Ranges } from './ranges.ts';
import type { ChainRecord } from './records.ts';

/** `author/chain` */
export type ChainKey = string;
export const chainKey = (author: DeviceId, chain: ChainId): ChainKey => `${author}/${chain}`;

export interface Reader {
  readonly device: DeviceId;
  readonly account: AccountId;
}

export interface Chain extends ChainRecord {
  readonly key: ChainKey;
  readonly ranges: Ranges;
  /** What comes before is older: fetched only when somebody asks for more. */
  floor: number;
  /** The last entry that its author pushed here, and when: whoever then asks this device for it is not reached by the author. */
  pushed: { readonly seq: number; readonly atMs: number } | undefined;
}

export class Chains {
  readonly #chains = new Map<ChainKey, Chain>();

  /** As they were found on disk: what is kept is to be whole from its first entry on. */
  opened(records: readonly ChainRecord[]): void {
    for (const record of records) this.#put(record, firstOf(record.ranges));
  }

  /** New, or grown. A chain that is new is to be whole for its last `historyFirst` entries. */
  changed(records: readonly ChainRecord[], historyFirst: number): ChainKey[] {
    return records.map((record) => {
      const first = Math.max(1, lastOf(record.ranges) - historyFirst + 1);
      return this.#put(record, Math.min(firstOf(record.ranges), first));
    });
  }

  #put(record: ChainRecord, floor: number): ChainKey {
    const key = chainKey(record.author, record.chain);
    const before = this.#chains.get(key);
    const least = before === undefined ? floor : Math.min(before.floor, firstOf(record.ranges));
    this.#chains.set(key, { ...record, key, floor: least, pushed: before?.pushed });
    return key;
  }

  get(key: ChainKey): Chain | undefined {
    return this.#chains.get(key);
  }

  values(): IterableIterator<Chain> {
    return this.#chains.values();
  }
}

/** Whether somebody's device may have a chain; who is in a whisper may stand there by the device they had alone then. */
export const mayHave = ({ audience }: Pick<ChainRecord, 'audience'>, whose: Reader): boolean =>
  audience === 'pool' || audience.includes(whose.account) || audience.includes(whose.device);
