/**
 * Several Balancers behind one `submit`, chosen by the task's name, after Pipy's `URLRouter`. It keeps short
 * tasks apart from long ones, or gives each kind of task its own limits.
 */

import { loopsOf, type OpenLoops, openLoops } from '../calls/open-loops.js';
import { checked, fromCaller, fromProgram } from '../errors/checked.js';
import type { BroadcastOptions } from '../options/broadcast.js';
import type { CloseOptions } from '../options/close.js';
import type { MapOutcome, MapResults } from '../options/outcome.js';
import type { Known, MapOptions, SubmitOptions } from '../options/submit.js';
import { type Observation, observationsOf, observing, unrouted } from '../stats/observation.js';
import { type StatsTotals, totalsOf } from '../stats/totals.js';
import type {
  AnyTask,
  OverloadParameters,
  OverloadResult,
  Stream,
  Streamed,
  Submit,
  SubmitBare,
  SubmitOverloaded,
  SubmitWith,
} from '../tasks/signatures.js';
import { type Broadcast, broadcastToAll, type RoutedOutcome } from './broadcast.js';
import { RouteTable } from './route-table.js';

/** Where a route leads: a Balancer, or another Router. */
export interface Submitter {
  readonly submit: Submit<SubmitOptions>;
  readonly stream: Stream<SubmitOptions>;
  map<T, R>(
    source: Iterable<T> | AsyncIterable<T>,
    task: (item: T) => R,
    options?: MapOptions<Known<T>>,
  ): MapResults<T, Awaited<R>>;
  mapSettled<T, R>(
    source: Iterable<T> | AsyncIterable<T>,
    task: (item: T) => R,
    options?: MapOptions<Known<T>>,
  ): AsyncIterableIterator<MapOutcome<T, Awaited<R>>>;
  stats(): unknown;
  /** See `Balancer.broadcast`. A Router refuses to broadcast where a target has none. */
  readonly broadcast?: Broadcast;
  /** See `Balancer.workersReady`. A target without it counts as ready. */
  workersReady?(): Promise<void>;
  close(options?: CloseOptions): Promise<void>;
}

/** Result of a Router's `stats()`: the snapshots by pattern. */
export type RouterStats<Target extends Submitter> = {
  readonly [pattern: string]: ReturnType<Target['stats']>;
};

/**
 * Sends each request to the Balancer whose pattern matches the task's name (see `routeName`).
 *
 * A pattern is a name, or the beginning of a name followed by `*`; `'*'` matches all names. An exact match
 * wins, then the longest beginning. Several patterns may lead to the same Balancer.
 *
 * @example
 * const router = new Router({ 'hash/*': forHashes, '*': forAll })
 * await router.submit(sha256, [bytes])
 *
 * Without a matching route a request fails with `NoRouteError`. A route's Balancer without workers gives
 * `NoWorkerError`.
 */
export class Router<Target extends Submitter = Submitter> {
  readonly #routes: RouteTable<Target>;
  /** Calls that no route has matched. */
  #unrouted = 0;

  /**
   * @throws InvalidOptionError no routes, a `*` before the end of a pattern, or a target that has no `submit`
   */
  constructor(routes: Readonly<Record<string, Target>>) {
    this.#routes = checked(() => new RouteTable(routes));
  }

