/** What the histograms of a Balancer give, as plain data. */
import type { OutcomeCounts } from '../ledger/outcome.js';
import type { Distribution } from './histogram.js';

/** The load of one task. All functions of a name are one task. */
export interface TaskMetrics {
  readonly task: string;
  /** Runs that have ended; each item of a `map` counts as one, when its chunk is over. */
  readonly count: number;
  /** How many of them have failed. */
  readonly failed: number;
  /** What became of requests: over all tasks, the same sums as in `stats()`. Each item of a `map` counts as one. */
  readonly outcomes: OutcomeCounts;
  /** From submit to the start of the run, in ms. */
  readonly waitTime: Distribution;
  /** In ms. */
  readonly runTime: Distribution;
  /** Bytes of arguments and of results, estimated. */
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** What has been counted in an interval. */
export interface MetricsSnapshot {
  /** When the interval began and ended, in ms of `performance.now()`. */
  readonly from: number;
  readonly to: number;
  /** Of all tasks together, in ms. */
  readonly waitTime: Distribution;
  readonly runTime: Distribution;
  /** The task with the most run time first. */
  readonly tasks: readonly TaskMetrics[];
}

/** Reads what has been counted since its last reading. Any number of readers do not disturb each other. */
export interface MetricsReader {
  /** What has been counted since the last `read`; the first time, since the reader was made. */
  read(): MetricsSnapshot;
}

/** The histograms of a Balancer. */
export interface Metrics {
  /** What has been counted since the start, or the last `reset`. */
  snapshot(): MetricsSnapshot;
  /** `snapshot` begins anew. Readers keep their places. */
  reset(): void;
  /** A reader whose first interval begins now. */
  reader(): MetricsReader;
}
