// One seed of the campaign as data: who is there, over which paths, and what happens when. A plan can be printed, run again
// and made simpler; running it is campaign-run.ts.
import type { ClockError } from '../../src/sim/clock.ts';
import type { PathOptions } from '../../src/sim/network.ts';
import { Random } from '../../src/sim/random.ts';
import type { SctpName } from '../../src/sim/sctp.ts';
import { without } from '../../src/sim/shrink.ts';

export interface MemberPlan {
  /** Was taken out of the plan; the others keep their numbers, and with them their dice. */
  readonly absent?: true;
  readonly joinMs: number;
  readonly clock?: ClockError;
  /** Its own line, which all its transports share. */
  readonly upMbit?: number;
  readonly downMbit?: number;
}

export interface PathPlan {
  readonly from: number;
  readonly to: number;
  readonly options: Partial<PathOptions>;
}

/** What happens `atMs` after everybody has met. Members by index; `pick`, 0 to 1, chooses among what there is then. */
export type ActionPlan = { readonly atMs: number } & (
  | { readonly kind: 'say'; readonly member: number; readonly units: number }
  | { readonly kind: 'offer'; readonly member: number; readonly files: readonly number[] }
  | { readonly kind: 'break'; readonly pick: number }
  | { readonly kind: 'silence'; readonly from: number; readonly to: number; readonly ms: number }
  | { readonly kind: 'jump-clock'; readonly member: number; readonly ms: number }
  | { readonly kind: 'restart-server'; readonly backMs: number }
  | { readonly kind: 'cancel'; readonly member: number; readonly pick: number }
  | { readonly kind: 'withdraw'; readonly pick: number }
  | { readonly kind: 'leave'; readonly member: number }
);

export interface Plan {
  readonly seed: number;
  /** People also cancel, withdraw and leave, so that not everything arrives; what is said of it must hold. */
  readonly churn: boolean;
  readonly sctp?: SctpName;
  /** Marks so low that they are reached all the time. */
  readonly tight: boolean;
  readonly chunkBytes: number;
  readonly hashAheadChunks: number;
  readonly members: readonly MemberPlan[];
  readonly paths: readonly PathPlan[];
  readonly actions: readonly ActionPlan[];
}

const CHAT_UNITS_MAX = 3000;

export function planOf(seed: number, churn: boolean): Plan {
  const random = new Random(seed);
  const count = random.integer(2, 6);
  const indices = Array.from({ length: count }, (_, i) => i);
  const skewed = random.chance(0.5);
  const lines = random.chance(0.2);
  const sctp = random.pick(['plain', 'plain', 'chromium', 'node'] as const);
  return {
    seed,
    churn,
    ...(sctp === 'plain' ? {} : { sctp }),
    tight: random.chance(0.5),
    chunkBytes: random.pick([16_384, 32_768]),
    hashAheadChunks: random.pick([2, 32]),
    members: indices.map(() => ({
      joinMs: round(random.between(0, 1000)),
      ...(skewed
        ? { clock: { offsetMs: round(random.between(0, 1e6)), skewPpm: round(random.between(-200, 200)) } }
        : {}),
      ...(lines ? { upMbit: random.pick([2, 10, 50]), downMbit: random.pick([10, 50]) } : {}),
    })),
    paths: indices.flatMap((from) =>
      indices.filter((to) => to !== from).map((to) => ({ from, to, options: hostile(random) })),
    ),
    actions: actionsOf(random, indices, churn).sort((a, b) => a.atMs - b.atMs),
  };
}

function actionsOf(random: Random, indices: readonly number[], churn: boolean): ActionPlan[] {
  const actions: ActionPlan[] = [];
  const at = (low: number, high: number): number => round(random.between(low, high));
  const times = (count: number, action: () => ActionPlan): void => {
    for (let i = 0; i < count; i++) actions.push(action());
  };
  for (const member of indices) {
    times(random.integer(0, 8), () => {
      return { atMs: at(0, 6000), kind: 'say', member, units: random.below(CHAT_UNITS_MAX) };
    });
  }
  times(random.integer(1, 3), () => ({
    atMs: at(0, 4000),
    kind: 'offer',
    member: random.pick(indices),
    files: Array.from({ length: random.integer(1, 3) }, () =>
      random.pick([0, 1, 5000, 16_384, 16_385, 60_000, 120_000]),
    ),
  }));
  times(random.integer(0, 3), () => ({ atMs: at(500, 6000), kind: 'break', pick: random.unit() }));
  times(random.integer(0, 2), () => {
    const from = random.pick(indices);
    const to = random.pick(indices.filter((other) => other !== from));
    return { atMs: at(0, 6000), kind: 'silence', from, to, ms: at(50, random.chance(0.2) ? 9000 : 2500) };
  });
  if (random.chance(0.2)) {
    times(1, () => ({ atMs: at(0, 6000), kind: 'jump-clock', member: random.pick(indices), ms: at(100, 20_000) }));
  }
  if (!churn) {
    if (random.chance(0.25)) times(1, () => ({ atMs: at(500, 5000), kind: 'restart-server', backMs: 2000 }));
    return actions;
  }
  times(random.integer(1, 4), () => ({
    atMs: at(500, 6000),
    kind: 'cancel',
    member: random.pick(indices),
    pick: random.unit(),
  }));
  if (random.chance(0.5)) times(1, () => ({ atMs: at(500, 6000), kind: 'withdraw', pick: random.unit() }));
  if (indices.length > 2 && random.chance(0.4)) {
    times(1, () => ({ atMs: at(500, 6000), kind: 'leave', member: random.pick(indices) }));
  }
  return actions;
}

