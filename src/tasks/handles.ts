/** Typed handles for the exports of a module that is loaded only in the workers. */
import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import { types } from 'node:util';
import { checked, fromCaller } from '../errors/checked.js';
import { InvalidOptionError, NotAFunctionError } from '../errors/errors.js';
import { invalid } from '../options/validate.js';
import { entryUrl } from './entry-url.js';

/**
 * The functions of a module as handles, with their signatures, nested objects included. Without `then`, which
 * would turn the handles into promises.
 * @typeParam T the module's namespace, as in `typeof import('./hash.js')`
 */
export type Tasks<T> = {
  readonly [K in keyof T as K extends 'then'
    ? never
    : T[K] extends TaskFunction | object
      ? K
      : never]: T[K] extends TaskFunction
    ? T[K]
    : T[K] extends PromiseLike<infer F extends TaskFunction>
      ? F
      : Tasks<T[K]>;
};

// biome-ignore lint/suspicious/noExplicitAny: any function whatever, as only `any` allows
type TaskFunction = (...args: any[]) => any;

/** Where a handle points. */
export interface TaskTarget {
  /** The argument of `import()`: a URL, or a package's name, which is resolved from `base`. */
  readonly url: string;
  /** Property names that lead from the module's namespace to the function. */
  readonly path: readonly string[];
  /** File URL from which a package's name is resolved: the program's entry file. */
  readonly base: string;
  /** What it is called, where that is not its address. */
  readonly name: string | undefined;
}

/** A registered symbol, so that a second copy of this package in the program recognises handles, too. */
const TARGET = Symbol.for('leastwork.task');

/**
 * Creates handles for a module's functions, to be passed to `submit`. The module is not loaded here: each
 * worker loads it once, when it first runs one of its functions.
 *
 * @example
 * const { sha256 } = tasks<typeof import('./hash.js')>(new URL('./hash.js', import.meta.url))
 * await balancer.submit(sha256, [bytes])
 *
 * Nested objects work (`tasks(url).image.resize`), and so do default exports (`tasks(url).default`), promises
 * of functions, CommonJS modules, and TypeScript if the program runs with a loader for it.
 * @param module a file or data URL, an absolute path, or a package's name with or without a subpath. Packages
 *   are resolved from the program's entry file
 * @throws InvalidOptionError for a relative path, since it is ambiguous
 */
export function tasks<T = Record<string, TaskFunction>>(module: URL | string): Tasks<T> {
  const url = checked(() => specifierOf(module));
  return namespaceOf({ url, path: [], base: entryUrl(), name: undefined }) as Tasks<T>;
}

/** Where a handle points; `undefined` for anything else. */
export function targetOf(task: object): TaskTarget | undefined {
  try {
    const target: unknown = (task as { [TARGET]?: unknown })[TARGET];
    // The symbol is registered, so any program may have put any value there.
    return target !== undefined && isTarget(target) ? target : undefined;
  } catch {
    // A proxy whose traps throw.
    return undefined;
  }
}

function isTarget(value: unknown): value is TaskTarget {
  const { url, path, base, name } = (value ?? {}) as Partial<TaskTarget>;
  const areTexts = typeof url === 'string' && typeof base === 'string' && Array.isArray(path);
  return (
    areTexts &&
    (name === undefined || typeof name === 'string') &&
    path.every((key) => typeof key === 'string')
  );
}

/**
 * The same task under another name: that of the function for which it stands, in stats, traces and errors. It
 * is a task of its own.
 */
export function called<F extends object>(handle: F, name: string): F {
  return namespaceOf({ ...(targetOf(handle) as TaskTarget), name }) as F;
}

/** For messages, as in `hash.js#sha256`. */
export function targetName({ url, path, name }: TaskTarget): string {
  if (name !== undefined) return name;
  const file = url.startsWith('data:') ? 'data:' : lastPart(url);
  return path.length === 0 ? file : `${file}#${path.join('.')}`;
}

function lastPart(url: string): string {
  // Packages are called by their full name.
  if (!/^[a-z][a-z\d+.-]*:/i.test(url)) return url;
  const file = url.replace(/[?#].*$/s, '').replace(/^.*\//s, '');
  try {
    return decodeURIComponent(file);
  } catch {
    return file;
  }
}

/**
 * The address of a module that workers will load. Takes the same modules as `tasks`.
 * @param option names the option in errors
 */
export function moduleAddress(module: unknown, option: string): { name: string; url: string; base: string } {
  const url = specifierOf(module, option);
  return { name: lastPart(url), url, base: entryUrl() };
}

function specifierOf(module: unknown, option = 'tasks(module)'): string {
  if (module instanceof URL) return module.href;
  if (typeof module !== 'string' || module === '') {
    const allowed = 'a URL, an absolute path or a package name';
    throw types.isModuleNamespaceObject(module)
      ? new InvalidOptionError(option, 'a module that is loaded here', allowed)
      : invalid(option, module, allowed);
  }
  if (isAbsolute(module)) return pathToFileURL(module).href;
  if (/^\.{1,2}(?:[/\\]|$)/.test(module)) {
    throw new InvalidOptionError(
      option,
      `the relative path '${module}'`,
      `new URL('${module}', import.meta.url), or path.join(__dirname, '${module}') in CommonJS, which say from where it is meant`,
    );
  }
  return module;
}

/**
 * Handles of modules, objects and functions are alike, since only a worker knows which of them are functions.
 */
function namespaceOf(target: TaskTarget): object {
  const handles = new Map<string, object>();
  // Its name is what inspecting it prints.
  const handle = { [targetName(target)]: () => refuse(target) }[targetName(target)] as () => never;
  return new Proxy(handle, {
    // Without a prototype: what that has been polluted with would be traps.
    __proto__: null,
    get(own, key) {
      if (key === TARGET) return target;
      if (typeof key === 'symbol') return Reflect.get(own, key);
      // `await handle` must not treat it as a promise.
      if (key === 'then') return undefined;
      let part = handles.get(key);
      if (part === undefined) {
        part = namespaceOf({ ...target, path: [...target.path, key] });
        handles.set(key, part);
      }
      return part;
    },
    has: (own, key) => key === TARGET || Reflect.has(own, key),
    apply: (_own, of) => {
      const answer = typeof of === 'function' ? ANSWERS.get(target.path.at(-1)) : undefined;
      return answer === undefined ? refuse(target) : answer(of);
    },
    construct: () => refuse(target),
    set: () => false,
    defineProperty: () => false,
    deleteProperty: () => false,
    setPrototypeOf: () => false,
  } as ProxyHandler<() => never>);
}

/**
 * Methods that the language and tools call on any function. Handles of these names answer like functions, and
 * can be submitted.
 */
const ANSWERS = new Map<string | undefined, (of: unknown) => unknown>([
  ['toString', (of) => Function.prototype.toString.call(of)],
  ['valueOf', (of) => of],
  // JSON leaves functions out.
  ['toJSON', () => undefined],
]);

function refuse(target: TaskTarget): never {
  const error = new NotAFunctionError(
    `'${targetName(target)}' stands for a function in the workers and cannot be called here: use balancer.submit(task, [arguments])`,
  );
  throw fromCaller(error, refuse);
}
