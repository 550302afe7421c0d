/**
 * Several Balancers behind one `submit`, chosen by the task's name, after Pipy's `URLRouter`: so that short tasks are kept apart from
 * long ones, or each kind has its own limits.
 */

import { InvalidOptionError, NoRouteError } from './errors/errors.js';
import type { MapOptions, SubmitOptions } from './options/submit.js';
import { invalid } from './options/validate.js';
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
  ): AsyncIterableIterator<Awaited<R>>;
  stats(): unknown;
  close(options?: { timeout?: number }): Promise<void>;
}

/** What `stats()` of a Router gives: by pattern. */
export type RouterStats<Target extends Submitter> = {
  readonly [pattern: string]: ReturnType<Target['stats']>;
};

/**
 * The name that routes go by: of an inline function its own name, `(anonymous)` if it has none; of a module's export
 * the file without folder and extension, then the way to the export, as in `hash/sha256` or `tools/image/resize`. A package has its whole
 * name there, as in `@scope/package/sub/run`.
 */
export function routeName(task: AnyTask): string {
  const target = targetOf(task);
  if (target === undefined) return functionName(task);
  return [moduleName(target), ...target.path].join('/');
}

/**
 * Sends each request to the Balancer whose pattern fits the task's name (see `routeName`).
 *
 * A pattern is a name, or the beginning of one followed by `*`. An exact one comes first, then the longest beginning; `'*'`
 * takes what is left. Several patterns may lead to one Balancer.
 *
 * @example
 * const router = new Router({ 'hash/*': forHashes, '*': forAll })
 * await router.submit(sha256, [bytes])
 *
 * That no route fits is `NoRouteError`; that the Balancer of the route has nobody to run it is its `NoWorkerError`.
 */
export class Router<Target extends Submitter = Submitter> {
  readonly #routes: ReadonlyMap<string, Target>;
  readonly #exact = new Map<string, Target>();
  /** The longest first. */
  readonly #prefixes: readonly (readonly [prefix: string, target: Target])[];
  /** What a function has been routed to: names do not change. */
  readonly #known = new WeakMap<AnyTask, Target>();

  /** @throws InvalidOptionError no routes, a `*` elsewhere than at the end, or a target that cannot be submitted to */
  constructor(routes: Readonly<Record<string, Target>>) {
    this.#routes = checkRoutes(routes);
    const prefixes: [string, Target][] = [];
    for (const [pattern, target] of this.#routes) {
      if (pattern.endsWith('*')) prefixes.push([pattern.slice(0, -1), target]);
      else this.#exact.set(pattern, target);
    }
    this.#prefixes = prefixes.sort(([a], [b]) => b.length - a.length);
  }

  /**
   * Where a task goes: for what a Router does not pass on, such as `ready()` and sessions.
   * @throws NoRouteError
   */
  route(task: AnyTask): Target {
    const known = this.#known.get(task);
    if (known !== undefined) return known;
    const target = this.#find(task);
    if (typeof task === 'function') this.#known.set(task, target);
    return target;
  }

  /** As `Balancer.submit`. Rejects with `NoRouteError` where no route fits; never throws. */
  submit<R>(...call: SubmitBare<R, SubmitOptions>): Promise<Awaited<R>>;
  submit<A extends unknown[], R>(...call: SubmitWith<A, R, SubmitOptions>): Promise<Awaited<R>>;
  submit<F extends AnyTask, const A extends OverloadParameters<F>>(
    ...call: SubmitOverloaded<F, A, SubmitOptions>
  ): Promise<Awaited<OverloadResult<F, A>>>;
  submit(task: AnyTask, args?: readonly unknown[], options?: SubmitOptions): Promise<unknown> {
    let target: Target;
    try {
      target = this.route(task);
    } catch (error) {
      return Promise.reject(error);
    }
    return target.submit(task, args as never, options);
  }

  /** As `Balancer.map`. @throws NoRouteError */
  map<T, R>(
    source: Iterable<T> | AsyncIterable<T>,
    task: (item: T) => R,
    options?: MapOptions,
  ): AsyncIterableIterator<Awaited<R>> {
    return this.route(task).map(source, task, options);
  }

  /** As `Balancer.stream`. @throws NoRouteError */
  stream<T>(...call: SubmitBare<Streamed<T>, SubmitOptions>): AsyncGenerator<Awaited<T>, void, undefined>;
  stream<A extends unknown[], T>(
    ...call: SubmitWith<A, Streamed<T>, SubmitOptions>
  ): AsyncGenerator<Awaited<T>, void, undefined>;
  stream(
    task: AnyTask,
    args?: readonly unknown[],
    options?: SubmitOptions,
  ): AsyncGenerator<unknown, void, undefined> {
    return this.route(task).stream(task as () => Streamed<unknown>, args as never, options);
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
   * Closes all Balancers together; each of them once.
   * @throws what the first of them to fail has thrown, after all of them have ended
   */
  async close(options?: { timeout?: number }): Promise<void> {
    const ends = await Promise.allSettled(
      [...new Set(this.#routes.values())].map((target) => target.close(options)),
    );
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #find(task: AnyTask): Target {
    // What is no function at all is explained by any Balancer.
    if (typeof task !== 'function') return this.#routes.values().next().value as Target;
    const name = routeName(task);
    const exact = this.#exact.get(name);
    if (exact !== undefined) return exact;
    for (const [prefix, target] of this.#prefixes) if (name.startsWith(prefix)) return target;
    throw new NoRouteError(name, [...this.#routes.keys()]);
  }
}

/** A package keeps its name; of a file the base name counts, without its extension. */
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

function checkRoutes<Target extends Submitter>(
  routes: Readonly<Record<string, Target>>,
): Map<string, Target> {
  const isTable = typeof routes === 'object' && routes !== null && !Array.isArray(routes);
  if (!isTable || canSubmit(routes)) {
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
