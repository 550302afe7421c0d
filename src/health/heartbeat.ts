/**
 * Whether a worker shows signs of life, without any cost for its hot path: the thread counts claims,
 * completions and turns of its event loop in shared memory anyway, and the main thread compares that count
 * now and then.
 *
 *     idle        it owes no progress: it has no request and has not been pinged
 *     progressed  the count has changed since the last look
 *     busy        it owes progress, and has been silent for no longer than the limit
 *     silent      it owes progress, and has been silent for longer. An endless loop and a very long run look
 *                 the same from outside
 */
export type HeartbeatState = 'idle' | 'progressed' | 'busy' | 'silent';

/** What the main thread reads of a worker at one look. */
export interface Beat {
  /** The worker's progress count. It may wrap: only whether it has changed matters. */
  readonly count: number;
  /** Whether the worker owes progress: it has a request, or has been pinged and has not answered. */
  readonly owes: boolean;
}

/**
 * The heartbeat of one worker. It has no timer: the caller should look at least four times within `limit`.
 */
export class Heartbeat {
  readonly #limit: number;
  #count: number | undefined;
  #lastLook: number;
  /** How long the worker has been silent while it owed progress, in ms. */
  #silence = 0;
  #owed = false;

  /** @param limit how long a worker that owes progress may be silent, in ms, > 0 @param now in ms */
  constructor(limit: number, now: number) {
    this.#limit = limit;
    this.#lastLook = now;
  }

  /** Looks at the worker at `now` (ms, never going back). */
  look(now: number, beat: Beat): HeartbeatState {
    // A late look means that this thread was held up, perhaps the whole machine (a debugger, SIGSTOP, sleep).
    // One late look alone must not condemn a worker, so it counts for at most half of the limit.
    const elapsed = Math.min(now - this.#lastLook, this.#limit / 2);
    this.#lastLook = now;
    const progressed = this.#count !== undefined && beat.count !== this.#count;
    this.#count = beat.count;
    const owedThroughout = this.#owed && beat.owes && !progressed;
    this.#owed = beat.owes;
    // The debt began at some moment since the last look; counting from this look errs in favour of the
    // worker.
    this.#silence = owedThroughout ? this.#silence + elapsed : 0;
    if (progressed) return 'progressed';
    if (!beat.owes) return 'idle';
    return this.#silence > this.#limit ? 'silent' : 'busy';
  }
}
