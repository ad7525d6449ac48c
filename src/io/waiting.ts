// Promises that wait for a word or for a time: the few shapes that commands and the host need.

export interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
}

/** A promise that its maker resolves. */
export function deferred<T>(): Deferred<T> {
  const settlers: ((value: T) => void)[] = [];
  const promise = new Promise<T>((resolve) => settlers.push(resolve));
  return { promise, resolve: (value) => settlers[0]?.(value) };
}

export interface Timer {
  readonly done: Promise<undefined>;
  cancel(): void;
}

/** Resolves after `ms`, unless cancelled: then never. */
export function timer(ms: number): Timer {
  const { promise, resolve } = deferred<undefined>();
  const handle = setTimeout(() => resolve(undefined), ms);
  return { done: promise, cancel: () => clearTimeout(handle) };
}

/** Waits for `promise`, at most `ms`. */
export async function within(ms: number, promise: Promise<unknown>): Promise<void> {
  const bound = timer(ms);
  await Promise.race([promise, bound.done]);
  bound.cancel();
}
