/** How often a job was lost, and what that means for its next run. */
import type { JobData } from './messages.js';

/** Machines that may be lost with one request; as threads of a Balancer. */
const MOST_LOSSES = 3;

export interface Losses {
  readonly count: number;
  /** It was lost before, or is lost for good with its machine. */
  readonly isFragile: boolean;
  /** It has one more run at most. */
  readonly isLast: boolean;
  /** Once it has begun, it does not run again. */
  readonly isSpent: boolean;
  /** It has none. */
  readonly isOver: boolean;
  /** Runs after the death of a thread that are left. */
  readonly threadRetries: number;
}

/** @param stalled times that the engine has found it without a lock */
export function lossesOf(data: JobData, stalled: number): Losses {
  const retries = data.retries ?? Number.POSITIVE_INFINITY;
  const count = stalled + (data.losses ?? 0);
  return {
    count,
    isFragile: count > 0 || (data.chunk === undefined ? data.retries : data.threadRetries) === 0,
    isLast: count >= MOST_LOSSES - 1,
    isSpent: data.chunk === undefined ? count >= retries : data.threadRetries === 0 && data.texts !== true,
    isOver: stalled > 0 && (count > retries || count >= MOST_LOSSES),
    threadRetries:
      data.threadRetries === undefined
        ? Math.max(0, retries - count)
        : (data.threadRetries ?? Number.POSITIVE_INFINITY),
  };
}
