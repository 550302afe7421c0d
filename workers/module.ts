import { TaskNotFoundError } from '../src/errors.js';
import { nearest } from '../src/near.js';
import type { ModuleAddress, ModuleDefinition } from '../src/protocol.js';
import { importFrom } from './importer.js';
import { switchOnTsx } from './tsx.js';

type TaskFunction = (...args: unknown[]) => unknown;

/** The modules that this thread has loaded, by what they were asked for by. */
const loaded = new Map<string, unknown>();

/**
 * Finds a task's export: at once if this thread has loaded its module, else as a promise. `import()` of a loaded module may take turns of
 * the event loop, too: with a loader of the program's own it asks another thread.
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

function findExport(definition: ModuleDefinition, namespace: unknown): TaskFunction {
  for (const root of rootsOf(namespace)) {
    const found = follow(root, definition.path, namespace);
    if (found !== undefined) return found;
  }
  throw new TaskNotFoundError(missingMessage(definition, namespace));
}

/** Loads a module, if this thread has not yet. @throws TaskNotFoundError it does not load */
export async function loadModule(address: ModuleAddress): Promise<unknown> {
  const { url, base, name } = address;
  try {
    await switchOnTsx(base);
    const namespace = await importFrom(base)(url);
    loaded.set(keyOf(address), namespace);
    return namespace;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new TaskNotFoundError(`task '${name}': its module ${url} does not load: ${reason}`, {
      cause: error,
    });
  }
}

/**
 * Where exports may be: in the namespace, or in a CommonJS module's `module.exports`, which is there as `default`. Node
 * copies to the namespace only those names that a scan of the text finds, and then both have them: there the object
 * comes first, so that its functions find it as `this`. It may have a `default` of its own, put there by a compiler.
 */
function rootsOf(namespace: unknown): unknown[] {
  const { default: exports, ...named } = namespace as Record<string, unknown>;
  if (!isObject(exports)) return [namespace];
  const isCommonJS = Object.keys(named).some(
    (key) => Object.hasOwn(exports, key) && exports[key] === named[key],
  );
  return isCommonJS ? [exports, namespace] : [namespace, exports];
}

function follow(root: unknown, path: readonly string[], namespace: unknown): TaskFunction | undefined {
  let owner: unknown;
  let value: unknown = root;
  for (const key of path) {
    if (!isObject(value)) return undefined;
    owner = value;
    value = value[key];
  }
  if (!isTask(value)) return undefined;
  // A function inside an object may use it as `this`; one that a module itself exports cannot.
  return owner === namespace ? value : (value.bind(owner) as TaskFunction);
}

/** A class is a function, too, but one that cannot be called. */
function isTask(value: unknown): value is TaskFunction {
  return typeof value === 'function' && !/^class\b/.test(Function.prototype.toString.call(value));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

function missingMessage({ name, url, path }: ModuleDefinition, namespace: unknown): string {
  const wanted = path.join('.');
  const functions = functionsOf(namespace);
  const close = nearest(wanted, functions);
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
  return path.reduce<unknown>((value, key) => (isObject(value) ? value[key] : undefined), root);
}

const MAX_LISTED = 50;

function functionsOf(namespace: unknown): string[] {
  const found = new Set<string>();
  for (const root of rootsOf(namespace)) {
    if (!isObject(root)) continue;
    for (const key of Object.keys(root)) {
      const value = root[key];
      if (isTask(value)) found.add(key);
      else if (key !== 'default' && key !== 'module.exports' && isPlainObject(value)) {
        for (const inner of Object.keys(value)) {
          if (isTask(value[inner])) found.add(`${key}.${inner}`);
        }
      }
    }
  }
  return [...found].slice(0, MAX_LISTED);
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
