// Every limit and time of clock synchronisation, with its unit and its reason.

export interface ClockOptions {
  /** Of the samples in one stretch this long only the one with the smallest round trip is kept. */
  readonly slotMs: number;
  /** Stretches remembered. With `slotMs` this is the window: long enough to see skew, short enough to follow a new route. */
  readonly slotsMax: number;
  /** What a stamp may be off by reading and rounding alone; browsers round to 0.1 ms. */
  readonly resolutionMs: number;
  /** A sample this much beyond what delay and drift explain hints at a stepped clock; smaller steps are averaged away. */
  readonly stepMs: number;
  /** Hints that must agree with one another before the past is forgotten. */
  readonly stepSamples: number;
  /** Round trips longer than this say too little to be worth keeping. */
  readonly rttMsMax: number;
  /** The other end may hold a question this long before it answers. */
  readonly holdMsMax: number;
  /** Rates of two clocks differ by at most this: quartz is within 100 ppm, and there are two of them, and some margin. */
  readonly skewPpmMax: number;
  /** How far rates usually differ: draws a skew seen over too short a time towards none. */
  readonly skewPpmUsual: number;
  /** Questions in quick succession: at the start, and when a step is in doubt. */
  readonly burstAsks: number;
  readonly burstMs: number;
  /** Between questions otherwise. */
  readonly askEveryMs: number;
}

export const CLOCK_DEFAULTS: ClockOptions = {
  slotMs: 10_000,
  slotsMax: 48,
  resolutionMs: 0.2,
  stepMs: 2,
  stepSamples: 4,
  rttMsMax: 10_000,
  holdMsMax: 10_000,
  skewPpmMax: 300,
  skewPpmUsual: 100,
  burstAsks: 8,
  burstMs: 150,
  askEveryMs: 4000,
};

/** Defaults with `given` over them. Throws a RangeError that names the option, what was expected and what came. */
export function clockOptions(given: Partial<ClockOptions> = {}): ClockOptions {
  const options = { ...CLOCK_DEFAULTS, ...given };
  for (const [name, value] of Object.entries(options)) {
    if (!Number.isFinite(value) || value <= 0) throw new RangeError(`${name}: expected above 0, got ${String(value)}`);
  }
  for (const name of ['slotsMax', 'stepSamples', 'burstAsks'] as const) {
    const value = options[name];
    if (!Number.isInteger(value) || value > 1000) {
      throw new RangeError(`${name}: expected an integer from 1 to 1000, got ${value}`);
    }
  }
  return options;
}
