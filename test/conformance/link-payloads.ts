// What links under test carry: bytes that follow from who sends them and their number, made anew at the receiving end,
// and a ledger that tells whether everything came exactly once. Knows no platform.
import { Random } from '../../src/sim/random.ts';

export type Side = 'initiator' | 'acceptor';

export const CHUNK_BYTES: number = 256 * 1024;
/** Sizes of mixed messages: up to one of these, bytes, evenly. */
const MESSAGE_BYTES_UP_TO = [10, 1000, 20_000, 200_000] as const;
/** Keeps the seeds of messages and of chunks of either side apart; more than any test sends. */
const SEEDS_APART = 100_000;

/** Kept, as jest looks a global up anew at each use, and slowly. */
const { imul } = Math;

/** The transfer that a side's requests name. */
export const transferOf = (side: Side): number => (side === 'initiator' ? 1 : 2);

/** The bytes of message `number` of a side, `length` of them or as many as its number says: 1 to 200,000. */
export function messageBytes(side: Side, number: number, length?: number): Uint8Array {
  const random = new Random(transferOf(side) * SEEDS_APART + number);
  if (length !== undefined) return random.bytes(length);
  // The shortest and the longest are always among them.
  if (number < 2) return random.bytes(number === 0 ? 1 : 200_000);
  return random.bytes(random.integer(1, random.pick(MESSAGE_BYTES_UP_TO)));
}

export function chunkBytes(transfer: number, chunk: number): Uint8Array {
  return new Random((2 + transfer) * SEEDS_APART + chunk).bytes(CHUNK_BYTES);
}

/** What is to arrive, by name and digest. Messages have no name: they come in any order. */
export class Ledger {
  readonly #awaited = new Map<string, number>();
  /** Announced and not here yet. */
  missing = 0;
  /** Came changed, twice, or out of nowhere. */
  strange = 0;

  expect(name: string, bytes: Uint8Array): void {
    const entry = entryOf(name, bytes);
    this.#awaited.set(entry, (this.#awaited.get(entry) ?? 0) + 1);
    this.missing += 1;
  }

  arrived(name: string, bytes: Uint8Array): void {
    const entry = entryOf(name, bytes);
    const awaited = this.#awaited.get(entry) ?? 0;
    if (awaited === 0) {
      this.strange += 1;
      return;
    }
    this.#awaited.set(entry, awaited - 1);
    this.missing -= 1;
  }
}

/**
 * Two FNV-1a-like hashes of 32 bits with different factors. Against accidents only; WebCrypto would be asynchronous, and
 * is not there in a page without an address.
 */
function entryOf(name: string, bytes: Uint8Array): string {
  let one = 0x811c9dc5;
  let two = 0x9e3779b9;
  for (const byte of bytes) {
    one = imul(one ^ byte, 0x01000193);
    two = imul(two ^ byte, 0x85ebca6b) ^ (two >>> 15);
  }
  return `${name} ${bytes.length} ${one >>> 0} ${two >>> 0}`;
}
