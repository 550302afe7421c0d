/**
 * When the completed runs of a window have started: one time for each completion slot, beside the slots. The
 * worker (W) writes it before it publishes the completion, and the main thread (M) reads it with that.
 */
import { type Memory, runStarts, STARTED_AT } from './layout.js';

export class RunStarts {
  readonly #memory: Memory;
  readonly #from: number;
  readonly #mask: number;

  /** @param capacity of the window */
  constructor(memory: Memory, capacity: number) {
    this.#memory = memory;
    this.#from = runStarts(capacity);
    this.#mask = capacity - 1;
  }

  /** W: the completion at a position is that of the run which `ThreadStatus.noteStart` has noted last. */
  note(position: number): void {
    this.#memory.f64[this.#from + (position & this.#mask)] = this.#memory.f64[STARTED_AT] as number;
  }

  /** M: when the completed run at a position has started, in ms of `performance.now() + CLOCK_OFFSET`. */
  at(position: number): number {
    return this.#memory.f64[this.#from + (position & this.#mask)] as number;
  }
}
