// Who is in the pools of a node, wherever their sockets are: the numbers by which the node's hub knows them, and their seats.
import type { SeatName } from './messages.ts';

/** A socket of some node's in a pool of this one's. */
export interface Guest {
  readonly number: number;
  readonly edge: string;
  readonly seat: SeatName;
  /** Who joined through it last. */
  device: string;
}

export class Guests {
  readonly #byNumber = new Map<number, Guest>();
  /** By edge and socket. */
  readonly #bySeat = new Map<string, Guest>();
  #lastNumber = 0;

  get(number: number): Guest | undefined {
    return this.#byNumber.get(number);
  }

  /** By its socket, of any attachment. */
  at(edge: string, seat: SeatName): Guest | undefined {
    return this.#bySeat.get(key(edge, seat));
  }

  /** All of one edge's. */
  of(edge: string): Guest[] {
    return [...this.#byNumber.values()].filter((guest) => guest.edge === edge);
  }

  /** Where nobody is. */
  add(edge: string, seat: SeatName, device: string): Guest {
    const guest = { number: ++this.#lastNumber, edge, seat, device };
    this.#byNumber.set(guest.number, guest);
    this.#bySeat.set(key(edge, seat), guest);
    return guest;
  }

  delete({ number, edge, seat }: Guest): void {
    this.#byNumber.delete(number);
    this.#bySeat.delete(key(edge, seat));
  }
}

function key(edge: string, [socket]: SeatName): string {
  return `${edge}/${socket}`;
}
