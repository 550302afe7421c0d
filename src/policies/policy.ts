/**
 * A worker as policies see it: numbers, never the worker itself.
 *
 * The dispatcher owns these objects and changes their numbers; after each change it calls `Policy.update`.
 */
export interface WorkerView {
  /** Unique within the Balancer, never reused. */
  readonly id: number;
  /**
   * Name by which `hash` and `rendezvous` assign keys; unique within the set. A worker that replaces another
   * one gets its label, and so its keys.
   */
  readonly label: string;
  /** Share of the work relative to the others, > 0; mostly 1. */
  readonly weight: number;
  /** Requests that were given to the worker and have not completed. */
  readonly pending: number;
  /** Expected work left, in ms: the sum of the mean run times of its pending requests. */
  readonly work: number;
  /** Whether its window can take one more request now. Policies that pin ignore it. */
  readonly available: boolean;
}

/** A request as policies see it. */
export interface RequestView {
  /** The affinity key given to `submit`, if any. */
  readonly key: string | undefined;
}

/** The outcome of one run, for policies that learn from it. */
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
 * Decides which worker gets the next request.
 *
 * A worker is in the policy's set from `add` to `remove`; only such a worker may be selected. `select` does
 * not change the worker's numbers: the dispatcher raises `pending` and then calls `update`.
 */
export interface Policy {
  /** Name for messages, as in the `policy` option. */
  readonly name: string;
  /**
   * True: a full worker may be selected, and a request with a `key` stays with the selected worker for as
   * long as that is in the set. False: only available workers may be selected, and waiting requests may move
   * to another worker.
   */
  readonly pins: boolean;
  /** A worker has joined the set. */
  add(worker: WorkerView): void;
  /** A worker has ended, or is draining. Does nothing for a worker that is not in the set. */
  remove(worker: WorkerView): void;
  /**
   * Chooses a worker for the request; `undefined`: no worker now. Then the request waits, and those behind it
   * go on. It is offered again at later passes: after completions, when a worker comes, and upon
   * `Balancer.offer()`.
   */
  select(request: RequestView): WorkerView | undefined;
  /** The worker's numbers have changed. Does nothing for a worker that is not in the set. */
  update(worker: WorkerView): void;
  /** A run has ended; optional. Called before the `update` that follows. */
  observe?(worker: WorkerView, outcome: Outcome): void;
}

/** The number of pending requests with one more, divided by the weight: most policies compare it. */
export function pendingPerWeight(worker: WorkerView): number {
  return (worker.pending + 1) / worker.weight;
}
