// Wakes up once in every poll of a control stream. It owns the timer; what a poll does, and which poll it is, is the
// caller's to know. A wake-up that comes late is one wake-up: what was missed is not made up for.

export interface ControlLoopSetup {
  /** Polls a second. */
  readonly hz: number;
  /** The clock that polls are counted on, ms. It may be corrected at any time. */
  readonly timeMs: () => number;
  readonly onPoll: () => void;
}

/**
 * Browsers make a timer that a timer armed wait for 4 ms at least (HTML, 8.6). Streams that poll faster than this arm theirs
 * from a message instead.
 */
const CLAMPED_MS = 5;
/** A clock that jumps, or one that stands still, must not keep the loop asleep for longer. */
const SLEEP_MS_MAX = 1000;

export class ControlLoop {
  readonly #setup: ControlLoopSetup;
  readonly #periodMs: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #hop: MessageChannel | undefined;
  #running = true;

  /** Starts at once; the first poll is at the next boundary. */
  constructor(setup: ControlLoopSetup) {
    this.#setup = setup;
    this.#periodMs = 1000 / setup.hz;
    if (this.#periodMs < CLAMPED_MS && typeof document !== 'undefined') {
      this.#hop = new MessageChannel();
      this.#hop.port1.addEventListener('message', () => this.#sleep());
      this.#hop.port1.start();
    }
    this.#sleep();
  }

  stop(): void {
    this.#running = false;
    clearTimeout(this.#timer);
    this.#hop?.port1.close();
    this.#hop = undefined;
  }

  #sleep(): void {
    if (!this.#running) return;
    const nowMs = this.#setup.timeMs();
    const nextMs = (Math.floor(nowMs / this.#periodMs) + 1) * this.#periodMs;
    // Timers drop fractions: rounded down they would wake up before the boundary, again and again until it is there.
    this.#timer = setTimeout(() => this.#wake(), Math.min(SLEEP_MS_MAX, Math.ceil(nextMs - nowMs)));
  }

  #wake(): void {
    if (!this.#running) return;
    // Armed first: whatever the poll does, the next one comes.
    if (this.#hop === undefined) this.#sleep();
    else this.#hop.port2.postMessage(0);
    this.#setup.onPoll();
  }
}
