/**
 * Permits to spin: one for each core besides the main thread's, and at least one. More spinning threads than
 * cores would only take time from each other and from the main thread. Used by both sides.
 *
 * A permit in use holds the id of its worker, so that the main thread can release that of a worker that died
 * spinning.
 */
export class SpinPermits {
  readonly #permits: Int32Array;

  constructor(shared: SharedArrayBuffer) {
    this.#permits = new Int32Array(shared);
  }

  /** Memory for a machine with that many cores. */
  static memory(cores: number): SharedArrayBuffer {
    return new SharedArrayBuffer(4 * Math.max(1, cores - 1));
  }

  /** Takes a permit. False: all are taken. O(permits). */
  enter(id: number): boolean {
    const permits = this.#permits;
    for (let i = 0; i < permits.length; i++) {
      if (Atomics.load(permits, i) === 0 && Atomics.compareExchange(permits, i, 0, id) === 0) return true;
    }
    return false;
  }

  /** Releases the worker's permit, if it has one. O(permits). */
  leave(id: number): void {
    const permits = this.#permits;
    for (let i = 0; i < permits.length; i++) Atomics.compareExchange(permits, i, id, 0);
  }
}
