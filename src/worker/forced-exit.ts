import { clearTimeout, setTimeout } from '../protocol/timers.js';

/**
 * Ends a thread that was told to end by itself and does not, although it has nothing left to run: a callback
 * that a task left behind keeps it busy, or the task replaced `process.exit`.
 */
// By name, not as globals: a test that puts fake timers in their place must not stop the Balancer.

/** Between two looks, in ms. A thread that had nothing to run at both is ended. */
const LINGER_MS = 2_000;

interface EndingThread {
  readonly view: { readonly pending: number };
  terminate(): void;
}

export class ForcedExit {
  readonly #worker: EndingThread;
  #timer: NodeJS.Timeout | undefined;
  #wasEmpty = false;

  constructor(worker: EndingThread) {
    this.#worker = worker;
  }

  /** The thread has been told to end. */
  begin(): void {
    if (this.#timer !== undefined) return;
    this.#wasEmpty = this.#worker.view.pending === 0;
    this.#timer = setTimeout(() => this.#look(), LINGER_MS);
    this.#timer.unref();
  }

  /** The thread has ended. */
  stop(): void {
    clearTimeout(this.#timer);
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
