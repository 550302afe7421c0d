/**
 * Until when the requests of a window must have started: one time for each request slot, beside the slots.
 * The main thread (M) writes it before it posts the request, and the worker (W) reads it after the claim. So
 * a request whose queue time is over does not start, even where M is busy and cannot take it back.
 *
 * W alone decides about a request that it has claimed: it looks at the clock right before the run, and once
 * more when the function had to be loaded. Where the time is over it completes the request as expired, and
 * drops its arguments; M rejects it when it reads that. M, when the time is over, takes back what is not
 * claimed; of what is claimed it leaves the decision to W, except while W loads the function (step 6 in
 * `window.ts`). So a request is run or rejected, and settled once.
 */
import { deadlines, type Memory } from './layout.js';

export class Deadlines {
  readonly #memory: Memory;
  readonly #from: number;
  readonly #mask: number;

  /** @param capacity of the window */
  constructor(memory: Memory, capacity: number) {
    this.#memory = memory;
    this.#from = deadlines(capacity);
    this.#mask = capacity - 1;
  }

  /** M: the request at a position must start by then, in ms of `performance.now() + CLOCK_OFFSET`. */
  set(position: number, at: number): void {
    this.#memory.f64[this.#from + (position & this.#mask)] = at;
  }

  /** Only for a request whose kind says that it expires. */
  at(position: number): number {
    return this.#memory.f64[this.#from + (position & this.#mask)] as number;
  }
}
