/** What a Balancer counts since its start. */
export interface Counters {
  submitted: number;
  completed: number;
  failed: number;
  /** Requests taken back from one worker's window for another. */
  reclaimed: number;
  /** Requests run again after a crash. */
  retried: number;
  /** Workers taken out as broken. */
  ejected: number;
}
