// How much faster than life a simulated pool runs: two whole pools with stores, the real hub machine between them, one file.
import { Random } from '../../src/sim/random.ts';
import type { SctpName } from '../../src/sim/sctp.ts';
import { World } from '../../src/sim/world.ts';
import { HubRendezvous, sha256 } from '../../test/sim/hub-rendezvous.ts';

const PATH = { delayMs: 25, rateMbit: 10, queueMs: 100 };
const MEET_MS_MAX = 30_000;
/** A tenth of the path's rate at least: an error otherwise, and not a wait without end. */
const SHARE_MIN = 0.1;

export interface PaceSetup {
  readonly seed: number;
  readonly sctp: SctpName | undefined;
  readonly bytes: number;
}

/** Simulated over wall time from the offer until the receiver's store has the whole verified file. */
export function timeRatio({ seed, sctp, bytes }: PaceSetup): number {
  const world = new World({
    seed,
    members: 2,
    path: () => PATH,
    sctp,
    rendezvous: () => new HubRendezvous(),
    sha256,
  });
  const [sender, receiver] = world.members;
  if (sender === undefined || receiver === undefined) throw new Error('a world of two has two members');
  for (const member of world.members) world.join(member);
  const met = (): boolean => world.members.every(({ pool }) => pool.peers.some(({ path }) => path === 'direct'));
  if (!world.runUntil(met, MEET_MS_MAX)) throw new Error('the two members did not meet');
  receiver.onEvent = (event) => {
    if (event.kind !== 'offer' || event.offer.own || event.offer.state !== 'open') return;
    const { id } = event.offer;
    world.clock.after(1, () => receiver.act((pool, nowMs) => pool.share.accept(nowMs, id)));
  };
  const file = new Random(seed).bytes(bytes);
  const fromMs = world.clock.now;
  const wallMs = performance.now();
  sender.offer([{ name: 'file', bytes: file }]);
  const limitMs = (bytes * 8) / 1000 / PATH.rateMbit / SHARE_MIN;
  if (!world.runUntil(() => receiver.store.finished.size === 1, limitMs)) throw new Error('the file did not arrive');
  return (world.clock.now - fromMs) / (performance.now() - wallMs);
}
