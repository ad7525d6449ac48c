// What both ends of one SCTP direction know of the messages and parts (DATA chunks) between them, in one table: the
// simulation's short cut, so that a packet on the path is two numbers instead of bytes.

/** DATA chunk header: what a part weighs more than its payload, on the wire and in the congestion window. */
export const PART_HEADER_BYTES = 16;
/** A part that cannot be sent whole is not cut smaller than this. */
export const PART_BYTES_MIN = 10;

export interface Message {
  readonly bytes: Uint8Array;
  /** Of a reliable channel: its place in the order. */
  readonly order: number;
  /** Bytes put into parts so far. */
  sentBytes: number;
  /** Bytes that have not arrived yet. */
  missingBytes: number;
  abandoned: boolean;
}

/** What became of a part, as far as its sender knows. */
export const FREE = 0;
/** On the way, and counted as outstanding. */
export const SENT = 1;
/** Reported missing at least once; not counted as outstanding any more, as in dcSCTP. */
export const MISSED = 2;
export const ACKED = 3;
export const ABANDONED = 4;
/** Lost, and waiting to be sent again. */
export const DUE_AGAIN = 5;

const CAPACITY_MIN = 256;

/**
 * Parts by their number (TSN; the first is 1), from when they are sent until they are acknowledged cumulatively, in rings
 * that double when full. A number outside that range must not be asked for.
 */
export class Parts {
  /** The number of the next new part. */
  next = 1;
  /** All up to here are over. */
  released = 0;
  state: Uint8Array = new Uint8Array(CAPACITY_MIN);
  misses: Uint8Array = new Uint8Array(CAPACITY_MIN);
  /** 0, or the number of the next new part when this one was sent again. */
  resentBefore: Int32Array = new Int32Array(CAPACITY_MIN);
  payload: Uint16Array = new Uint16Array(CAPACITY_MIN);
  /** Where a run of acknowledged parts that begins here was last known to end. */
  runEnd: Int32Array = new Int32Array(CAPACITY_MIN);
  sentMs: Float64Array = new Float64Array(CAPACITY_MIN);
  message: (Message | undefined)[] = new Array<Message | undefined>(CAPACITY_MIN).fill(undefined);
  #mask = CAPACITY_MIN - 1;

  /** Where a part stands in the arrays. */
  slot(number: number): number {
    return number & this.#mask;
  }

  stateOf(number: number): number {
    return this.state[number & this.#mask] ?? FREE;
  }

  payloadOf(number: number): number {
    return this.payload[number & this.#mask] ?? 0;
  }

  /** Bytes of a part in the window and on the wire: chunks are padded to four. */
  weightOf(number: number): number {
    return partWeight(this.payloadOf(number));
  }

  messageOf(number: number): Message | undefined {
    return this.message[number & this.#mask];
  }

  /** A new part with the next `payload` bytes of a message. */
  add(message: Message, payload: number): number {
    if (this.next - this.released > this.#mask) this.#double();
    const number = this.next++;
    const slot = number & this.#mask;
    this.misses[slot] = 0;
    this.resentBefore[slot] = 0;
    this.payload[slot] = payload;
    this.runEnd[slot] = 0;
    this.message[slot] = message;
    message.sentBytes += payload;
    return number;
  }

  /** Ends the next part in line. */
  release(): void {
    const slot = ++this.released & this.#mask;
    this.state[slot] = FREE;
    this.message[slot] = undefined;
  }

  #double(): void {
    const mask = this.#mask * 2 + 1;
    const moved = <T extends Uint8Array | Uint16Array | Int32Array | Float64Array>(from: T, to: T): T => {
      for (let n = this.released + 1; n < this.next; n++) to[n & mask] = from[n & this.#mask] ?? 0;
      return to;
    };
    this.state = moved(this.state, new Uint8Array(mask + 1));
    this.misses = moved(this.misses, new Uint8Array(mask + 1));
    this.resentBefore = moved(this.resentBefore, new Int32Array(mask + 1));
    this.payload = moved(this.payload, new Uint16Array(mask + 1));
    this.runEnd = moved(this.runEnd, new Int32Array(mask + 1));
    this.sentMs = moved(this.sentMs, new Float64Array(mask + 1));
    const message = new Array<Message | undefined>(mask + 1).fill(undefined);
    for (let n = this.released + 1; n < this.next; n++) message[n & mask] = this.message[n & this.#mask];
    this.message = message;
    this.#mask = mask;
  }
}

/** Bytes of a part with so much payload. */
export function partWeight(payload: number): number {
  return (payload + PART_HEADER_BYTES + 3) & ~3;
}
