/**
 * Merges the values of several sources, in the order in which they arrive. Unbounded: sources are not held
 * back.
 */
export class Merge<T> {
  #values: T[] = [];
  #open = 0;
  #failure: { error: unknown } | undefined;
  #changed: (() => void) | undefined;

  add(value: T): void {
    this.#values.push(value);
    this.#changed?.();
  }

  /** Keeps `all` open until this promise settles. Its value, if any, is added; its rejection fails `all`. */
  expect(coming: Promise<T> | Promise<void>): void {
    this.#open++;
    (coming as Promise<T | undefined>)
      .then(
        (value) => {
          if (value !== undefined) this.#values.push(value);
        },
        (error: unknown) => {
          this.#failure ??= { error };
        },
      )
      .then(() => {
        this.#open--;
        this.#changed?.();
      });
  }

  async *all(): AsyncGenerator<T, void, undefined> {
    for (;;) {
      const values = this.#values;
      this.#values = [];
      yield* values;
      if (this.#failure) throw this.#failure.error;
      if (this.#values.length > 0) continue;
      if (this.#open === 0) return;
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
  }
}
