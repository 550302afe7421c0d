/** The limits of the set: `workers: { min, max }`. */
export interface ScalingLimits {
  /** Never fewer workers, an integer ≥ 0. */
  readonly min: number;
  /** Never more workers, an integer ≥ `min` and ≥ 1. */
  readonly max: number;
}

/**
 * When the set changes. A thread takes some 40 ms to start, and memory: it should not be started for less,
 * nor kept for a rare burst.
 */
export interface ScalingOptions {
  /** The set grows when a request has waited unstarted for this long, in ms, ≥ 0. */
  readonly growAfter: number;
  /** The set shrinks by the workers that were idle all through this time, in ms, > 0. */
  readonly idleTimeout: number;
}

/** Upper bound of the factor by which `idleTimeout` grows while the set shrinks too early. */
const MAX_FACTOR = 16;

/** The load at one moment. */
export interface ScalingSample {
  /** Monotonic time, in ms. */
  readonly now: number;
  /** Workers in the set, those that are starting included. */
  readonly workers: number;
  /** Those of them that are starting. */
  readonly starting: number;
  /** Those of them without a request; where samples are far apart, the least number since the last one. */
  readonly idle: number;
  /** Requests not started, in the queue and in the windows. */
  readonly unstarted: number;
  /** How long the oldest of them has waited, in ms; 0 if there is none. */
  readonly waited: number;
}

/**
 * Decides the number of workers: more when requests wait, fewer when workers idle, without flapping.
 *
 * A growth step at most doubles the set, by no more than there are unstarted requests, and the next one waits
 * until its threads are up, since its effect is known only then. A shrink step takes the least number of idle
 * workers seen throughout `idleTimeout`: those were never needed in that time. Each step restarts that time.
 * So between two steps in different directions lies at least `idleTimeout`, or requests have waited for
 * `growAfter`.
 *
 * A load that comes and goes with a period just above `idleTimeout` would still make the set swing. So the
 * effective timeout is `idleTimeout` × factor: the factor doubles, up to 16, each time that the set has to
 * grow within that timeout of a shrink, and halves with each shrink that was not followed by such a growth.
 */
export class Scaler {
  readonly #limits: ScalingLimits;
  readonly #options: ScalingOptions;
  #factor = 1;
  /** When the set last shrank; undefined once it has grown since. */
  #shrankAt: number | undefined;
  /** The least number of idle workers since `#idleSince`. */
  #leastIdle = 0;
  #idleSince: number | undefined;

  constructor(limits: ScalingLimits, options: ScalingOptions) {
    this.#limits = limits;
    this.#options = options;
  }

  /**
   * When to decide again even without a change of the load, in ms of the samples' clock; undefined: at the
   * next change. So an idle Balancer at its minimum needs no timer.
   */
  get nextLook(): number | undefined {
    return this.#idleSince === undefined ? undefined : this.#idleSince + this.#timeout();
  }

  /**
   * Returns the number of workers that there should be, from `min` to `max`. To be called on changes of the
   * load and at `nextLook`. O(1).
   */
  decide(sample: ScalingSample): number {
    const { min, max } = this.#limits;
    const { now, workers, starting, idle, unstarted, waited } = sample;
    if (workers < min || workers > max) {
      this.#restartClock();
      return workers < min ? min : max;
    }
    // While a worker idles, requests wait since their policy wants them elsewhere: more workers would not
    // help.
    if (unstarted > 0 && idle === 0 && waited >= this.#options.growAfter) {
      this.#restartClock();
      if (starting > 0 || workers === max) return workers;
      this.#noteGrowth(now);
      return Math.min(max, workers + Math.min(unstarted, Math.max(1, workers)));
    }
    // Each unstarted request is about to take one of the idle workers.
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
    const surplusThroughout = this.#leastIdle;
    this.#restartClock();
    this.#noteShrink(now);
    return workers - surplusThroughout;
  }

  #timeout(): number {
    return this.#options.idleTimeout * this.#factor;
  }

  #restartClock(): void {
    this.#idleSince = undefined;
  }

  #noteGrowth(now: number): void {
    if (this.#shrankAt === undefined) return;
    const wasTooEarly = now - this.#shrankAt <= this.#timeout();
    this.#factor = wasTooEarly ? Math.min(MAX_FACTOR, this.#factor * 2) : Math.max(1, this.#factor / 2);
    this.#shrankAt = undefined;
  }

  #noteShrink(now: number): void {
    // The set has not grown since the shrink before: those workers were not needed.
    if (this.#shrankAt !== undefined) this.#factor = Math.max(1, this.#factor / 2);
    this.#shrankAt = now;
  }
}
