/**
 * AbortSignals among the arguments.
 *
 * Structured clone makes empty objects of them, silently. Node can transfer one that has been marked for it, through a pair of ports
 * that stays open until it is aborted: too much for a request, and not kept when a request moves to another worker. So they are taken
 * out of the arguments before these are sent, the thread puts signals of its own in their places, and while the request is
 * there, aborts are told to it by message.
 */
import { types } from 'node:util';
import type { Failure } from './failure.js';

/** The way from the list of arguments to a part of them. */
export type Path = readonly (string | number)[];

/** Where the thread is to put a signal. */
export interface SignalPlace {
  readonly path: Path;
  /** It has been aborted already, for this reason. */
  readonly reason: Failure | undefined;
}

export interface FoundSignal {
  readonly path: Path;
  readonly signal: AbortSignal;
}

/** Objects and arrays looked into, their parts, and how deep they may lie: signals are arguments, or in an object of options. */
const MOST_VISITED = 64;
const MOST_PARTS = 64;
const MOST_DEPTH = 4;

/**
 * Finds signals in arrays and in objects without a class.
 * @param left those that are left to Node, which transfers them
 */
export function findSignals(
  values: readonly unknown[],
  left: readonly unknown[] | undefined,
): FoundSignal[] | undefined {
  const search: Search = { found: undefined, left, visits: MOST_VISITED };
  try {
    look(values, [], search);
  } catch {
    // A getter threw: the clone will meet it as well, and its error says more.
  }
  return search.found;
}

/** The same values with nothing in those places. What contains one is copied. */
export function withoutSignals(values: readonly unknown[], found: readonly FoundSignal[]): unknown[] {
  const copies = new Map<unknown, Parts>();
  const copyOf = (part: unknown): Parts => {
    let copy = copies.get(part);
    if (copy === undefined) {
      copy = (Array.isArray(part) ? part.slice() : { ...(part as object) }) as Parts;
      copies.set(part, copy);
      // Met again on the way to another signal.
      copies.set(copy, copy);
    }
    return copy;
  };
  const all = copyOf(values);
  for (const { path } of found) {
    let at = all;
    for (const key of path.slice(0, -1)) {
      at[key] = copyOf(at[key]);
      at = at[key] as Parts;
    }
    at[path.at(-1) as string] = undefined;
  }
  return all as unknown as unknown[];
}

/** Puts something to its place, if that exists. */
export function putAt(values: unknown, path: Path, value: unknown): void {
  let at = values;
  for (const key of path.slice(0, -1)) at = (at as Parts | undefined)?.[key];
  if (typeof at === 'object' && at !== null) (at as Parts)[path.at(-1) as string] = value;
}

type Parts = Record<string | number, unknown>;

interface Search {
  found: FoundSignal[] | undefined;
  readonly left: readonly unknown[] | undefined;
  visits: number;
}

function look(container: object, path: Path, search: Search): void {
  if (search.visits-- <= 0) return;
  const keys = Array.isArray(container) ? container.keys() : Object.keys(container);
  let parts = MOST_PARTS;
  for (const key of keys) {
    if (parts-- <= 0) return;
    const part = (container as Parts)[key];
    if (typeof part !== 'object' || part === null || ArrayBuffer.isView(part)) continue;
    if (part instanceof AbortSignal) {
      if (search.left?.includes(part) === true) continue;
      search.found ??= [];
      search.found.push({ path: [...path, key], signal: part });
    } else if (path.length < MOST_DEPTH - 1 && (Array.isArray(part) || isPlain(part))) {
      look(part, [...path, key], search);
    }
  }
}

function isPlain(value: object): boolean {
  if (types.isProxy(value)) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
