/**
 * Turns views that were Buffers into Buffers again: structured clone makes Uint8Arrays of them, and the
 * message lists which they were. Used by both sides.
 *
 * In place, so that each stays one object wherever in the message it is, also in a `Map` or an instance of a
 * class. (And a new prototype costs less here than another view.)
 */
export function restoreBuffers(views: readonly object[] | undefined): void {
  if (views === undefined) return;
  for (const view of views) Object.setPrototypeOf(view, Buffer.prototype);
}
