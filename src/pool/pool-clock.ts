// The pool's clock: the server's wall clock, as well as this device knows it. Asks the server for the time when that is
// due, and follows what it learns evenly: but for steps, and for its first second or so, it never goes back.
import { ClockSync } from '../clock/clock-sync.ts';
import type { ClientMessage, ServerMessage } from '../wire/signaling.ts';
import type { ClockReport } from './views.ts';

type Timed = Extract<ServerMessage, { readonly kind: 'timed' }>;

/** What is learnt is taken over at up to this rate: ten milliseconds a second, which no age and no stamp suffers from. */
const SLEW = 0.01;
/**
 * So many answers are taken over at once instead: the first ones come while a device is busy starting, and may be off by
 * tens of milliseconds; nothing has been stamped for long that would suffer.
 */
const FIRST_ANSWERS = 8;
/** More than this at once is no refinement: one of the clocks was stepped, and so is this one. */
const STEP_MS = 50;

export class PoolClock {
  readonly #sync = new ClockSync();
  #offsetMs: number;
  #atMs = 0;

  /** `wallOffsetMs`: this device's own wall clock, which has to do until the server has answered. */
  constructor(wallOffsetMs: number) {
    this.#offsetMs = wallOffsetMs;
  }

  /** The pool's clock minus this device's monotonic one, ms. */
  offsetMs(now: number): number {
    const sinceMs = Math.max(0, now - this.#atMs);
    this.#atMs = Math.max(this.#atMs, now);
    if (!this.#sync.synced) return this.#offsetMs;
    const wrongMs = this.#sync.theirs(now) - now - this.#offsetMs;
    const mostMs = Math.abs(wrongMs) > STEP_MS ? Infinity : sinceMs * SLEW;
    this.#offsetMs += Math.max(-mostMs, Math.min(mostMs, wrongMs));
    return this.#offsetMs;
  }

  /** When `question` should be asked for, as long as there is a server to ask. */
  get nextAskMs(): number {
    return this.#sync.nextAskMs;
  }

  /** There is a server, perhaps another than before, and time went by: asks a few times in quick succession. */
  opened(): void {
    this.#sync.quicken();
  }

  /** The question that is due now, if one is. */
  question(now: number): ClientMessage | undefined {
    if (now < this.#sync.nextAskMs) return undefined;
    this.#sync.asked(now);
    return { kind: 'time', t0Ms: now };
  }

  /** The server's answer, whoever asked. */
  answered(now: number, { t0Ms, t1Ms, t2Ms }: Timed): void {
    const verdict = this.#sync.add({ t0: t0Ms, t1: t1Ms, t2: t2Ms, t3: now });
    if (verdict === 'taken' && this.#sync.counts.taken <= FIRST_ANSWERS) this.#offsetMs = this.#sync.theirs(now) - now;
  }

  report(now: number): ClockReport | undefined {
    return clockReport(this.#sync, now);
  }
}

/** What `sync` knows at `now`, as plain data. */
export function clockReport(sync: ClockSync, now: number): ClockReport | undefined {
  if (!sync.synced) return undefined;
  const { skewPpm, rttMs = 0, counts } = sync;
  const uncertaintyMs = sync.uncertaintyAtMs(now);
  return { offsetMs: sync.theirs(now) - now, skewPpm, rttMs, uncertaintyMs, ...counts };
}
