import { didYouMean } from '../../src/errors/did-you-mean.js';
import { TaskNotFoundError } from '../../src/errors/errors.js';
import { messageOf } from '../../src/errors/printing.js';
import type { ModuleAddress, ModuleDefinition } from '../../src/protocol/messages.js';
import { loadCommonJs } from './common-js.js';
import { awaitDescriptor, wasForWantOfDescriptors } from './descriptors.js';
import { importFrom } from './importer.js';
import { syntaxErrorPlace } from './syntax-errors.js';
import type { TaskFunction } from './task-function.js';
import { switchOnTsx } from './tsx.js';
import { importTyped } from './typescript/load.js';
import { typedFile, typedTwin } from './typescript/resolve.js';

/** The modules that this thread has loaded, by base and URL. */
const loaded = new Map<string, unknown>();

/** The same for all copies of this file in the thread, in the order of loading: for `teardown`. */
const MODULES = Symbol.for('leastwork.modules');
const holder = globalThis as { [MODULES]?: Set<unknown> };

/** The namespaces of all modules that this thread has loaded for tasks or as preload, the first one first. */
export function loadedModules(): Set<unknown> {
  holder[MODULES] ??= new Set();
  return holder[MODULES];
}

/**
 * The function that a task's module exports: at once if this thread has loaded the module, else as a promise.
 * (`import()` of a loaded module may take turns of the event loop: a custom loader asks another thread.)
 * @throws TaskNotFoundError the module does not load (`cause` says why), or has no such function
 */
export function loadExport(definition: ModuleDefinition): TaskFunction | Promise<TaskFunction> {
  const namespace = loaded.get(keyOf(definition));
  if (namespace !== undefined) return findExport(definition, namespace);
  return loadModule(definition).then((fresh) => findExport(definition, fresh));
}

function keyOf({ url, base }: ModuleAddress): string {
  return `${base}\n${url}`;
}

function findExport(definition: ModuleDefinition, namespace: unknown): TaskFunction | Promise<TaskFunction> {
  for (const root of rootsOf(namespace)) {
    const found = follow(definition, root, namespace);
    if (found !== undefined) return found;
  }
  throw new TaskNotFoundError(missingMessage(definition, namespace));
}

/** Errors that say nothing of the module: there was no file descriptor, and this thread cannot try again. */
const undecided = new WeakSet<object>();

/** Whether `loadModule` has thrown this error only for want of descriptors. */
export function isUndecided(error: unknown): boolean {
  return isObject(error) && undecided.has(error);
}

/** Loads a module, if this thread has not yet. @throws TaskNotFoundError it does not load */
export async function loadModule(address: ModuleAddress): Promise<unknown> {
  const { url, base, name } = address;
  let isRepeated = false;
  const load = async (): Promise<unknown> => {
    const waiting = awaitDescriptor();
    if (waiting !== undefined) await waiting;
    await switchOnTsx(base);
    return await importEither(url, base);
  };
  try {
    const namespace = await load().catch((error) => {
      if (!wasForWantOfDescriptors(error)) throw error;
      isRepeated = true;
      return load();
    });
    loaded.set(keyOf(address), namespace);
    loadedModules().add(namespace);
    return namespace;
  } catch (error) {
    const why = `${messageOf(error)}${syntaxErrorPlace(error, url)}`;
    const failure = new TaskNotFoundError(`task '${name}': its module ${url} does not load: ${why}`, {
      cause: error,
    });
    if (isRepeated) undecided.add(failure);
    throw failure;
  }
}

/** Imports JavaScript or TypeScript. */
async function importEither(url: string, base: string): Promise<unknown> {
  const file = typedFile(url);
  if (file !== undefined) return importTyped(url, file, base);
  try {
    return loadCommonJs(url) ?? (await importFrom(base)(url));
  } catch (error) {
    const twin = typedTwin(url);
    if (twin === undefined) throw error;
    return importTyped(twin, typedFile(twin) as string, base);
  }
}

/**
 * The objects that may hold the exports: the namespace, and a CommonJS module's `module.exports`, which is
 * its `default`. Node copies to the namespace only names that a scan of the text finds. If both have a name,
 * `module.exports` comes first, so that its functions get it as `this`. It may have a `default` of its own,
 * put there by a compiler.
 */
function rootsOf(namespace: unknown): unknown[] {
  const exports = peek(namespace, 'default');
  if (!isObject(exports)) return [namespace];
  const own = new Set(keysOf(exports));
  own.delete('default');
  const isCommonJS = keysOf(namespace).some(
    (key) => own.has(key) && peek(exports, key) === peek(namespace, key),
  );
  return isCommonJS ? [exports, namespace] : [namespace, exports];
}

