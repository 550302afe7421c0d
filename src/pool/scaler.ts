/** The limits of the set: `workers: { min, max }`. */
export interface ScalingLimits {
  /** Never fewer workers, an integer ≥ 0. */
  readonly min: number;
  /** Never more workers, an integer ≥ `min` and ≥ 1. */
  readonly max: number;
}

/** When the set changes. A thread costs some 40 ms to start, and memory to keep: it should not be started for less, nor kept for a rare burst. */
export interface ScalingOptions {
  /** The set grows when a request has waited unstarted for this long, in ms, ≥ 0. */
  readonly growAfter: number;
  /** The set shrinks by the workers that were idle all through this time, in ms, > 0. */
  readonly idleTimeout: number;
}

/** `idleTimeout` grows up to this many times while shrinking turns out wrong. */
const MOST_PATIENCE = 16;

/** What the pool sees at one moment. */
export interface ScalingSample {
  /** Monotonic time, in ms. */
  readonly now: number;
  /** Workers in the set, those that are starting included. */
  readonly workers: number;
  /** Of these, workers that are starting. */
  readonly starting: number;
  /** Of these, workers that have no request; where samples are far apart, the least number since the last one. */
  readonly idle: number;
  /** Requests not started, in the queue and in the windows. */
  readonly unstarted: number;
  /** How long the oldest of them has waited, in ms; 0 when there is none. */
  readonly waited: number;
}

/**
 * How many workers there should be: grows when requests wait, shrinks when workers idle, and does not flap.
 *
 * Growing doubles the set at most, by no more than there are requests to start, and waits for the threads of the last step: what a
 * step brings is known only then. Shrinking takes the least number of idle workers that was seen all through
 * `idleTimeout`: those were not needed once in that time. Both restart the idle clock. So between two changes in
 * different directions lies at least `idleTimeout`, or requests have waited for `growAfter`.
 *
 * A load that comes and goes with a period just above `idleTimeout` would still make it swing each time. So each time
 * the set must grow within `idleTimeout` × patience of having shrunk, that was a shrink too early and the patience doubles, up to 16; it
 * falls back by halves, one for each shrink that was not regretted.
 */
export class Scaler {
  readonly #limits: ScalingLimits;
  readonly #options: ScalingOptions;
  #patience = 1;
  /** When the set shrank, until it grows. */
  #shrankAt: number | undefined;
  /** The least number of idle workers since `#idleSince`. */
  #leastIdle = 0;
  #idleSince: number | undefined;

  constructor(limits: ScalingLimits, options: ScalingOptions) {
    this.#limits = limits;
    this.#options = options;
  }

  /**
   * When to decide again even if nothing happens, in ms of the samples' clock; undefined: a change of the load will come first, so an
   * idle Balancer at its minimum needs no timer.
   */
  get nextLook(): number | undefined {
    return this.#idleSince === undefined ? undefined : this.#idleSince + this.#timeout();
  }

  /** The number of workers that there should be now, from `min` to `max`. To be called on changes of the load, and at `nextLook`. O(1). */
  decide(sample: ScalingSample): number {
    const { min, max } = this.#limits;
    const { now, workers, starting, idle, unstarted, waited } = sample;
    if (workers < min || workers > max) {
      this.#restartClock();
      return workers < min ? min : max;
    }
    if (unstarted > 0 && waited >= this.#options.growAfter) {
      this.#restartClock();
      if (starting > 0 || workers === max) return workers;
      this.#noteGrowth(now);
      return Math.min(max, workers + Math.min(unstarted, Math.max(1, workers)));
    }
    // What is about to be given out will keep as many of the idle ones busy.
    const surplus = Math.min(Math.max(0, idle - unstarted), workers - min);
    if (surplus === 0 || starting > 0) {
      this.#restartClock();
      return workers;
    }
    if (this.#idleSince === undefined) {
      this.#idleSince = now;
      this.#leastIdle = surplus;
    }
    this.#leastIdle = Math.min(this.#leastIdle, surplus);
    if (now - this.#idleSince < this.#timeout()) return workers;
    const gone = this.#leastIdle;
    this.#restartClock();
    this.#noteShrink(now);
    return workers - gone;
  }

  #timeout(): number {
    return this.#options.idleTimeout * this.#patience;
  }

  #restartClock(): void {
    this.#idleSince = undefined;
  }

  #noteGrowth(now: number): void {
    if (this.#shrankAt === undefined) return;
    const regretted = now - this.#shrankAt <= this.#timeout();
    this.#patience = regretted
      ? Math.min(MOST_PATIENCE, this.#patience * 2)
      : Math.max(1, this.#patience / 2);
    this.#shrankAt = undefined;
  }

  #noteShrink(now: number): void {
    // Nothing has grown since the shrink before: nobody missed those workers.
    if (this.#shrankAt !== undefined) this.#patience = Math.max(1, this.#patience / 2);
    this.#shrankAt = now;
  }
}
