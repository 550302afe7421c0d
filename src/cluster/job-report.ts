/** What has become of a job on this machine. */
export interface JobReport {
  readonly id: string;
  /** As in `hash/sha256`. */
  readonly task: string;
  /** Items of a chunk; 1 for a single request. */
  readonly items: number;
  /**
   * `cancelled`: its submitter has given it up, or is gone. `left`: to others. `lost`: by more machines
   * before than its `retries` allow; it has not run here, and its submitter is told. Of a chunk that one has
   * lost, the submitter sends what had not run anew.
   */
  readonly outcome: 'fulfilled' | 'rejected' | 'cancelled' | 'left' | 'lost';
  /** Items that failed. */
  readonly failures: number;
  /** Time here, in ms. */
  readonly ms: number;
  /** Why it was rejected. */
  readonly error?: unknown;
}
