/**
 * A thread that is to end by itself and does not, although it has nothing left to run: some stray callback of a task keeps it busy, or has
 * taken its exit from it. It is ended then.
 */
// By name, not as globals: a test that puts fake timers in their place must not stop the Balancer.
import { clearTimeout, setTimeout } from 'node:timers';

/** It is looked at so often, in ms; it is ended when it has had nothing to run for that long. */
const LINGER_MS = 2_000;

/** What there is to know of the thread, and to do. */
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

  /** It has been told to end. */
  begin(): void {
    if (this.#timer !== undefined) return;
    this.#wasEmpty = this.#worker.view.pending === 0;
    this.#timer = setTimeout(() => this.#look(), LINGER_MS);
    this.#timer.unref();
  }

  /** It has ended. */
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
