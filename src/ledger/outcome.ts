/** What became of a request: exactly one of these words, when its promise is settled. */

/**
 * - `fulfilled`: the task has given a result
 * - `failed`: the task has thrown, or its arguments or its result could not be sent
 * - `refused`: it was not taken, for want of room in the queue or of workers, or since the Balancer is closed
 * - `aborted`: its caller has given it up: by its signal, or by leaving the loop that it belonged to
 * - `timed-out-queued`: its `queueTimeout` was over before it had started
 * - `timed-out-running`: its `timeout` was over before it had ended
 * - `crashed`: its thread has died
 * - `closed`: the Balancer was closed, and did not wait for it
 */
export const REQUEST_OUTCOMES = [
  'fulfilled',
  'failed',
  'refused',
  'aborted',
  'timed-out-queued',
  'timed-out-running',
  'crashed',
  'closed',
] as const;

export type RequestOutcome = (typeof REQUEST_OUTCOMES)[number];

/** Number of requests, for each outcome. */
export type OutcomeCounts = { readonly [Outcome in RequestOutcome]: number };

/** Counts that begin. */
export function noOutcomes(): { [Outcome in RequestOutcome]: number } {
  return {
    fulfilled: 0,
    failed: 0,
    refused: 0,
    aborted: 0,
    'timed-out-queued': 0,
    'timed-out-running': 0,
    crashed: 0,
    closed: 0,
  };
}

/** Why a request was refused. */
export type Refusal = 'queue-full' | 'no-worker' | 'closed';

export type RefusalCounts = { readonly [Why in Refusal]: number };
