import { setTimeout } from '../protocol/timers.js';

/**
 * Shared memory of one size, for arenas or windows. It belongs to the process: ended threads, of whichever
 * Balancer, leave theirs to the next ones. Allocated anew for each thread, it would come from a heap of the C
 * library that gives nothing back to the system, and garbage collection, which does not see how large it is,
 * would let hundreds of them lie.
 */

/** Memory that has not been needed for this long is let go, in ms. */
const UNUSED_MS = 10_000;

export class MemoryPool {
  readonly #bytes: number;
  readonly #free: SharedArrayBuffer[] = [];
  /** The least number of free ones since the last look: these were not needed. */
  #leastFree = 0;
  #isLooking = false;

  /** @param bytes of each piece */
  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  /** How many are free. */
  get free(): number {
    return this.#free.length;
  }

  /** Its contents are another's, or zero. */
  take(): SharedArrayBuffer {
    const memory = this.#free.pop() ?? new SharedArrayBuffer(this.#bytes);
    this.#leastFree = Math.min(this.#leastFree, this.#free.length);
    return memory;
  }

  /** No thread reads or writes it any more. */
  giveBack(memory: SharedArrayBuffer): void {
    this.#free.push(memory);
    if (this.#isLooking) return;
    this.#isLooking = true;
    setTimeout(() => this.#look(), UNUSED_MS).unref();
  }

  /** Lets go of memory that has been free since the last look. To be called now and then. */
  shrink(): void {
    this.#free.splice(0, this.#leastFree);
    this.#leastFree = this.#free.length;
  }

  #look(): void {
    this.shrink();
    this.#isLooking = this.#free.length > 0;
    if (this.#isLooking) setTimeout(() => this.#look(), UNUSED_MS).unref();
  }
}