function hostile(random: Random): Partial<PathOptions> {
  const blackouts: { fromMs: number; toMs: number }[] = [];
  for (let i = random.integer(0, 2); i > 0; i--) {
    const fromMs = round(random.between(500, 10_000));
    // One in five outlasts idleMs, so that the link is given up and built anew.
    blackouts.push({ fromMs, toMs: round(fromMs + (random.chance(0.2) ? 8000 : random.between(50, 2500))) });
  }
  const rateMbit = random.pick([2, 10, 50, Infinity]);
  return {
    delayMs: round(random.between(1, 100)),
    jitterMs: round(random.between(0, 30)),
    lossRatio: round(random.between(0, 0.2)),
    ...(random.chance(0.2) ? { burstLoss: { enterRatio: 0.005, leaveRatio: 0.2, lossRatio: 0.9 } } : {}),
    reorderRatio: round(random.between(0, 0.2)),
    reorderMs: round(random.between(1, 100)),
    duplicateRatio: round(random.between(0, 0.1)),
    // Infinity would not survive being printed.
    ...(rateMbit === Infinity ? {} : { rateMbit }),
    queueBytes: random.pick([30_000, 100_000, 250_000]),
    blackouts,
  };
}

/** To three digits, so that a plan can be read. */
function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}

/** Plans with less in them: fewer members, then fewer actions, then calmer surroundings, then smaller payloads. */
export function* simpler(plan: Plan): Generator<Plan> {
  const present = plan.members.flatMap(({ absent }, i) => (absent === true ? [] : [i]));
  if (present.length > 2) for (const gone of present.toReversed()) yield withoutMember(plan, gone);
  for (const actions of without(plan.actions)) yield { ...plan, actions };
  yield* calmer(plan);
  for (const [i, action] of plan.actions.entries()) {
    for (const less of smaller(action)) yield { ...plan, actions: plan.actions.with(i, less) };
  }
}

function withoutMember(plan: Plan, gone: number): Plan {
  return {
    ...plan,
    members: plan.members.with(gone, { joinMs: 0, absent: true }),
    paths: plan.paths.filter(({ from, to }) => from !== gone && to !== gone),
    actions: plan.actions.filter(
      (action) =>
        !('member' in action && action.member === gone) &&
        !(action.kind === 'silence' && (action.from === gone || action.to === gone)),
    ),
  };
}

/** Options of a path that disturb what passes; without one, it does not. */
const DISTURBANCES = [
  'lossRatio',
  'burstLoss',
  'blackouts',
  'reorderRatio',
  'duplicateRatio',
  'jitterMs',
  'rateMbit',
] as const;

function* calmer(plan: Plan): Generator<Plan> {
  if (plan.sctp !== undefined) yield omit(plan, 'sctp');
  if (plan.tight) yield { ...plan, tight: false };
  for (const name of ['clock', 'upMbit', 'downMbit'] as const) {
    if (!plan.members.some((member) => name in member)) continue;
    yield { ...plan, members: plan.members.map((member) => omit(member, name)) };
  }
  if (plan.paths.length > 0) yield { ...plan, paths: [] };
  for (const name of DISTURBANCES) {
    const isThere = ({ options }: PathPlan): boolean => name in options;
    if (!plan.paths.some(isThere)) continue;
    yield { ...plan, paths: plan.paths.map((path) => calmed(path, name)) };
    for (const [i, path] of plan.paths.entries()) {
      if (isThere(path)) yield { ...plan, paths: plan.paths.with(i, calmed(path, name)) };
    }
  }
  for (const paths of without(plan.paths)) yield { ...plan, paths };
}

function calmed(path: PathPlan, name: (typeof DISTURBANCES)[number]): PathPlan {
  return { ...path, options: omit(path.options, name) };
}

function omit<T extends object>(whole: T, name: keyof T): T {
  const rest = { ...whole };
  delete rest[name];
  return rest;
}

function* smaller(action: ActionPlan): Generator<ActionPlan> {
  if (action.kind === 'say' && action.units > 0) {
    for (const units of [0, Math.floor(action.units / 2)]) yield { ...action, units };
  }
  if (action.kind !== 'offer') return;
  if (action.files.length > 1)
    for (const files of without(action.files)) if (files.length > 0) yield { ...action, files };
  for (const [i, bytes] of action.files.entries()) {
    for (const less of [0, 1, Math.floor(bytes / 2)]) {
      if (less < bytes) yield { ...action, files: action.files.with(i, less) };
    }
  }
}
