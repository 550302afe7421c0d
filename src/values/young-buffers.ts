/**
 * Has V8 free buffers that came by transfer as it frees those that are made here. Used by both sides.
 *
 * V8 looks where a buffer is made: if its young ones have 32 MiB, it collects the young generation, which takes less
 * than a millisecond. What comes by transfer counts for that, but nothing looks. So a thread that only receives gets
 * to 64 MiB of external memory, for which V8 collects its whole heap, again and again. Therefore a small buffer is
 * made here from time to time.
 *
 * Measured (Node 20, 2 workers): results of 1 MiB take 0.7 of the processor time. Hashes of 1 MiB that is transferred
 * take 0.94; V8's helpers, which mark the heap, 0.76. From Node 24 on V8 allows young buffers as much as it allows all
 * of them, so it has hardly any effect there.
 */

/** A look for so many messages, since it takes about half a microsecond. */
const MESSAGES = 4;

// A task may replace the global one.
const SmallBuffer = ArrayBuffer;

let messages = 0;

/** To be called when values have come by message. O(1). */
export function lookAtYoungBuffers(): void {
  messages = (messages + 1) % MESSAGES;
  if (messages !== 0) return;
  try {
    new SmallBuffer(1);
  } catch {
    // There is no memory for it, and V8 has done what it can.
  }
}
