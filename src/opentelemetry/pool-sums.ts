/**
 * The numbers of Balancers by their name, for instruments that are read: all of a name are one series, and an
 * instrument keeps but the last value that it is told of a series. What a Balancer has counted stays when it
 * ends: counters never fall, and they may be read only after that.
 */
import { noOutcomes, type OutcomeCounts, REQUEST_OUTCOMES } from '../ledger/outcome.js';
import type { Observation } from '../stats/observation.js';
import type { BalancerStats } from '../stats/stats.js';
import { COUNTED_STATES, workersByState } from '../stats/worker-stats.js';

type Counts = { -readonly [Outcome in keyof OutcomeCounts]: number };

/** All Balancers of one name together. */
export interface PoolSum {
  readonly outcomes: Counts;
  readonly workers: Map<string, number>;
  waiting: number;
  running: number;
  /** Sum of those that have one; `undefined`: none ever had one. */
  maxQueue: number | undefined;
}

/** What stays of Balancers that have ended. */
interface Ended {
  readonly outcomes: Counts;
  hadLimit: boolean;
}

/** Names of Balancers that have all ended, and are still told. Beyond it, the oldest is forgotten. */
const MOST_ENDED = 1_000;

export class PoolSums {
  readonly #open = new Map<Observation, () => BalancerStats>();
  readonly #ended = new Map<string, Ended>();
  /** What has gone into `#ended` of a Balancer: it may be measured again. */
  readonly #counted = new WeakMap<Observation, OutcomeCounts>();

  /** Counts a Balancer in from now on. @returns ends that: what it has counted stays */
  add(observation: Observation): () => void {
    const stats = observation.statsReader();
    this.#open.set(observation, stats);
    return () => {
      if (this.#open.delete(observation)) this.#end(observation, stats());
    };
  }

  /** By name. O(Balancers × workers). */
  read(): ReadonlyMap<string, PoolSum> {
    const sums = new Map<string, PoolSum>();
    for (const [name, { outcomes, hadLimit }] of this.#ended) {
      const sum = empty();
      add(sum.outcomes, outcomes);
      if (hadLimit) sum.maxQueue = 0;
      sums.set(name, sum);
    }
    for (const [observation, read] of this.#open) {
      const stats = read();
      const sum = sums.get(stats.name) ?? empty();
      sums.set(stats.name, sum);
      add(sum.outcomes, stats.outcomes, this.#counted.get(observation));
      sum.waiting += stats.waiting;
      sum.running += stats.running;
      if (stats.maxQueue !== undefined) sum.maxQueue = (sum.maxQueue ?? 0) + stats.maxQueue;
      for (const [state, count] of workersByState(stats.workers))
        sum.workers.set(state, (sum.workers.get(state) ?? 0) + count);
    }
    return sums;
  }

  #end(observation: Observation, { name, outcomes, maxQueue }: BalancerStats): void {
    const ended = this.#ended.get(name) ?? { outcomes: noOutcomes(), hadLimit: false };
    add(ended.outcomes, outcomes, this.#counted.get(observation));
    ended.hadLimit ||= maxQueue !== undefined;
    this.#counted.set(observation, outcomes);
    // The youngest is the last.
    this.#ended.delete(name);
    this.#ended.set(name, ended);
    const [oldest] = this.#ended.keys();
    if (this.#ended.size > MOST_ENDED && oldest !== undefined) this.#ended.delete(oldest);
  }
}

function empty(): PoolSum {
  const workers = new Map<string, number>(COUNTED_STATES.map((state) => [state, 0]));
  return { outcomes: noOutcomes(), workers, waiting: 0, running: 0, maxQueue: undefined };
}

/** @param less what is not to be added of them */
function add(sum: Counts, counts: OutcomeCounts, less: OutcomeCounts = noOutcomes()): void {
  for (const outcome of REQUEST_OUTCOMES) sum[outcome] += counts[outcome] - less[outcome];
}
