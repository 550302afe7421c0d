/**
 * Who may spin: as many workers as there are cores besides the main thread's, and at least one. More spinning threads
 * than cores would only take time from each other and from the main thread. Used by both sides.
 *
 * Each place holds the id of the worker that spins, so that the main thread can free the place of one that died in it.
 */
export class SpinPermits {
  readonly #places: Int32Array;

  constructor(shared: SharedArrayBuffer) {
    this.#places = new Int32Array(shared);
  }

  /** Memory for a machine with that many cores. */
  static memory(cores: number): SharedArrayBuffer {
    return new SharedArrayBuffer(4 * Math.max(1, cores - 1));
  }

  /** Takes a place. False: all are taken. */
  enter(id: number): boolean {
    const places = this.#places;
    for (let i = 0; i < places.length; i++) {
      if (Atomics.load(places, i) === 0 && Atomics.compareExchange(places, i, 0, id) === 0) return true;
    }
    return false;
  }

  /** Frees the worker's place, if it has one. */
  leave(id: number): void {
    const places = this.#places;
    for (let i = 0; i < places.length; i++) Atomics.compareExchange(places, i, id, 0);
  }
}
