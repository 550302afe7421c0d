/** Structured clone makes Uint8Arrays of Buffers, and a message says which there were. Used by both sides. */

/**
 * Makes Buffers of them again.
 *
 * In place: so each is the same object still wherever it is in the message, in a `Map` or the instance of a class, too. (A change of the
 * prototype costs less here than another view.)
 */
export function restoreBuffers(views: readonly object[] | undefined): void {
  if (views === undefined) return;
  for (const view of views) Object.setPrototypeOf(view, Buffer.prototype);
}
