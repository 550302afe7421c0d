/**
 * How transferred values are handed to a thread. They exist once, so they must be on one side also when the
 * thread ends by itself, that is, with its `exit` handlers run. M is the main thread, W the worker.
 *
 *   1. M says that it gives (`GIVING` = 1), then reads `ENDING`. If that is 0, M sends, and says that it has
 *      given (`GIVING` = 0, Atomics.notify). Otherwise M says so without sending. It may post the slot all
 *      the same: W claims no more, and the request comes back whole.
 *   2. W, ending: `ENDING` = 1, then waits while `GIVING` is 1, and for nothing else. Then W receives all
 *      that has arrived, and sends back what was transferred with requests that it has not started.
 *   3. M, told of the end, receives all that has come back before it looks at the window.
 *
 * Each writes its own word before it reads the other's (Dekker): so either M sees that W ends, or W sees that
 * it must wait.
 */
import { ENDING, GIVING, type Memory } from './layout.js';

/**
 * How long an ending thread waits for a message that M is just sending, in ms: getters in it run the caller's
 * code.
 */
const MAX_GIVING_MS = 1_000;

export class Handover {
  readonly #memory: Memory;

  constructor(memory: Memory) {
    this.#memory = memory;
  }

  get #words(): Int32Array {
    return this.#memory.i32;
  }

  /**
   * M, step 1: says that it is about to transfer something; `given` must follow.
   * @returns false: the thread is ending and would not take it; then `given` must not follow
   */
  give(): boolean {
    const words = this.#words;
    Atomics.store(words, GIVING, 1);
    if (Atomics.load(words, ENDING) === 0) return true;
    // The thread may have seen `GIVING` just now, and wait for it.
    this.given();
    return false;
  }

  /** M, step 1: it has been sent. */
  given(): void {
    Atomics.store(this.#words, GIVING, 0);
    Atomics.notify(this.#words, GIVING, 1);
  }

  /**
   * W, step 2: ends; from now on M transfers nothing to it.
   * @returns true: all that M has transferred has arrived; false: the time ran out
   */
  takeLast(): boolean {
    Atomics.store(this.#words, ENDING, 1);
    return Atomics.wait(this.#words, GIVING, 1, MAX_GIVING_MS) !== 'timed-out';
  }
}
