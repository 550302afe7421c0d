/** Threads of a Balancer since its start. */
export interface ThreadCounts {
  /** Threads that have come up and got requests. */
  readonly started: number;
  /** Threads that have ended. */
  readonly ended: number;
  /** Those of them that the Balancer did not want to end. */
  readonly crashed: number;
}

export class ThreadTally implements ThreadCounts {
  started = 0;
  ended = 0;
  crashed = 0;
}
