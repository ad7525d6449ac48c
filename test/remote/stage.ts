// What the tests of windows share: a client without a pool of its own is made of this, and waited for like this.
import type { FakePool } from '../cli/support.ts';

export const SETUP: ConstructorParameters<typeof FakePool>[0] = {
  server: '',
  name: 'me',
  relayOnly: false,
  data: '',
  into: undefined,
  shown: {},
  onRefused: () => undefined,
  onLeftOut: () => undefined,
  onAccountLost: () => undefined,
};

/** Asks again until there is something. The deadline is for machines that are busy. */
export async function until<T>(look: () => T | undefined | false | Promise<T | undefined | false>): Promise<T> {
  const deadlineMs = performance.now() + 30_000;
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    if (performance.now() > deadlineMs) throw new Error(`not within 30 s: ${look.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
