/** Counts since the start of a Balancer. */
export interface Counters {
  completed: number;
  failed: number;
  /** Requests taken back from a worker's window before they had started. */
  reclaimed: number;
  /** Requests run again after a crash. */
  retried: number;
  /** Sum of the run times of workers that have ended, in ms. */
  busyTime: number;
  /** Workers taken out as broken. */
  ejected: number;
}