  /**
   * The Balancer for a task: for calls that a Router does not have, such as `ready()` and `session()`.
   * @throws NoRouteError
   */
  route(task: AnyTask): Target {
    return checked(() => this.#routes.find(task));
  }

  /** Like `Balancer.submit`. Rejects with `NoRouteError` where no route matches; never throws. */
  submit<R>(...call: SubmitBare<R, SubmitOptions>): Promise<Awaited<R>>;
  submit<A extends unknown[], R>(...call: SubmitWith<A, R, SubmitOptions>): Promise<Awaited<R>>;
  submit<F extends AnyTask, const A extends OverloadParameters<F>>(
    ...call: SubmitOverloaded<F, A, SubmitOptions>
  ): Promise<Awaited<OverloadResult<F, A>>>;
  submit(task: AnyTask, args?: readonly unknown[], options?: SubmitOptions): Promise<unknown> {
    let target: Target;
    try {
      target = this.#routeOf(task);
    } catch (error) {
      return Promise.reject(error);
    }
    return target.submit(task, args as never, options);
  }

  /** Like `Balancer.map`. @throws NoRouteError */
  map<T, R>(
    source: Iterable<T> | AsyncIterable<T>,
    task: (item: T) => R,
    options?: MapOptions<Known<T>>,
  ): MapResults<T, Awaited<R>> {
    return this.#routeOf(task).map(source, task, options);
  }

  /** Like `Balancer.mapSettled`. @throws NoRouteError */
  mapSettled<T, R>(
    source: Iterable<T> | AsyncIterable<T>,
    task: (item: T) => R,
    options?: MapOptions<Known<T>>,
  ): AsyncIterableIterator<MapOutcome<T, Awaited<R>>> {
    return this.#routeOf(task).mapSettled(source, task, options);
  }

  /** Like `Balancer.stream`. @throws NoRouteError */
  stream<T>(...call: SubmitBare<Streamed<T>, SubmitOptions>): AsyncGenerator<Awaited<T>, void, undefined>;
  stream<A extends unknown[], T>(
    ...call: SubmitWith<A, Streamed<T>, SubmitOptions>
  ): AsyncGenerator<Awaited<T>, void, undefined>;
  stream(
    task: AnyTask,
    args?: readonly unknown[],
    options?: SubmitOptions,
  ): AsyncGenerator<unknown, void, undefined> {
    return this.#routeOf(task).stream(task as () => Streamed<unknown>, args as never, options);
  }

  /**
   * Like `Balancer.broadcast`, on every worker of all Balancers, whatever the name of the task: for a new
   * configuration, or for caches. `router.route(task).broadcast(…)` reaches the workers of one Balancer.
   *
   * @returns the outcomes, Balancer by Balancer, each with its `route`
   * @throws InvalidOptionError a target is neither a Balancer nor a Router of Balancers; then nothing was run
   * @throws the error of the first Balancer that has refused, after all others have run the task
   */
  broadcast<R>(...call: SubmitBare<R, BroadcastOptions>): Promise<RoutedOutcome<Awaited<R>>[]>;
  broadcast<A extends unknown[], R>(
    ...call: SubmitWith<A, R, BroadcastOptions>
  ): Promise<RoutedOutcome<Awaited<R>>[]>;
  broadcast<F extends AnyTask, const A extends OverloadParameters<F>>(
    ...call: SubmitOverloaded<F, A, BroadcastOptions>
  ): Promise<RoutedOutcome<Awaited<OverloadResult<F, A>>>[]>;
  broadcast(
    task: AnyTask,
    args?: readonly unknown[],
    options?: BroadcastOptions,
  ): Promise<RoutedOutcome<unknown>[]> {
    return broadcastToAll(this.#routes.byPattern, task, args, options);
  }

  /**
   * Resolves when all workers of all Balancers are ready; see `Balancer.workersReady`.
   * @throws the error of the first Balancer whose workers cannot become ready
   */
  async workersReady(): Promise<void> {
    await Promise.all(this.#routes.targets.map((target) => target.workersReady?.()));
  }

  /** The snapshot of each route's Balancer, by pattern. */
  stats(): RouterStats<Target> {
    return Object.fromEntries(
      Array.from(this.#routes.byPattern, ([pattern, target]) => [
        pattern,
        target.stats() as ReturnType<Target['stats']>,
      ]),
    );
  }

  /**
   * The numbers of all Balancers together, each of them counted once, and those of nested Routers. Targets of
   * other kinds are not counted. A call of `submit`, `stream`, `map` or `mapSettled` that no route matches is
   * one refused request.
   */
  totals(): StatsTotals {
    const all = new Set(this[observing]());
    return totalsOf(
      Array.from(all, (observation) => observation.statsReader()()),
      this[unrouted](),
    );
  }

  /**
   * Closes all Balancers at the same time, each of them once.
   * @throws the error of the first one that failed, after all of them have ended
   */
  async close(options?: CloseOptions): Promise<void> {
    const ends = await Promise.allSettled(this.#routes.targets.map((target) => target.close(options)));
    for (const end of ends) if (end.status === 'rejected') throw fromProgram(end.reason);
  }

  /** @internal For `closeOnSignal`. */
  [openLoops](): readonly OpenLoops[] {
    return this.#routes.targets.flatMap(loopsOf);
  }

  /** @internal For what watches the Balancers. */
  [observing](): readonly Observation[] {
    return this.#routes.targets.flatMap(observationsOf);
  }

  /** @internal For what counts refused requests. */
  [unrouted](): number {
    let sum = 0;
    for (const router of this.#routers()) sum += router.#unrouted;
    return sum;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** This one and those in it. */
  #routers(found = new Set<Router>()): ReadonlySet<Router> {
    found.add(this as unknown as Router);
    for (const target of this.#routes.targets)
      if (target instanceof Router && !found.has(target)) target.#routers(found);
    return found;
  }

  /** Counts a call that no route matches. @throws NoRouteError */
  #routeOf(task: AnyTask): Target {
    try {
      return this.route(task);
    } catch (error) {
      this.#unrouted++;
      throw fromCaller(error, this.#routeOf);
    }
  }
}
