/** Counts permits; one taker at a time may wait for them. */
export class Semaphore {
  #free: number;
  #waiting: (() => void) | undefined;

  constructor(free: number) {
    this.#free = free;
  }

  /** Waits until any permit is free, then takes `n`, even if fewer are free. */
  async take(n: number): Promise<void> {
    while (this.#free <= 0) await new Promise<void>((resolve) => (this.#waiting = resolve));
    this.#free -= n;
  }

  give(n: number): void {
    this.#free += n;
    this.#waiting?.();
    this.#waiting = undefined;
  }
}
