/** The parts of arrays, plain objects, Maps and Sets among thrown values: errors may be among them. */
import { types } from 'node:util';
import type { ContainerFailure } from './form.js';

export interface Content {
  readonly kind: ContainerFailure['kind'];
  readonly size: number;
  readonly entries: () => Iterable<readonly [key: unknown, part: unknown]>;
}

/**
 * @param maxSize of an array; a longer one is no container here
 * @returns undefined: the value is no such container
 */
export function contentOf(value: object, maxSize: number): Content | undefined {
  if (types.isMap(value)) return { kind: 'map', size: value.size, entries: () => mapEntries(value) };
  if (types.isSet(value)) return { kind: 'set', size: value.size, entries: () => setEntries(value) };
  const isList = Array.isArray(value);
  if (!isList && !isPlainInAnyRealm(value)) return undefined;
  if (isList && value.length > maxSize) return undefined;
  const keys = Object.keys(value);
  // A list of parts would lose holes, which structured clone keeps.
  if (isList && keys.length !== value.length) return undefined;
  return {
    kind: isList ? 'list' : 'record',
    size: keys.length,
    entries: () => keys.map((key) => [key, read(value, key)] as const),
  };
}

/** A class may have overridden the methods of the instance itself. */
const mapEntries = (map: Map<unknown, unknown>) => Map.prototype.entries.call(map);
const setEntries = (set: Set<unknown>) => Set.prototype.entries.call(set);

/** Thrown values may come from another realm (`node:vm`), with an `Object.prototype` of its own. */
function isPlainInAnyRealm(value: object): boolean {
  const prototype: object | null = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** A symbol cannot be sent, so it stands for a part that cannot be read. */
function read(value: object, key: string): unknown {
  try {
    return (value as Record<string, unknown>)[key];
  } catch {
    return Symbol('a getter that throws');
  }
}

/** The deepest nesting that every thread can read, however little of its stack is left. */
const MAX_NESTING = 500;
/** Objects looked at. */
const MAX_VISITED = 100_000;

/** Whether a value is nested so deep that another thread might not be able to read it. */
export function isTooDeep(value: object): boolean {
  const open: [object: object, depth: number][] = [[value, 1]];
  const seen = new Set<object>();
  for (let next = open.pop(); next !== undefined && seen.size < MAX_VISITED; next = open.pop()) {
    const [object, depth] = next;
    if (seen.has(object)) continue;
    if (depth > MAX_NESTING) return true;
    seen.add(object);
    for (const part of partsOf(object)) {
      if (typeof part === 'object' && part !== null) open.push([part, depth + 1]);
    }
  }
  return false;
}

function partsOf(value: object): unknown[] {
  if (ArrayBuffer.isView(value)) return [];
  if (types.isMap(value)) return [...mapEntries(value)].flat();
  if (types.isSet(value)) return [...setEntries(value)].flat();
  // A getter must not run before the clone runs it.
  return Object.values(Object.getOwnPropertyDescriptors(value)).map((each) => each.value as unknown);
}
