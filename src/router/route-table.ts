/** The routes of a Router: patterns, and where they lead. */
import { InvalidOptionError, NoRouteError } from '../errors/errors.js';
import { invalid, isRecord, ownValue } from '../options/validate.js';
import type { AnyTask } from '../tasks/signatures.js';
import { routeName } from './route-name.js';

/** What a route may lead to, as far as it is looked at here. */
interface Receiver {
  readonly submit: unknown;
  readonly close: unknown;
}

export class RouteTable<Target extends Receiver> {
  readonly byPattern: ReadonlyMap<string, Target>;
  readonly #exact = new Map<string, Target>();
  /** The longest first. */
  readonly #prefixes: readonly (readonly [prefix: string, target: Target])[];
  /** Cached results: the name of a function does not change. */
  readonly #known = new WeakMap<AnyTask, Target>();

  /**
   * @throws InvalidOptionError no routes, a `*` before the end of a pattern, or a target that has no `submit`
   */
  constructor(routes: Readonly<Record<string, Target>>) {
    this.byPattern = resolveRoutes(routes);
    const prefixes: [string, Target][] = [];
    for (const [pattern, target] of this.byPattern) {
      if (pattern.endsWith('*')) prefixes.push([pattern.slice(0, -1), target]);
      else this.#exact.set(pattern, target);
    }
    this.#prefixes = prefixes.sort(([a], [b]) => b.length - a.length);
  }

  /** Where the routes lead, each once. */
  get targets(): Target[] {
    return [...new Set(this.byPattern.values())];
  }

  /** Where a task goes. @throws NoRouteError */
  find(task: AnyTask): Target {
    const known = this.#known.get(task);
    if (known !== undefined) return known;
    const target = this.#find(task);
    if (typeof task === 'function') this.#known.set(task, target);
    return target;
  }

  #find(task: AnyTask): Target {
    // Any Balancer explains why this is not a task.
    if (typeof task !== 'function') return this.byPattern.values().next().value as Target;
    const name = routeName(task);
    const exact = this.#exact.get(name);
    if (exact !== undefined) return exact;
    for (const [prefix, target] of this.#prefixes) if (name.startsWith(prefix)) return target;
    throw new NoRouteError(name, [...this.byPattern.keys()]);
  }
}

function resolveRoutes<Target extends Receiver>(
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
  if (!isRecord(target)) return false;
  return typeof ownValue(target, 'submit') === 'function' && typeof ownValue(target, 'close') === 'function';
}
