/**
 * Whether a worker is alive, from what costs its hot path nothing: the worker counts its progress in shared memory
 * anyway (claims, completions, turns of its event loop), and the main thread compares that count now and then.
 *
 *     idle        it owes nothing: no request is its own and it was not pinged
 *     progressed  the count has changed since the last look
 *     busy        it owes progress, and has been silent for no longer than the limit
 *     silent      silent for longer: suspect. An endless loop and a very long run look the same from outside
 */
export type Pulse = 'idle' | 'progressed' | 'busy' | 'silent';

/** What the main thread reads of a worker for one look. */
export interface Beat {
  /** The worker's progress count; only whether it changed matters, so it may wrap. */
  readonly count: number;
  /** Whether the worker owes progress: it has a request, or was pinged and has not answered. */
  readonly owes: boolean;
}

/** The pulse of one worker. No timer: whoever owns it looks when it wants to, best at least four times in `limit`. */
export class Heartbeat {
  readonly #limit: number;
  #count: number | undefined;
  #lastLook: number;
  #silence = 0;
  #owed = false;

  /** `limit`: how long a worker that owes progress may be silent, in ms, > 0. `now` in ms. */
  constructor(limit: number, now: number) {
    this.#limit = limit;
    this.#lastLook = now;
  }

  /** How long the worker has been silent while it owed progress, in ms. */
  get silence(): number {
    return this.#silence;
  }

  /** Looks at the worker at `now` (ms, never going back). */
  look(now: number, beat: Beat): Pulse {
    // A look that comes late means that this thread was held up, perhaps the whole machine (a debugger, SIGSTOP, sleep):
    // one late look alone must not condemn anybody, so it counts for no more than half of the limit.
    const elapsed = Math.min(now - this.#lastLook, this.#limit / 2);
    this.#lastLook = now;
    const progressed = this.#count !== undefined && beat.count !== this.#count;
    this.#count = beat.count;
    const owedAllAlong = this.#owed && beat.owes && !progressed;
    this.#owed = beat.owes;
    // The debt began at some moment since the last look; counting from this look on errs on the worker's side.
    this.#silence = owedAllAlong ? this.#silence + elapsed : 0;
    if (progressed) return 'progressed';
    if (!beat.owes) return 'idle';
    return this.#silence > this.#limit ? 'silent' : 'busy';
  }
}
