// The relay (bench/ends/relay.ts) from the side of a benchmark: opened in a process of its own, asked, and closed.
import type { RelayOpening, RelayReport, RelayUrls } from '../ends/relay.ts';
import { startEnd } from '../harness.ts';
import type { Address, Registrar } from './candidates.ts';
import type { Side } from './relay.ts';

/** One relay in a process of its own, for one contender. */
export interface OpenRelay {
  readonly urls: RelayUrls;
  registrar(side: Side): Registrar;
  report(): Promise<RelayReport>;
}

/** `uplinks`: what each side sends through. The relay is gone when `measured` is done. */
export async function withRelay<T>(
  uplinks: RelayOpening['uplinks'],
  seed: number,
  measured: (relay: OpenRelay) => Promise<T>,
): Promise<T> {
  const end = startEnd('relay');
  try {
    // Both ends of the way are ours: an answer is what bench/ends/relay.ts says.
    const urls = (await end.ask('open', { uplinks, seed } satisfies RelayOpening)) as RelayUrls;
    return await measured({
      urls,
      registrar: (side) => async (own) => (await end.ask('register', { side, own })) as Address | undefined,
      report: async () => (await end.ask('report')) as RelayReport,
    });
  } finally {
    await end.close();
  }
}
