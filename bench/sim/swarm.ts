// One member offers a file, N receive it, all with the same uplink: how long it takes over what the seeder's uplink alone
// needs for one copy (F/u), and how much of that the seeder sent. Whole pools over the simulator's SCTP.
import { Random } from '../../src/sim/random.ts';
import type { SctpName } from '../../src/sim/sctp.ts';
import { World, type Member } from '../../src/sim/world.ts';
import { HubRendezvous, sha256 } from '../../test/sim/hub-rendezvous.ts';

const MEET_MS_MAX = 60_000;
/** Many times the bound: an error then, and not a wait without end. */
const LIMIT_OVER_BOUND = 40;
const ANSWER_MS_MAX = 200;

export interface SwarmSetup {
  readonly seed: number;
  readonly receivers: number;
  readonly chunks: number;
  readonly chunkBytes: number;
  readonly upMbit: number;
  readonly sctp: SctpName | undefined;
  /** Share of the receivers that leave at a moment between a fifth and four fifths of the bound. */
  readonly leaving: number;
}

export interface SwarmResult {
  /** Until the last of those who stay has it, over F/u. */
  readonly timeOverBound: number;
  /** Chunk bytes that left the seeder, over the file's. */
  readonly seederOverFile: number;
  /** Simulated time it took, ms. */
  readonly ms: number;
}

export function swarm(setup: SwarmSetup): SwarmResult {
  const { seed, receivers, chunks, chunkBytes, upMbit, sctp } = setup;
  const line = { delayMs: 5, rateMbit: upMbit, queueMs: 60 };
  const world = new World({
    seed,
    members: receivers + 1,
    path: () => ({ delayMs: 5 }),
    // Down is wide, as on most lines: what is measured is who sends what.
    access: () => ({ up: line, down: { ...line, rateMbit: upMbit * 10 } }),
    sctp,
    rendezvous: () => new HubRendezvous(),
    sha256,
    share: { chunkBytes },
  });
  const [seeder, ...others] = world.members;
  if (seeder === undefined) throw new Error('a swarm has a seeder');
  for (const member of world.members) world.join(member);
  const met = (): boolean =>
    world.members.every(({ pool }) => pool.peers.filter(({ path }) => path === 'direct').length === receivers);
  if (!world.runUntil(met, MEET_MS_MAX)) throw new Error('the members did not meet');
  world.run(2000);
  const random = new Random(seed);
  for (const member of others) acceptAll(world, member, random);
  const bytes = chunks * chunkBytes;
  const boundMs = (bytes * 8) / 1000 / upMbit;
  const fromMs = world.clock.now;
  seeder.offer([{ name: 'file', bytes: random.bytes(bytes) }]);
  const left = new Set<Member>();
  for (const member of others.slice(0, Math.round(setup.leaving * receivers))) {
    world.clock.after(boundMs * random.between(0.2, 0.8), () => {
      left.add(member);
      member.act((pool, nowMs) => pool.leave(nowMs, 'left'));
    });
  }
  const done = (): boolean => others.every((member) => left.has(member) || member.store.finished.size === 1);
  if (!world.runUntil(done, LIMIT_OVER_BOUND * boundMs)) throw new Error('the file did not arrive everywhere');
  const ms = world.clock.now - fromMs;
  return { timeOverBound: ms / boundMs, seederOverFile: seeder.store.readBytes / bytes, ms };
}

function acceptAll(world: World, member: Member, random: Random): void {
  member.onEvent = (event) => {
    if (event.kind !== 'offer' || event.offer.own || event.offer.state !== 'open') return;
    const { id } = event.offer;
    const answer = (): void => member.act((pool, nowMs) => pool.share.accept(nowMs, id));
    world.clock.after(random.between(1, ANSWER_MS_MAX), answer);
  };
}
