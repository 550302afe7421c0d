/**
 * Errors without a stack for requests whose time is up together with that of many others: nobody reads all of
 * those stacks, and to capture them takes several times as long as all the rest.
 */
import type { TaskTimeoutError } from '../errors/errors.js';
import { withoutFrames } from '../errors/stackless.js';
import { performance } from '../protocol/clock.js';
import { queueTimeoutError } from '../requests/queue-timeout-error.js';
import type { Request } from '../requests/request.js';

/** How many errors get a stack within the time. */
const MOST_WITH_STACK = 100;
const WITHIN_MS = 1_000;

export class StackBudget {
  #left = MOST_WITH_STACK;
  #since = Number.NEGATIVE_INFINITY;

  /**
   * @returns an error for each request, or none where it may have a stack: for the first ones, whose stacks show
   * who awaits them, and for those whose place is recorded; `undefined` where all may have one
   */
  plainErrors(requests: readonly Request[]): (TaskTimeoutError | undefined)[] | undefined {
    const now = performance.now();
    if (now - this.#since > WITHIN_MS) {
      this.#left = MOST_WITH_STACK;
      this.#since = now;
    }
    const most = this.#left;
    this.#left = Math.max(0, most - requests.length);
    if (requests.length <= most) return undefined;
    return withoutFrames(() =>
      requests.map((request, i) =>
        i < most || request.extras?.place !== undefined ? undefined : queueTimeoutError(request),
      ),
    );
  }
}
