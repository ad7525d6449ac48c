// How old control frames are when they surface, measured with the ends' own clock: they run on one machine. One end sends
// the moment 100 times a second, the other looks at its clock.
import type { PoolClientFace } from '../../../src/client.ts';
import { templateSchema } from '../../../src/wire/registry.ts';

/** As often as a person's hand is worth sampling. */
const HZ = 100;
/** The longest that a stream of this rate may have: a late frame is then counted as late, and not as lost. */
export const CONTROL_DEADLINE_MS = 2400;
const STREAM = 1;

/** The moment is in microseconds since 1970, modulo 2^48. */
const MOMENT = templateSchema(256, 'moment', { number: 'u32', sampledUs: 'u48' });
const WRAP_US: number = 2 ** 48;

/** What surfaced since it was asked for the last time. */
export interface ControlAges {
  /** From sampling to surfacing, in the order of surfacing. */
  readonly agesMs: readonly number[];
  /** Frames before the newest of these that never surfaced. */
  readonly missing: number;
}

/** Opens the sending end's stream: a frame every 10 ms for ever. */
export function sendMoments(client: Pick<PoolClientFace<unknown>, 'control'>): void {
  let number = 0;
  client.control({
    stream: STREAM,
    up: MOMENT,
    hz: HZ,
    deadlineMs: CONTROL_DEADLINE_MS,
    source: () => ({ number: (number += 1), sampledUs: nowUs() % WRAP_US }),
  });
}

/** Opens the other end's stream and keeps the ages of what surfaces. */
export class MomentListener {
  readonly #ages = new Map<number, number>();
  /** The newest frame that `take` has told of. */
  #told = 0;

  constructor(client: Pick<PoolClientFace<unknown>, 'control'>) {
    client.control({
      stream: STREAM,
      up: MOMENT,
      hz: HZ,
      deadlineMs: CONTROL_DEADLINE_MS,
      onFrame: (_peer, { number, sampledUs }) => {
        if (number > this.#told)
          this.#ages.set(number, ((((nowUs() - sampledUs) % WRAP_US) + WRAP_US) % WRAP_US) / 1000);
      },
    });
  }

  take(): ControlAges {
    const agesMs = [...this.#ages.values()];
    const numbers = [...this.#ages.keys()];
    this.#ages.clear();
    const first = this.#told === 0 ? Math.min(...numbers) : this.#told + 1;
    if (numbers.length === 0) return { agesMs, missing: 0 };
    this.#told = Math.max(...numbers);
    return { agesMs, missing: this.#told - first + 1 - numbers.length };
  }
}

function nowUs(): number {
  return Math.round((performance.timeOrigin + performance.now()) * 1000);
}
