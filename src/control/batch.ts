// Several peers' inputs in one update: what a host keeps of each until the next one goes down. Newest wins; who had to be
// left out goes first the next time. The bytes of an input are whatever came up.
//
//   update: [count u8] then count x [peer 16 bytes][ageMs u16][bytes16]
import { Cursor, template, type Template } from '../wire/template.ts';
import { DOWN_FRAME_BYTES_MAX } from './options.ts';

export interface BatchedInput {
  /** 32 hex digits. */
  readonly peer: string;
  /** How old the input was when the update was made, ms, 0 to 65,535. */
  readonly ageMs: number;
  /** When read: a view into the update. */
  readonly bytes: Uint8Array;
}

/** Peers whose inputs wait at once: more than a pool has. */
export const BATCH_PEERS_MAX = 256;
/** Entries of one update: its count is one byte. */
const ENTRIES_MAX = 255;
const PEER_BYTES = 16;
const AGE_MS_MAX = 65_535;

const INPUT = { ageMs: 'u16', bytes: 'bytes16' } as const;
const input: Template<typeof INPUT> = template(INPUT);
const ENTRY_HEAD_BYTES: number = PEER_BYTES + input.fixedBytes;

interface Waiting {
  readonly bytes: Uint8Array;
  readonly sampledMs: number;
}

export class InputBatch {
  /** In the order in which peers began to wait. */
  readonly #waiting = new Map<string, Waiting>();
  /** Inputs that a newer one of the same peer replaced before they went down. */
  replaced = 0;
  /** Inputs that no update could ever hold, or of a peer beyond the most there may be. */
  refused = 0;

  /** Keeps the newest input of `peer` (32 hex digits); `ageMs`: how old it is at `now`. Takes the bytes over. */
  put(now: number, peer: string, bytes: Uint8Array, ageMs: number): void {
    const held = this.#waiting.get(peer);
    const fits = 1 + ENTRY_HEAD_BYTES + bytes.length <= DOWN_FRAME_BYTES_MAX;
    if (!/^[0-9a-f]{32}$/.test(peer) || !fits || (held === undefined && this.#waiting.size >= BATCH_PEERS_MAX)) {
      this.refused++;
      return;
    }
    const sampledMs = now - ageMs;
    // A clone may bring an older input after a newer one.
    if (held !== undefined && held.sampledMs >= sampledMs) {
      this.replaced++;
      return;
    }
    if (held !== undefined) this.replaced++;
    // A peer that waits keeps its place.
    this.#waiting.set(peer, { bytes, sampledMs });
  }

  forget(peer: string): void {
    this.#waiting.delete(peer);
  }

  /** The next update, of at most `bytesMax`; undefined if nothing waits. What does not fit waits for the one after. */
  take(now: number, bytesMax: number = DOWN_FRAME_BYTES_MAX): Uint8Array | undefined {
    const taken: [string, Waiting][] = [];
    let bytes = 1;
    for (const entry of this.#waiting) {
      const more = ENTRY_HEAD_BYTES + entry[1].bytes.length;
      if (bytes + more > bytesMax || taken.length === ENTRIES_MAX) continue;
      bytes += more;
      taken.push(entry);
    }
    if (taken.length === 0) return undefined;
    const to = new Cursor(new Uint8Array(bytes));
    to.bytes[to.at++] = taken.length;
    for (const [peer, waiting] of taken) {
      this.#waiting.delete(peer);
      for (let i = 0; i < PEER_BYTES; i++) to.bytes[to.at++] = Number.parseInt(peer.slice(2 * i, 2 * i + 2), 16);
      const ageMs = Math.min(AGE_MS_MAX, Math.max(0, Math.round(now - waiting.sampledMs)));
      input.write(to, { ageMs, bytes: waiting.bytes });
    }
    return to.bytes;
  }
}

/** What `take` wrote; undefined if it is, from the first byte to the last, not that, or names a peer twice. */
export function readBatch(bytes: Uint8Array): BatchedInput[] | undefined {
  const count = bytes[0];
  if (count === undefined || count === 0) return undefined;
  const from = new Cursor(bytes);
  from.at = 1;
  const inputs: BatchedInput[] = [];
  const peers = new Set<string>();
  for (let i = 0; i < count; i++) {
    if (from.left < PEER_BYTES) return undefined;
    const id = bytes.subarray(from.at, from.at + PEER_BYTES);
    from.at += PEER_BYTES;
    const read = input.read(from);
    const peer = Array.from(id, (byte) => byte.toString(16).padStart(2, '0')).join('');
    if (read === undefined || peers.has(peer)) return undefined;
    peers.add(peer);
    inputs.push({ peer, ...read });
  }
  return from.left > 0 ? undefined : inputs;
}
