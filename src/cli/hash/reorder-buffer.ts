/** Values are added in any order and taken in the order of their numbers, by one taker. */
export class ReorderBuffer<T> {
  readonly #values = new Map<number, T>();
  #end = Number.POSITIVE_INFINITY;
  #failure: { error: unknown } | undefined;
  #changed: (() => void) | undefined;

  add(number: number, value: T): void {
    this.#values.set(number, value);
    this.#changed?.();
  }

  /** No values come from this number on. */
  end(number: number): void {
    this.#end = number;
    this.#changed?.();
  }

  /** Every `take` rejects with this error from now on. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#changed?.();
  }

  /** Waits for the value of this number; `undefined` at the end. */
  async take(number: number): Promise<T | undefined> {
    while (number < this.#end) {
      if (this.#failure) throw this.#failure.error;
      const value = this.#values.get(number);
      if (value !== undefined) {
        this.#values.delete(number);
        return value;
      }
      await new Promise<void>((resolve) => (this.#changed = resolve));
    }
    if (this.#failure) throw this.#failure.error;
    return undefined;
  }
}