function follow(
  { name, url, path }: ModuleDefinition,
  root: unknown,
  namespace: unknown,
): TaskFunction | Promise<TaskFunction> | undefined {
  let owner: unknown;
  let value: unknown = root;
  for (const key of path) {
    if (!isObject(value)) return undefined;
    owner = value;
    try {
      value = value[key];
    } catch (cause) {
      throw new TaskNotFoundError(`task '${name}': to read '${path.join('.')}' throws: ${messageOf(cause)}`, {
        cause,
      });
    }
  }
  // A function inside an object may use that as `this`. A module's own export has none.
  const bound = (fn: TaskFunction) => (owner === namespace ? fn : (fn.bind(owner) as TaskFunction));
  if (isTask(value)) return bound(value);
  return isThenable(value) ? promised({ name, url, path }, value).then(bound) : undefined;
}

/**
 * The function that an exported promise is of. @throws TaskNotFoundError it rejects, or is of something else
 */
async function promised(
  { name, url, path }: Pick<ModuleDefinition, 'name' | 'url' | 'path'>,
  promise: PromiseLike<unknown>,
): Promise<TaskFunction> {
  let value: unknown;
  try {
    value = await promise;
  } catch (cause) {
    const what = `the promise that ${url} exports as '${path.join('.')}' rejected`;
    throw new TaskNotFoundError(`task '${name}': ${what}: ${messageOf(cause)}`, { cause });
  }
  if (isTask(value)) return value;
  const what = typeof value === 'function' ? 'a class' : `no function (${typeof value})`;
  throw new TaskNotFoundError(
    `task '${name}': ${url} exports '${path.join('.')}' as a promise, but what it resolves to is ${what}`,
  );
}

/** The function `teardown` of a module, found as `tasks(url).teardown` is. Never throws. */
export function teardownOf(namespace: unknown): (() => unknown) | undefined {
  for (const root of rootsOf(namespace)) {
    const found = peek(root, 'teardown');
    if (isTask(found)) return root === namespace ? found : (found.bind(root) as () => unknown);
  }
  return undefined;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return isObject(value) && typeof peek(value, 'then') === 'function';
}

/** A class is a function that cannot be called without `new`. */
function isTask(value: unknown): value is TaskFunction {
  return typeof value === 'function' && !/^class\b/.test(Function.prototype.toString.call(value));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

function missingMessage({ name, url, path }: ModuleDefinition, namespace: unknown): string {
  const wanted = path.join('.');
  const functions = functionsOf(namespace);
  const close = didYouMean(wanted, functions);
  const meant = close === undefined ? '' : ` Did you mean '${close}'?`;
  const list =
    functions.length === 0 ? 'it exports no functions' : `its functions are: ${functions.join(', ')}`;
  const value = rootsOf(namespace).map((root) => valueAt(root, path));
  const what = value.find((each) => each !== undefined);
  return `task '${name}': ${url} ${problemWith(what, wanted)}; ${list}.${meant}`;
}

function problemWith(what: unknown, wanted: string): string {
  if (what === undefined) return `has no export '${wanted}'`;
  return typeof what === 'function'
    ? `exports '${wanted}', but it is a class, and calling it needs \`new\`: export a function that creates and uses it`
    : `exports '${wanted}', but it is no function (${typeof what})`;
}

function valueAt(root: unknown, path: readonly string[]): unknown {
  return path.reduce(peek, root);
}

const MAX_LISTED = 50;

function functionsOf(namespace: unknown): string[] {
  const found = new Set<string>();
  for (const root of rootsOf(namespace)) {
    for (const key of keysOf(root)) {
      const value = peek(root, key);
      if (isTask(value)) found.add(key);
      else if (key !== 'default' && key !== 'module.exports' && isNamespaceLike(value)) {
        for (const inner of keysOf(value)) if (isTask(peek(value, inner))) found.add(`${key}.${inner}`);
      }
    }
  }
  return [...found].slice(0, MAX_LISTED);
}

/**
 * Reads a property. A module may export getters that throw, and a task must not fail because of another
 * export.
 */
function peek(value: unknown, key: string): unknown {
  try {
    return isObject(value) ? value[key] : undefined;
  } catch {
    return undefined;
  }
}

function keysOf(value: unknown): string[] {
  try {
    return isObject(value) ? Object.keys(value) : [];
  } catch {
    return [];
  }
}

/** An object that may group functions, as in `export const image = { resize, crop }`. */
function isNamespaceLike(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
