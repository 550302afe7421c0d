/**
 * Has the C library keep the memory of large copies for the next ones. Used by both sides.
 *
 * glibc takes 128 KiB and more from the system anew each time, and gives it back when it is freed, as it does
 * with as much at the end of a heap; until a larger piece has been freed: from then on it keeps pieces of up
 * to that size, and twice as much at the end of a heap. Pages of new memory have to be made when they are
 * first written to, one by one, which takes longer than the copy.
 *
 * Elsewhere (musl, macOS, Windows) it has no effect, and on Windows it is not tried, since the system would
 * have to provide the memory.
 */
import { freeAtOnce } from './free-at-once.js';

/**
 * Pieces of up to this size are kept. Measured with the soak test, whose threads come and go: with 31 MiB the
 * process kept 90 MB more, with 2 MiB 10, and copies of 64 KiB and 1 MiB are as fast.
 */
const BYTES = 2 * 2 ** 20;

let isDone = process.platform !== 'linux';

/** Smaller copies find their memory among what the C library keeps anyway, in bytes. */
export const LARGE = 16 * 1_024;

/**
 * To be called for each copy. O(1): the memory that is freed was never written to, so no page of it is made.
 * @param bytes of the copy
 */
export function keepMemoryWarm(bytes: number): void {
  if (isDone || bytes < LARGE) return;
  isDone = true;
  try {
    freeAtOnce([new ArrayBuffer(BYTES)]);
  } catch {
    // There is not so much memory.
  }
}
