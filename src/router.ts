/**
 * Several Balancers behind one `submit`, chosen by the task's name, after Pipy's `URLRouter`. It keeps short
 * tasks apart from long ones, or gives each kind of task its own limits.
 */

import { loopsOf, type OpenLoops, openLoops } from './calls/open-loops.js';
import { InvalidOptionError, NoRouteError } from './errors/errors.js';
import type { BroadcastOptions } from './options/broadcast.js';
import type { MapOutcome, MapResults } from './options/outcome.js';
import type { CloseOptions, MapOptions, SubmitOptions } from './options/submit.js';
import { invalid, isRecord } from './options/validate.js';
import { type Broadcast, broadcastToAll, type RoutedOutcome } from './router-broadcast.js';
import { type Observation, observationsOf, observing, unrouted } from './stats/observation.js';
import { type StatsTotals, totalsOf } from './stats/totals.js';
import { type TaskTarget, targetOf } from './tasks/handles.js';
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
} from './tasks/signatures.js';
import { functionName } from './tasks/source/name.js';

/** Where a route leads: a Balancer, or another Router. */
export interface Submitter {
  readonly submit: Submit<SubmitOptions>;
  readonly stream: Stream<SubmitOptions>;
  map<T, R>(
    source: Iterable<T> | AsyncIterable<T>,
    task: (item: T) => R,
    options?: MapOptions,
  ): MapResults<T, Awaited<R>>;
  mapSettled<T, R>(
    source: Iterable<T> | AsyncIterable<T>,
    task: (item: T) => R,
    options?: MapOptions,
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
 * The name that patterns are compared with. Inline functions: the function's own name, or `(anonymous)`.
 * Exports of a module: the file name without extension, then the path of the export, as in `hash/sha256` or
 * `tools/image/resize`. Exports of a package: its full name, then the path of the export, as in
 * `@scope/package/sub/run`.
 */
export function routeName(task: AnyTask): string {
  const target = targetOf(task);
  if (target === undefined) return functionName(task);
  return [moduleName(target), ...target.path].join('/');
}

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
  readonly #routes: ReadonlyMap<string, Target>;
  readonly #exact = new Map<string, Target>();
  /** The longest first. */
  readonly #prefixes: readonly (readonly [prefix: string, target: Target])[];
  /** Calls that no route has matched. */
  #unrouted = 0;
  /** Cached results: the name of a function does not change. */
  readonly #known = new WeakMap<AnyTask, Target>();

  /**
   * @throws InvalidOptionError no routes, a `*` before the end of a pattern, or a target that has no `submit`
   */
  constructor(routes: Readonly<Record<string, Target>>) {
    this.#routes = resolveRoutes(routes);
    const prefixes: [string, Target][] = [];
    for (const [pattern, target] of this.#routes) {
      if (pattern.endsWith('*')) prefixes.push([pattern.slice(0, -1), target]);
      else this.#exact.set(pattern, target);
    }
    this.#prefixes = prefixes.sort(([a], [b]) => b.length - a.length);
  }

  /**
   * The Balancer for a task: for calls that a Router does not have, such as `ready()` and `session()`.
   * @throws NoRouteError
   */
  route(task: AnyTask): Target {
    const known = this.#known.get(task);
    if (known !== undefined) return known;
    const target = this.#find(task);
    if (typeof task === 'function') this.#known.set(task, target);
    return target;
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
    options?: MapOptions,
  ): MapResults<T, Awaited<R>> {
    return this.#routeOf(task).map(source, task, options);
  }

  /** Like `Balancer.mapSettled`. @throws NoRouteError */
  mapSettled<T, R>(
    source: Iterable<T> | AsyncIterable<T>,
    task: (item: T) => R,
    options?: MapOptions,
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
    return broadcastToAll(this.#routes, task, args, options);
  }

  /**
   * Resolves when all workers of all Balancers are ready; see `Balancer.workersReady`.
   * @throws the error of the first Balancer whose workers cannot become ready
   */
  async workersReady(): Promise<void> {
    await Promise.all([...new Set(this.#routes.values())].map((target) => target.workersReady?.()));
  }

  /** The snapshot of each route's Balancer, by pattern. */
  stats(): RouterStats<Target> {
    return Object.fromEntries(
      Array.from(this.#routes, ([pattern, target]) => [
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
    const ends = await Promise.allSettled(
      [...new Set(this.#routes.values())].map((target) => target.close(options)),
    );
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  }

  /** @internal For `closeOnSignal`. */
  [openLoops](): readonly OpenLoops[] {
    return [...new Set(this.#routes.values())].flatMap(loopsOf);
  }

  /** @internal For what watches the Balancers. */
  [observing](): readonly Observation[] {
    return [...new Set(this.#routes.values())].flatMap(observationsOf);
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
    for (const target of this.#routes.values())
      if (target instanceof Router && !found.has(target)) target.#routers(found);
    return found;
  }

  /** Counts a call that no route matches. @throws NoRouteError */
  #routeOf(task: AnyTask): Target {
    try {
      return this.route(task);
    } catch (error) {
      this.#unrouted++;
      throw error;
    }
  }

  #find(task: AnyTask): Target {
    // Any Balancer explains why this is not a task.
    if (typeof task !== 'function') return this.#routes.values().next().value as Target;
    const name = routeName(task);
    const exact = this.#exact.get(name);
    if (exact !== undefined) return exact;
    for (const [prefix, target] of this.#prefixes) if (name.startsWith(prefix)) return target;
    throw new NoRouteError(name, [...this.#routes.keys()]);
  }
}

/** The full name of a package; the base name of a file, without its extension. */
function moduleName({ url }: TaskTarget): string {
  if (!/^[a-z][a-z\d+.-]*:/i.test(url)) return url;
  if (url.startsWith('data:')) return 'data:';
  const file = url.replace(/[?#].*$/s, '').replace(/^.*\//s, '');
  try {
    return decodeURIComponent(file).replace(/(?<=.)\.[^.]*$/s, '');
  } catch {
    return file;
  }
}

function resolveRoutes<Target extends Submitter>(
  routes: Readonly<Record<string, Target>>,
): Map<string, Target> {
  if (!isRecord(routes) || canSubmit(routes)) {
    throw invalid('Router routes', routes, "an object of patterns and Balancers, as in { '*': balancer }");
  }
  const entries = Object.entries(routes);
  if (entries.length === 0) throw new InvalidOptionError('Router routes', 'no routes', 'at least one');
  for (const [pattern, target] of entries) {
    const star = pattern.indexOf('*');
    if (pattern === '' || (star >= 0 && star < pattern.length - 1)) {
      throw new InvalidOptionError(
        'Router routes',
        `the pattern '${pattern}'`,
        "a task's name, or its beginning and a *",
      );
    }
    if (!canSubmit(target)) {
      throw invalid(`Router routes['${pattern}']`, target, 'a Balancer or a Router');
    }
  }
  return new Map(entries);
}

function canSubmit(target: unknown): boolean {
  const { submit, close } = (target ?? {}) as Partial<Submitter>;
  return typeof submit === 'function' && typeof close === 'function';
}
