/** The numbers of several Balancers together. */
import { noOutcomes, type OutcomeCounts, REQUEST_OUTCOMES, type RefusalCounts } from '../ledger/outcome.js';
import type { ThreadCounts } from '../pool/thread-counts.js';
import type { BalancerStats } from './stats.js';

/** Sums of `BalancerStats`; each field means what it does there. */
export interface StatsTotals {
  readonly submitted: number;
  readonly queued: number;
  readonly running: number;
  readonly outcomes: OutcomeCounts;
  /** `no-route`: calls whose task no route of the Router has matched. */
  readonly refusals: RefusalCounts & { readonly 'no-route': number };
  readonly waiting: number;
  readonly pending: number;
  readonly completed: number;
  readonly failed: number;
  readonly reclaimed: number;
  readonly retried: number;
  readonly ejected: number;
  readonly busyTime: number;
  readonly threads: ThreadCounts;
  /** Workers that there are now. */
  readonly workers: number;
}

const SUMMED = [
  'submitted',
  'queued',
  'running',
  'waiting',
  'pending',
  'completed',
  'failed',
  'reclaimed',
  'retried',
  'ejected',
  'busyTime',
] as const;

/** @param unrouted requests that came to none of them */
export function totalsOf(all: readonly BalancerStats[], unrouted: number): StatsTotals {
  const sum = (read: (stats: BalancerStats) => number): number =>
    all.reduce((total, stats) => total + read(stats), 0);
  const sums = Object.fromEntries(SUMMED.map((name) => [name, sum((stats) => stats[name])])) as {
    [Name in (typeof SUMMED)[number]]: number;
  };
  const outcomes = noOutcomes();
  for (const outcome of REQUEST_OUTCOMES) outcomes[outcome] = sum((stats) => stats.outcomes[outcome]);
  outcomes.refused += unrouted;
  return {
    ...sums,
    submitted: sums.submitted + unrouted,
    outcomes,
    refusals: {
      'queue-full': sum(({ refusals }) => refusals['queue-full']),
      'no-worker': sum(({ refusals }) => refusals['no-worker']),
      closed: sum(({ refusals }) => refusals.closed),
      'no-route': unrouted,
    },
    threads: {
      started: sum(({ threads }) => threads.started),
      ended: sum(({ threads }) => threads.ended),
      crashed: sum(({ threads }) => threads.crashed),
    },
    workers: sum(({ workers }) => workers.length),
  };
}
