/** What the dashboard knows of one Balancer: it looks at each interval, and keeps the last minutes. */
import type { Metrics, MetricsReader } from '../metrics/snapshot.js';
import { performance } from '../protocol/clock.js';
import type { Observation } from '../stats/observation.js';
import type { BalancerStats } from '../stats/stats.js';
import { Slices } from './slices.js';
import { snapshotOf, type Totals } from './snapshot.js';
import type { Point, PoolUpdate, Slice, Snapshot } from './wire.js';

/** How long points and slices are kept, in ms. */
export const POINT_SPAN_MS = 300_000;
export const SLICE_SPAN_MS = 30_000;

/** A rate over less than that, in ms, is chance. */
const LEAST_INTERVAL_MS = 100;

/** To be added to times of `performance.now()`, to get ms since 1970. */
const EPOCH = Date.now() - performance.now();

export class Feed {
  readonly name: string;
  readonly #stats: () => BalancerStats;
  readonly #metrics: Metrics;
  readonly #reader: MetricsReader;
  readonly #slices = new Slices();
  readonly #stops: (() => void)[];
  /** By the worker's id. */
  #labels: ReadonlyMap<number, string> = new Map();
  #snapshot!: Snapshot;
  #points: Point[] = [];
  #recent: Slice[] = [];
  #last: Totals;
  #lastAt = performance.now();
  #isClosed = false;

  constructor(name: string, observation: Observation) {
    this.name = name;
    this.#stats = observation.statsReader();
    const { metrics, stop } = observation.measure();
    this.#metrics = metrics;
    this.#reader = this.#metrics.reader();
    this.#stops = [observation.observe(this.#slices), stop];
    this.#last = totalsOf(this.#stats());
    this.update(false);
  }

  /**
   * What has changed since the last call. O(workers + tasks + slices).
   * @param measures whether an interval ends, which becomes a point of the charts
   */
  update(measures: boolean): PoolUpdate {
    const now = performance.now();
    const stats = this.#stats();
    const at = now + EPOCH;
    const present = stats.workers.map(({ id, label }) => [id, label] as const);
    // Of a worker that has ended since the last look, only the last look knows.
    const labels = new Map([...this.#labels, ...present]);
    this.#labels = new Map(present);
    const slices = this.#slices.take(EPOCH, (id) => labels.get(id) ?? String(id));
    const snapshot = snapshotOf(stats, {
      at,
      epoch: EPOCH,
      isClosed: this.#isClosed,
      tasks: this.#metrics.snapshot().tasks,
    });
    const isPoint = measures && now - this.#lastAt >= LEAST_INTERVAL_MS;
    const points = isPoint ? [this.#point(stats, now)] : [];
    this.#points = [...this.#points, ...points].filter((point) => point.at > at - POINT_SPAN_MS);
    this.#recent = [...this.#recent, ...slices].filter(
      ([, start, length]) => start + length > at - SLICE_SPAN_MS,
    );
    this.#snapshot = snapshot;
    return { snapshot, points, slices };
  }

  /** All that is kept, up to the last update. */
  get all(): PoolUpdate {
    return { snapshot: this.#snapshot, points: this.#points, slices: this.#recent };
  }

  /** The Balancer is closed: what it has done stays to be seen. */
  closed(): void {
    this.#isClosed = true;
  }

  stop(): void {
    for (const stop of this.#stops) stop();
  }

  #point(stats: BalancerStats, now: number): Point {
    const totals = totalsOf(stats);
    const seconds = (now - this.#lastAt) / 1000;
    const { waitTime, runTime } = this.#reader.read();
    const point = {
      at: Math.round(now + EPOCH),
      fulfilled: (totals.fulfilled - this.#last.fulfilled) / seconds,
      unsuccessful: (totals.unsuccessful - this.#last.unsuccessful) / seconds,
      waitP50: waitTime.count === 0 ? null : waitTime.p50,
      waitP99: waitTime.count === 0 ? null : waitTime.p99,
      runP50: runTime.count === 0 ? null : runTime.p50,
      runP99: runTime.count === 0 ? null : runTime.p99,
    };
    this.#last = totals;
    this.#lastAt = now;
    return point;
  }
}

function totalsOf({ outcomes }: BalancerStats): Totals {
  const all = Object.values(outcomes).reduce((sum, count) => sum + count, 0);
  return { fulfilled: outcomes.fulfilled, unsuccessful: all - outcomes.fulfilled };
}
