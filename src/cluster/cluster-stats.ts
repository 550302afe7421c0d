/** What a Cluster tells, and its snapshot: types only. */

/** What a Cluster tells. */
export interface ClusterEvents {
  /** Something went wrong with the engine that concerns no one request; it is tried again. */
  engineError: [error: Error];
  /** There is room again after a request was refused, or somebody waited for it. */
  drain: [];
}

/** A machine, as its Cluster knows it. */
export interface MachineSnapshot {
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  /** Names of the tasks that it serves, as in `hash/sha256`. */
  readonly tasks: readonly string[];
  readonly threads: number;
  /** Jobs that it takes at a time. */
  readonly slots: number;
}

export interface ClusterStats {
  /** Requests that are not settled. */
  readonly pending: number;
  readonly submitted: number;
  readonly completed: number;
  readonly failed: number;
  readonly maxQueue: number;
  /** The engine is in reach. */
  readonly connected: boolean;
  readonly machines: readonly MachineSnapshot[];
}
