/**
 * Has the C library keep the memory of a thread's large copies for the next ones, as long as the thread lives.
 *
 * V8 collects young buffers when they have 32 MiB or when its young generation is full, whichever is first, and
 * frees them all at once. Then the end of the thread's heap is free: glibc gives it back to the system, but for
 * what `warm-memory.ts` has it keep, and each page of the next copies has to be made again. The more small
 * objects a thread has had, the larger is its young generation, and the more is given back.
 *
 * Measured (Node 20, 2 workers, hashes of 64 KiB after many of 1 KiB): 8 to 10 of 16 pages were made anew for
 * each request, and a third of the threads' time went there.
 *
 * glibc gives back only what is free at the very end. So a piece that is never used stays there, behind free
 * memory for all that V8 leaves to be collected. Neither has pages before it is written to. When the thread
 * ends, so does this piece, and all is given back.
 */
import { isMainThread } from 'node:worker_threads';
import { freeAtOnce } from './free-at-once.js';
import { LARGE } from './warm-memory.js';

/**
 * Bytes of each piece. Less than 128 KiB, so that glibc takes it from the heap, whether or not the large piece of
 * `warm-memory.ts` has been freed yet.
 */
const PIECE = 120 * 1_024;
/** V8's 32 MiB, twice: while they are freed, as many may come. */
const PIECES = 548;

/**
 * Large copies before that. A thread that has had fewer does without: of this memory the next threads may not use
 * all, so a process whose threads come and go would grow.
 */
const COPIES = 512;

const { allocUnsafeSlow } = Buffer;

/** Copies before it is time; 0: never. In the program's own thread other things are at the end of the heap. */
let left = isMainThread || process.platform !== 'linux' ? 0 : COPIES;
/** Stays at the end. */
const kept: ArrayBuffer[] = [];

/**
 * To be called for each copy that a thread keeps, after `keepMemoryWarm` has been for it. O(1).
 * @param bytes of the copy
 */
export function keepThreadMemory(bytes: number): void {
  if (left === 0 || bytes < LARGE || --left > 0) return;
  try {
    const pieces: ArrayBuffer[] = [];
    while (pieces.length < PIECES) pieces.push(allocUnsafeSlow(PIECE).buffer as ArrayBuffer);
    kept.push(allocUnsafeSlow(PIECE).buffer as ArrayBuffer);
    freeAtOnce(pieces);
  } catch {
    // There is not so much memory.
  }
}
