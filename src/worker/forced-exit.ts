/**
 * Ends a thread that was told to end by itself and does not, although it has nothing left to run: a callback
 * that a task left behind keeps it busy, the task replaced `process.exit`, or the `teardown` of a module
 * holds the thread beyond its time.
 */
import { MOST_MS } from '../options/validate.js';
import { Deadline } from '../protocol/deadline.js';

/** Between two looks, in ms. A thread that had nothing to run at both is ended. */
const LINGER_MS = 2_000;

interface EndingThread {
  readonly view: { readonly pending: number };
  terminate(): void;
}

export class ForcedExit {
  readonly #worker: EndingThread;
  readonly #teardownLimit: number;
  #timer: Deadline | undefined;
  #wasEmpty = false;
  #hasEnded = false;

  /** @param teardownLimit how long the `teardown` of modules may take, in ms; `Infinity`: no limit */
  constructor(worker: EndingThread, teardownLimit: number) {
    this.#worker = worker;
    this.#teardownLimit = teardownLimit;
  }

  /** The thread has been told to end. */
  begin(): void {
    if (this.#timer !== undefined) return;
    this.#wasEmpty = this.#worker.view.pending === 0;
    this.#timer = new Deadline(() => this.#look(), LINGER_MS);
  }

  /** The thread has begun with `teardown`, to which it gives that time itself, if it is not blocked. */
  tearingDown(): void {
    if (this.#timer === undefined || this.#hasEnded) return;
    this.#timer.clear();
    const ms = this.#teardownLimit + LINGER_MS;
    if (ms === Number.POSITIVE_INFINITY) return;
    this.#timer = new Deadline(() => this.#worker.terminate(), Math.min(ms, MOST_MS));
  }

  /** The thread has ended. */
  stop(): void {
    this.#hasEnded = true;
    this.#timer?.clear();
  }

  #look(): void {
    const isEmpty = this.#worker.view.pending === 0;
    if (isEmpty && this.#wasEmpty) {
      this.#worker.terminate();
      return;
    }
    this.#wasEmpty = isEmpty;
    this.#timer?.refresh();
  }
}
