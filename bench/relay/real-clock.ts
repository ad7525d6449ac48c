// Real time with the simulator's face, so that its path model can run between real sockets.
import { VirtualClock } from '../../src/sim/clock.ts';
import type { Clock } from '../../src/sim/network.ts';

/** How late an action runs on average when timers wake the clock: they come every millisecond, and a little later. */
export const TIMER_LATE_MS = 0.5;

/** Of lateness, in steps of LATE_STEP_MS; the last one holds everything above. */
const LATE_STEPS = 500;
const LATE_STEP_MS = 0.1;

export class RealClock implements Clock {
  readonly #due: VirtualClock = new VirtualClock(performance.now());
  readonly #spinMs: number;
  /** For which moment a turn of the event loop is asked for; Infinity if for none. */
  #armedMs = Infinity;
  #timer: NodeJS.Timeout | undefined;
  readonly #late = new Uint32Array(LATE_STEPS);

  /**
   * Waits of up to `spinMs` turn the event loop instead of arming a timer, which would come up to 2 ms too late. 0 for
   * paths of many milliseconds: at full rate something is always due soon, and the loop would take a whole processor.
   */
  constructor(spinMs: number) {
    this.#spinMs = spinMs;
  }

  get spins(): boolean {
    return this.#spinMs > 0;
  }

  /** Milliseconds since the process began. */
  get now(): number {
    return performance.now();
  }

  /** Actions run in the order of their moments, and of scheduling where these are equal. */
  at(atMs: number, action: () => void): void {
    this.#due.at(atMs, () => {
      const step = Math.min(LATE_STEPS - 1, Math.floor((performance.now() - atMs) / LATE_STEP_MS));
      this.#late[step] = (this.#late[step] ?? 0) + 1;
      action();
    });
    this.#arm();
  }

  /** How late actions ran, ms: no later than this in `ratio` of all. 0 before the first. */
  latePercentile(ratio: number): number {
    const total = this.#late.reduce((sum, count) => sum + count, 0);
    let seen = 0;
    const step = this.#late.findIndex((count) => (seen += count) >= total * ratio);
    return step * LATE_STEP_MS;
  }

  #arm(): void {
    const dueMs = this.#due.nextMs;
    if (dueMs === undefined || dueMs >= this.#armedMs) return;
    clearTimeout(this.#timer);
    this.#armedMs = dueMs;
    const waitMs = dueMs - performance.now();
    if (waitMs <= this.#spinMs) setImmediate(() => this.#turn());
    else this.#timer = setTimeout(() => this.#turn(), Math.max(1, Math.floor(waitMs)));
  }

  #turn(): void {
    this.#armedMs = Infinity;
    this.#due.run(performance.now());
    this.#arm();
  }
}
