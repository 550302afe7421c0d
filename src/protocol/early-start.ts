/**
 * By how much the noted start of a run lies before its submit, in ms. A thread takes the end of one run for
 * the start of the next, and may lose its core between the two: then the next one may have been submitted
 * after that, and has not started before. Used by both sides.
 * @param queuedAt @param startedAt in ms, by the same clock
 */
export function earlyBy(queuedAt: number | undefined, startedAt: number): number {
  return queuedAt !== undefined && queuedAt > startedAt ? queuedAt - startedAt : 0;
}
