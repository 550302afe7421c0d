/** How the optional parts of the package take requests back that have not started. */

/** Key of a Balancer's `Withdraw`. Registered, since the optional parts of the package are files of their own. */
export const withdrawing = Symbol.for('leastwork.withdrawing');

export type Withdraw = (signal: AbortSignal, error: unknown) => boolean;

/**
 * Takes back the requests with a signal, as far as no thread has begun them; they are rejected with the error.
 * @returns whether that was all of them, and at least one
 */
export function withdrawUnstarted(target: object, signal: AbortSignal, error: unknown): boolean {
  return (target as { [withdrawing]?: Withdraw })[withdrawing]?.(signal, error) === true;
}
