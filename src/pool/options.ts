// Every limit and timeout of membership, with its unit and its reason.

export interface PoolOptions {
  /** A transport must open within this time, or another is tried. ICE over bad wireless takes a few seconds. */
  readonly transportMs: number;
  /** What binding says unanswered goes again after this, then later and later: a loss should not cost a whole new transport. */
  readonly bindResendMs: number;
  /** Wait before the next try; doubles up to the maximum. */
  readonly retryMsMin: number;
  readonly retryMsMax: number;
  /** After the server lost a peer: how long it has to show that its link lives. A closed tab is gone in two seconds. */
  readonly proofMs: number;
  /** After a rejoin: how long the others have to rejoin too before they count as gone. */
  readonly rejoinMs: number;
  /** Members and links at most; the server's own limit is lower. */
  readonly peersMax: number;
  /** Further lanes of all links together, those that peers open included in the count: each is a PeerConnection. */
  readonly lanesMax: number;
  /** Messages that wait for one peer beside what its link holds; past it the link is given up. */
  readonly backlogMax: number;
}

export const POOL_DEFAULTS: PoolOptions = {
  transportMs: 12_000,
  bindResendMs: 200,
  retryMsMin: 300,
  retryMsMax: 15_000,
  proofMs: 1500,
  rejoinMs: 20_000,
  peersMax: 256,
  lanesMax: 48,
  backlogMax: 4096,
};

/** Defaults with `given` over them. Throws a RangeError that names the option, what was expected and what came. */
export function poolOptions(given: Partial<PoolOptions> = {}): PoolOptions {
  const options = { ...POOL_DEFAULTS, ...given };
  for (const [name, value] of Object.entries(options)) {
    if (!Number.isFinite(value) || value <= 0) throw new RangeError(`${name}: expected above 0, got ${String(value)}`);
  }
  return options;
}
