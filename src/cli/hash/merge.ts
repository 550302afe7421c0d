/** Values from several sources, given out as they come. As many may wait as those sources give. */
export class Replies<T> {
  #values: T[] = [];
  #open = 0;
  #failure: { error: unknown } | undefined;
  #changed: (() => void) | undefined;

  add(value: T): void {
    this.#values.push(value);
    this.#changed?.();
  }

  /** There is no end before this one has come. Its failure ends it all; its value, if any, is one more. */
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
