/** Runs so many things at a time; the others wait, in their order. */
export class Turns {
  readonly #most: () => number;
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  /** @param most may change */
  constructor(most: () => number) {
    this.#most = most;
  }

  async take<T>(run: () => Promise<T>): Promise<T> {
    if (this.#waiting.length > 0 || this.#running >= this.#most())
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    else this.#running++;
    try {
      return await run();
    } finally {
      this.#running--;
      this.#next();
    }
  }

  #next(): void {
    while (this.#waiting.length > 0 && this.#running < this.#most()) {
      this.#running++;
      this.#waiting.shift()?.();
    }
  }
}
