/**
 * What a policy sees of a worker: numbers, never the worker itself.
 *
 * The dispatcher owns these objects and changes the numbers; after each change it calls `Policy.update`.
 */
export interface WorkerView {
  /** Unique for the life of a Balancer; never reused. */
  readonly id: number;
  /**
   * Name under which `hash` and `rendezvous` know the worker; unique within the set. Default: the id as a string.
   *
   * A worker that takes another's place under the same label takes over its keys.
   */
  readonly label: string;
  /** Share of the work relative to the others, > 0. Default 1. */
  readonly weight: number;
  /** Requests given to the worker and not yet completed. */
  readonly pending: number;
  /** Expected work left, in ms: the sum of the mean run times of its pending requests. */
  readonly work: number;
  /** Whether it has room for one more request now. Policies that pin ignore it. */
  readonly available: boolean;
}

/** What a policy sees of a request. */
export interface RequestView {
  /** The affinity key given to `submit`, if any. */
  readonly key: string | undefined;
}

/** What came of one run, for policies that learn from it. */
export interface Outcome {
  /** Time from start to end of the run in the worker, in ms. */
  readonly runTime: number;
  /** False when the task threw, timed out or crashed its worker. */
  readonly ok: boolean;
}

/** Time and randomness, so that policies are deterministic under test. */
export interface PolicyContext {
  /** Monotonic time in ms. */
  now(): number;
  /** Uniform in [0, 1). */
  random(): number;
}

/**
 * Who gets the next request.
 *
 * A worker is in the policy's set from `add` to `remove`; only such a worker may be selected. `select` does not
 * change the worker's numbers: the dispatcher raises `pending` and then calls `update`.
 */
export interface Policy {
  /** Name as in the `policy` option. */
  readonly name: string;
  /**
   * True: a request with a `key` stays with the selected worker as long as that stays in the set: reclaim never moves it, and a full worker
   * may be selected. False: a worker that has no room may not be selected.
   */
  readonly pins: boolean;
  /** A worker has come. */
  add(worker: WorkerView): void;
  /** A worker has gone, or is draining. Removing one that is not there does nothing. */
  remove(worker: WorkerView): void;
  /** Chooses a worker for the request, or `undefined`: nobody now, the request waits. */
  select(request: RequestView): WorkerView | undefined;
  /** The worker's numbers have changed. A call for a worker that is not in the set does nothing. */
  update(worker: WorkerView): void;
  /** A run has ended; called only where a policy defines it, before the `update` that follows. */
  observe?(worker: WorkerView, outcome: Outcome): void;
}

/** How many requests would be pending with one more, in units of the worker's weight: what most policies compare. */
export function pendingPerWeight(worker: WorkerView): number {
  return (worker.pending + 1) / worker.weight;
}
