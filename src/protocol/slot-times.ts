/**
 * A time for each slot of a window, beside the slots. M is the main thread, W the worker.
 *
 * Of completion slots: when the run has started. W writes it before it publishes the completion, and M reads
 * it with that.
 *
 * Of request slots: the deadline, until when the request must have started. M writes it before it posts the
 * request, and W reads it after the claim. So a request whose queue time is over does not start, even where M
 * is busy and cannot take it back. W alone decides about a request that it has claimed: it looks at the
 * clock after the claim, and once more when it has loaded the function, or read arguments that came by
 * message. Where the time is over it completes the request as expired, and drops its arguments; M rejects it
 * when it reads that. M, when the time is over, takes back what is not claimed; of what is claimed it leaves
 * the decision to W, except while W loads the function (step 6 in `window.ts`). So a request is run or
 * rejected, and settled once.
 *
 * Of request slots: when it was submitted, if the slot's kind says that it is to be counted. M writes it before
 * it posts the request, and W reads it when it has run it; see `tally.ts`.
 */
import type { Memory } from './layout.js';

export class SlotTimes {
  readonly #memory: Memory;
  /** Where they begin: an index into the float64 view, in the order of the slots. */
  readonly from: number;
  readonly #mask: number;

  /**
   * @param capacity of the window
   */
  constructor(memory: Memory, from: number, capacity: number) {
    this.#memory = memory;
    this.from = from;
    this.#mask = capacity - 1;
  }

  /** @param time in ms of `performance.now() + CLOCK_OFFSET` */
  set(position: number, time: number): void {
    this.#memory.f64[this.from + (position & this.#mask)] = time;
  }

  at(position: number): number {
    return this.#memory.f64[this.from + (position & this.#mask)] as number;
  }
}
