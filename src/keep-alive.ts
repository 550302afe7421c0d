/** Holds the process alive while something is queued, pending or under way; ports and threads never do. */
export class KeepAlive {
  #holders = 0;
  #ended = false;
  /**
   * A timer that never matters: a handle that can be referenced and unreferenced cheaply. Made here and not for the first request,
   * whose AsyncLocalStorage it would hold for ever.
   */
  readonly #timer = setInterval(() => {}, 2 ** 31 - 1).unref();

  /** One more reason to live; each needs its `release`. */
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

  /** Lives until the promise is settled. */
  async during<T>(promise: Promise<T>): Promise<T> {
    this.hold();
    try {
      return await promise;
    } finally {
      this.release();
    }
  }

  /** Nothing new will be held: the timer goes with the last holder. */
  end(): void {
    this.#ended = true;
    if (this.#holders === 0) clearInterval(this.#timer);
  }
}
