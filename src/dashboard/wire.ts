/**
 * What the server sends to the page, as server-sent events: one `hello`, then an `update` at each interval,
 * and `end` when all Balancers are closed. Times are in ms; points in time are of the server's clock, since
 * 1970. There is no `Infinity` in JSON: `null` stands for no limit and for no value.
 */

/** The name of each event, and its data. */
export interface Events {
  readonly hello: Hello;
  readonly update: Update;
  readonly end: Update;
}

/** All that the server knows, so that a page that comes late shows what has been. */
export interface Hello {
  /** Time between two updates. */
  readonly interval: number;
  /** How long points are kept. */
  readonly pointSpan: number;
  /** How long slices are kept. */
  readonly sliceSpan: number;
  readonly process: { readonly pid: number; readonly title: string; readonly node: string };
  readonly pools: readonly (PoolUpdate & { readonly name: string })[];
}

/** What has changed since the last message. One element for each pool, in the order of `Hello.pools`. */
export interface Update {
  readonly at: number;
  readonly pools: readonly PoolUpdate[];
}

export interface PoolUpdate {
  readonly snapshot: Snapshot;
  /** The new points of the charts, the oldest first. */
  readonly points: readonly Point[];
  /** What workers have run since the last message, in no order. */
  readonly slices: readonly Slice[];
}

/** One point of the charts: the interval that ends at `at`. */
export interface Point {
  readonly at: number;
  /** Per second. */
  readonly fulfilled: number;
  /** Per second; all that did not succeed. */
  readonly unsuccessful: number;
  readonly waitP50: number | null;
  readonly waitP99: number | null;
  readonly runP50: number | null;
  readonly runP99: number | null;
}

/** What a worker ran: requests of one task in a row. */
export type Slice = readonly [
  /** The worker's label, which a replacement inherits. */
  label: string,
  start: number,
  duration: number,
  task: string,
  /** How many requests, and how many of these failed. */
  count: number,
  failed: number,
];

export interface Snapshot {
  readonly at: number;
  readonly isClosed: boolean;
  readonly submitted: number;
  readonly outcomes: Outcomes;
  /** How many of those that timed out had not started. */
  readonly timedOutQueued: number;
  /** Requests that count towards `maxQueue`. */
  readonly waiting: number;
  readonly maxQueue: number | null;
  /** Requests in workers' windows, the running ones included. */
  readonly pending: number;
  /** Why no worker can be started. */
  readonly trouble: string | null;
  readonly workers: readonly WorkerRow[];
  readonly tasks: readonly TaskRow[];
}

/** Counts of settled requests. */
export interface Outcomes {
  readonly fulfilled: number;
  readonly failed: number;
  readonly crashed: number;
  readonly timedOut: number;
  readonly aborted: number;
  readonly refused: number;
  readonly closed: number;
}

export interface WorkerRow {
  readonly id: number;
  readonly label: string;
  readonly state: string;
  /** Age of its thread. */
  readonly age: number;
  readonly running: { readonly task: string; readonly since: number } | null;
  readonly pending: number;
  readonly completed: number;
  readonly failed: number;
  /** Share of the last interval in which it ran something, 0 to 1. */
  readonly utilisation: number;
  /** In bytes. */
  readonly heap: number | null;
  /** How often a thread of this label has been started anew. */
  readonly restarts: number;
}

export interface TaskRow {
  readonly name: string;
  readonly count: number;
  readonly failed: number;
  /** Sum of the run times. */
  readonly busy: number;
  readonly runP50: number | null;
  readonly runP99: number | null;
  readonly waitP99: number | null;
  readonly bytesIn: number | null;
  readonly bytesOut: number | null;
}
