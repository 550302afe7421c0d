/** Threads of a Balancer since its start. Those that there are now are `started - ended`. */
export interface ThreadCounts {
  /** Threads that were started, whether or not they have come up. */
  readonly started: number;
  /** Those of them that have ended. */
  readonly ended: number;
  /** Those of the ended ones that the Balancer did not want to end. */
  readonly crashed: number;
}
