import { clearInterval, setInterval } from '../protocol/timers.js';

/** Keeps the process alive while requests or changes of the set are under way. Ports and threads never do. */
export class KeepAlive {
  #holders = 0;
  #ended = false;
  /**
   * A handle that is cheap to reference and unreference; that the timer fires has no effect. Created at once,
   * since a timer created by the first request would keep the AsyncLocalStorage of that request for ever.
   */
  readonly #timer = setInterval(() => {}, 2 ** 31 - 1).unref();

  /** Adds a holder; each needs its `release`. */
  hold(): void {
    this.#holders++;
    if (this.#holders === 1) this.#timer.ref();
  }

  release(): void {
    this.#holders--;
    if (this.#holders > 0) return;
    if (this.#ended) clearInterval(this.#timer);
    else this.#timer.unref();
  }

  /** Holds until the promise is settled. */
  async during<T>(promise: Promise<T>): Promise<T> {
    this.hold();
    try {
      return await promise;
    } finally {
      this.release();
    }
  }

  /** There will be no new holders: the last one to release clears the timer. */
  end(): void {
    this.#ended = true;
    if (this.#holders === 0) clearInterval(this.#timer);
  }
}
