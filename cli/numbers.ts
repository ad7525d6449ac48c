// Short numbers by which people call things on a terminal: one row of them, in the order in which things were first told.

/** Numbers that are remembered: more than anybody looks back to. The oldest are forgotten. */
const NUMBERS_MAX = 10_000;

export class Numbers {
  readonly #numbers = new Map<string, number>();
  readonly #ids = new Map<string, string>();
  #last = 0;

  /** The number of what has this id; a new one if it has none. */
  numberOf(id: string): number {
    const known = this.#numbers.get(id);
    if (known !== undefined) return known;
    this.#last += 1;
    this.#numbers.set(id, this.#last);
    this.#ids.set(String(this.#last), id);
    const [oldest] = this.#numbers;
    if (oldest !== undefined && this.#numbers.size > NUMBERS_MAX) {
      this.#numbers.delete(oldest[0]);
      this.#ids.delete(String(oldest[1]));
    }
    return this.#last;
  }

  /** The id of what a person calls by this number; undefined if there is no such thing. */
  idOf(number: string): string | undefined {
    return this.#ids.get(number);
  }
}
