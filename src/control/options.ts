// Every limit and pace of control streams, with its unit and its reason.

export interface ControlOptions {
  /** Clones of earlier frames in one datagram. Five are what 5% loss in bursts of three packets takes. */
  readonly clonesMax: number;
  /** Clones are added until the share of frames that is lost with all its clones is expected to be below this. */
  readonly residualRatio: number;
  /** Kept free of the deadline when clones are spaced: timers, jitter and queues, ms. */
  readonly marginMs: number;
  /** Bytes of one payload: what a link takes as one control frame, which with its header fits one SCTP packet. */
  readonly payloadBytesMax: number;
  /** A last frame that nothing follows is told again as a new one after this time, then after twice that, and so on, ms. */
  readonly refreshMs: number;
  /** How often. What the end of a movement was is then known even after an outage of refreshMs x 2^refreshes; then silence. */
  readonly refreshes: number;
  /** Adds the poll as a u32 to every payload, so that a trace shows it and the receiver checks its unwrapping. */
  readonly wideStamp: boolean;
}

export const CONTROL_DEFAULTS: ControlOptions = {
  clonesMax: 5,
  residualRatio: 0.00002,
  marginMs: 8,
  payloadBytesMax: 1024,
  refreshMs: 250,
  refreshes: 5,
  wideStamp: false,
};

/** Polls a second. Past 1,000 a one-byte stamp would wrap within a slow path's round trip. */
export const HZ_MAX = 1000;
/** A frame's deadline in polls: less than one turn of the stamp, so that what may still be sent is never misread. */
export const DEADLINE_POLLS_MAX = 240;
/** Bytes of one frame on the way up: six of them, the newest and five clones, fit one payload. */
export const UP_FRAME_BYTES_MAX = 160;
/** Bytes of one frame on the way down, which batches several peers' inputs: it fills a payload, and a long one goes alone. */
export const DOWN_FRAME_BYTES_MAX = 1000;
/** Stream numbers are one byte. */
export const STREAM_MAX = 255;

/** What a stream is, at both ends of it. */
export interface StreamShape {
  /** 0 to 255; streams of one number speak to each other. */
  readonly stream: number;
  /** Polls a second, an integer from 1 to HZ_MAX. */
  readonly hz: number;
  /** A frame older than this is worth nothing; above 0, and at most DEADLINE_POLLS_MAX polls, ms. */
  readonly deadlineMs: number;
}

/** Defaults with `given` over them. Throws a RangeError that names the option, what was expected and what came. */
export function controlOptions(given: Partial<ControlOptions> = {}): ControlOptions {
  const options = { ...CONTROL_DEFAULTS, ...given };
  check('clonesMax', options.clonesMax, 0, ENTRIES_MAX - 1, true);
  check('residualRatio', options.residualRatio, 1e-9, 1, false);
  check('marginMs', options.marginMs, 0, 1000, false);
  check('payloadBytesMax', options.payloadBytesMax, PAYLOAD_BYTES_MIN, 1024, true);
  check('refreshMs', options.refreshMs, 1, 60_000, false);
  check('refreshes', options.refreshes, 0, 32, true);
  return options;
}

/** Room for the longest frame and what stands before it. */
const PAYLOAD_BYTES_MIN: number = DOWN_FRAME_BYTES_MAX + 16;
/** Frames in one payload, the newest included; also the bound of what is decoded. */
export const ENTRIES_MAX = 16;

/** Throws a RangeError that names the field, what was expected and what came. */
export function checkShape({ stream, hz, deadlineMs }: StreamShape): void {
  check('stream', stream, 0, STREAM_MAX, true);
  check('hz', hz, 1, HZ_MAX, true);
  check('deadlineMs', deadlineMs, Number.MIN_VALUE, (DEADLINE_POLLS_MAX * 1000) / hz, false);
}

function check(name: string, value: number, low: number, high: number, whole: boolean): void {
  if (value >= low && value <= high && (!whole || Number.isInteger(value))) return;
  throw new RangeError(`${name}: expected ${whole ? 'an integer' : 'a number'} from ${low} to ${high}, got ${value}`);
}
