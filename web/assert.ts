// Exhaustiveness: the last branch of every switch over a union.

/** Never reached while the types hold. Throws TypeError, naming the value nobody thought of. */
export function assertNever(value: never): never {
  throw new TypeError(`expected every kind to be handled, got ${JSON.stringify(value)}`);
}
