/** Typed handles for the exports of a module, which is loaded in the workers only. */
import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import { types } from 'node:util';
import { InvalidOptionError, NotAFunctionError } from '../errors/errors.js';
import { invalid } from '../options/validate.js';
import { entryUrl } from './entry-url.js';

/**
 * The functions of a module, as handles: keeps the signature of each function, and nested objects of functions. But for `then`, which
 * would make a promise of them.
 * @typeParam T the module's namespace, as in `typeof import('./hash.js')`
 */
export type Tasks<T> = {
  readonly [K in keyof T as K extends 'then'
    ? never
    : T[K] extends TaskFunction | object
      ? K
      : never]: T[K] extends TaskFunction ? T[K] : Tasks<T[K]>;
};

// biome-ignore lint/suspicious/noExplicitAny: any function whatever, as only `any` allows
type TaskFunction = (...args: any[]) => any;

/** Where a handle points. */
export interface TaskTarget {
  /** What to `import()`: a URL, or a package's name that is resolved from `base`. */
  readonly url: string;
  /** The way from the module's namespace to the function. */
  readonly path: readonly string[];
  /** File URL from which a package's name is resolved. */
  readonly base: string;
}

/** Registered, so that a second copy of this package in the program knows a handle as well. */
const TARGET = Symbol.for('leastwork.task');

/**
 * Makes handles for a module's functions, to be given to `submit`. Loads nothing here; each worker loads the module
 * once, when it first runs one of its functions.
 *
 * @example
 * const { sha256 } = tasks<typeof import('./hash.js')>(new URL('./hash.js', import.meta.url))
 * await balancer.submit(sha256, [bytes])
 *
 * Nested objects work (`tasks(url).image.resize`), as do default exports (`tasks(url).default`), CommonJS modules
 * and, where the program runs with a loader for it, TypeScript.
 * @param module a file or data URL, an absolute path, or a package's name with or without a subpath, which is resolved
 *   as from the program's entry file
 * @throws InvalidOptionError for a relative path, which could be meant from several places
 */
export function tasks<T = Record<string, TaskFunction>>(module: URL | string): Tasks<T> {
  return namespaceOf({ url: specifierOf(module), path: [], base: entryUrl() }) as Tasks<T>;
}

/** Where a handle points; `undefined` for anything that is not a handle. */
export function targetOf(task: object): TaskTarget | undefined {
  try {
    const target: unknown = (task as { [TARGET]?: unknown })[TARGET];
    // The symbol is registered, so anybody can have put anything there.
    return target !== undefined && isTarget(target) ? target : undefined;
  } catch {
    // A proxy whose traps throw.
    return undefined;
  }
}

function isTarget(value: unknown): value is TaskTarget {
  const { url, path, base } = (value ?? {}) as Partial<TaskTarget>;
  const areTexts = typeof url === 'string' && typeof base === 'string' && Array.isArray(path);
  return areTexts && path.every((key) => typeof key === 'string');
}

/** For messages, as in `hash.js#sha256`. */
export function targetName({ url, path }: TaskTarget): string {
  const file = url.startsWith('data:') ? 'data:' : lastPart(url);
  return path.length === 0 ? file : `${file}#${path.join('.')}`;
}

function lastPart(url: string): string {
  // A package's name is told whole.
  if (!/^[a-z][a-z\d+.-]*:/i.test(url)) return url;
  const file = url.replace(/[?#].*$/s, '').replace(/^.*\//s, '');
  try {
    return decodeURIComponent(file);
  } catch {
    return file;
  }
}

/**
 * Where a module is that a worker is to load; as for `tasks`.
 * @param option what to call it in an error
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
      `new URL('${module}', import.meta.url), which says from where it is meant`,
    );
  }
  return module;
}

/** The module itself is no function, but its parts are made alike: which of them are functions only a worker knows. */
function namespaceOf(target: TaskTarget): object {
  const handles = new Map<string, object>();
  // Named, so that it prints as what it is.
  const handle = { [targetName(target)]: () => refuse(target) }[targetName(target)] as () => never;
  return new Proxy(handle, {
    get(own, key) {
      if (key === TARGET) return target;
      if (typeof key === 'symbol') return Reflect.get(own, key);
      // `await handle` must not take it for a promise.
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
  });
}

/** What the language and tools ask of any function. A handle of such a name answers as a function does, and may be submitted as well. */
const ANSWERS = new Map<string | undefined, (of: unknown) => unknown>([
  ['toString', (of) => Function.prototype.toString.call(of)],
  ['valueOf', (of) => of],
  // As of any function: it is left out of JSON.
  ['toJSON', () => undefined],
]);

function refuse(target: TaskTarget): never {
  throw new NotAFunctionError(
    `'${targetName(target)}' stands for a function in the workers and cannot be called here: use balancer.submit(task, [arguments])`,
  );
}
