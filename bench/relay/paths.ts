// The wide-area paths that figures are quoted for, as the relay and the emulator it was compared with take them.

/** One direction of a path; both directions are alike. */
export interface WanPath {
  /** One way. */
  readonly delayMs: number;
  /** Adds 0 to this to each packet's delay, evenly spread, without reordering. */
  readonly jitterMs: number;
  /** Packets lost at random, 0 to 1. */
  readonly lossRatio: number;
  /** Of the bottleneck, IP and UDP headers included. */
  readonly rateMbit: number;
  /** The bottleneck's queue, as time at its rate: a packet that would wait longer is dropped. */
  readonly queueMs: number;
}

export const PATH_NAMES = ['lan', 'broadband', 'lossy', 'mobile', 'far', 'shallow'] as const;
export type PathName = (typeof PATH_NAMES)[number];

export const PATHS: Readonly<Record<PathName, WanPath>> = {
  lan: { delayMs: 0.5, jitterMs: 0, lossRatio: 0, rateMbit: 1000, queueMs: 50 },
  broadband: { delayMs: 25, jitterMs: 0, lossRatio: 0, rateMbit: 50, queueMs: 100 },
  lossy: { delayMs: 25, jitterMs: 0, lossRatio: 0.01, rateMbit: 50, queueMs: 100 },
  mobile: { delayMs: 40, jitterMs: 10, lossRatio: 0.005, rateMbit: 20, queueMs: 200 },
  far: { delayMs: 75, jitterMs: 0, lossRatio: 0.001, rateMbit: 100, queueMs: 100 },
  shallow: { delayMs: 25, jitterMs: 0, lossRatio: 0, rateMbit: 50, queueMs: 20 },
};

/** `name` as one of ours, or undefined. */
export function pathName(name: string): PathName | undefined {
  return PATH_NAMES.find((known) => known === name);
}
