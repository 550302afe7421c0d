/** Counts since the start of a Balancer. */
export interface Counters {
  completed: number;
  failed: number;
  /** Requests taken back from a worker's window before they had started. */
  reclaimed: number;
  /** Requests run again after a crash. */
  retried: number;
  /** Workers taken out as broken. */
  ejected: number;
}
