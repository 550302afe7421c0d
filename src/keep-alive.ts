/** Holds the process alive while something is queued or pending; ports and threads never do. */
export class KeepAlive {
  /** A timer that never matters: a handle that can be referenced and unreferenced cheaply. */
  #timer: NodeJS.Timeout | undefined;

  hold(): void {
    if (this.#timer === undefined) this.#timer = setInterval(() => {}, 2 ** 31 - 1);
    else this.#timer.ref();
  }

  release(): void {
    this.#timer?.unref();
  }
}
