/**
 * The functions of a module, as handles know them. Only what is listed here can be asked for from outside.
 */
import { loadModule } from '../../../workers/functions/module.js';

/** Objects within objects. */
const MOST_DEPTH = 4;
const MOST_NAMES = 10_000;

/**
 * @param base file URL from which a package's name is resolved
 * @returns for each function the property names that lead to it
 * @throws TaskNotFoundError the module does not load
 */
export async function exportsOf(url: string, base: string, name: string): Promise<string[][]> {
  const namespace = await loadModule({ url, base, name });
  const found: string[][] = [];
  list(namespace, [], found, new Set());
  // What a CommonJS module exports, by the names that handles have for it.
  const exports = read(namespace, 'default');
  const known = new Set(found.map(String));
  const further: string[][] = [];
  if (typeof exports === 'object') list(exports, [], further, new Set());
  return [...found, ...further.filter((path) => !known.has(String(path)))];
}

function list(owner: unknown, path: readonly string[], found: string[][], above: Set<unknown>): void {
  if (path.length >= MOST_DEPTH || above.has(owner) || !isGroup(owner)) return;
  above.add(owner);
  for (const key of Object.keys(owner)) {
    if (key === 'then' || key === 'module.exports' || found.length >= MOST_NAMES) continue;
    const value = read(owner, key);
    if (isTask(value)) found.push([...path, key]);
    else list(value, [...path, key], found, above);
  }
  above.delete(owner);
}

/** An object that may group functions: of no class, as in `export const image = { resize, crop }`. */
function isGroup(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function isTask(value: unknown): boolean {
  return typeof value === 'function' && !/^class\b/.test(Function.prototype.toString.call(value));
}

/** A module may export getters that throw. */
function read(owner: unknown, key: string): unknown {
  try {
    return (owner as Record<string, unknown>)[key];
  } catch {
    return undefined;
  }
}
