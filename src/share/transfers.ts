// The transfers of this device that receive or have received, in order.
import type { Incoming } from './incoming.ts';

export class Transfers {
  /** Not ended, in the order they are to be received. Replaced when it changes: whoever goes through it sees one state. */
  #running: readonly Incoming[] = [];
  /** What is verified is served on; what is not may be tried again. */
  #ended: readonly Incoming[] = [];

  get running(): readonly Incoming[] {
    return this.#running;
  }

  get all(): readonly Incoming[] {
    return [...this.#running, ...this.#ended];
  }

  get verified(): readonly Incoming[] {
    return this.#ended.filter(({ end }) => end === 'verified');
  }

  /** One that has not ended. */
  find(id: string): Incoming | undefined {
    return this.#running.find((transfer) => transfer.id === id);
  }

  /** One that has not ended, by the device that offers its file and that device's number for it. */
  offeredBy(peer: string, number: number): Incoming | undefined {
    return this.#running.find(({ offer, file }) => offer.peer === peer && file.transfer === number);
  }

  /** One that ended otherwise than verified. */
  failed(id: string): Incoming | undefined {
    return this.#ended.find((transfer) => transfer.id === id && transfer.end !== 'verified');
  }

  add(transfer: Incoming): void {
    this.#running = [...this.#running, transfer];
  }

  remove(transfer: Incoming): void {
    this.#running = this.#running.filter((each) => each !== transfer);
    this.#ended = this.#ended.filter((each) => each !== transfer);
  }

  /** It has ended. */
  retire(transfer: Incoming): void {
    this.remove(transfer);
    this.#ended = [...this.#ended, transfer];
  }

  /** Puts one that has not ended at a place; 0 is first. */
  move(id: string, place: number): void {
    const transfer = this.find(id);
    if (transfer === undefined) return;
    const others = this.#running.filter((each) => each !== transfer);
    this.#running = others.toSpliced(Math.max(0, place), 0, transfer);
  }
}
