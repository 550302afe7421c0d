/**
 * AbortSignals among the arguments, and in the `context`.
 *
 * Structured clone makes empty objects of them, silently. Node can transfer one that has been marked for it, through a pair of ports
 * that stays open until it is aborted: too much for a request, and not kept when a request moves to another worker. So they are taken
 * out before the arguments are sent, the thread puts signals of its own in their places, and while the request is
 * there, aborts are told to it by message. Where there is no such way, as inside a `Map` or in a result, they are refused.
 */
import { types } from 'node:util';
import type { Path } from '../protocol/messages.js';

export interface FoundSignal {
  readonly paths: Path[];
  readonly signal: AbortSignal;
}

/** Objects and arrays looked into for a signal near the top, their parts, and how deep they may lie. */
const MOST_VISITED = 64;
const MOST_PARTS = 64;
const MOST_DEPTH = 5;

/** Where signals are in arrays and objects without a class; one that is in two places has two paths. */
export function placesOf(whole: object, signals: ReadonlySet<AbortSignal>): FoundSignal[] {
  const found = new Map<AbortSignal, FoundSignal>();
  const seen = new Set<object>();
  const open: [container: object, path: Path][] = [[whole, []]];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [container, path] = next;
    if (seen.has(container)) continue;
    seen.add(container);
    for (const key of Object.keys(container)) {
      const part = (container as Parts)[key];
      if (typeof part !== 'object' || part === null || ArrayBuffer.isView(part)) continue;
      if (signals.has(part as AbortSignal)) note(found, part as AbortSignal, [...path, key]);
      else if (isContainer(part)) open.push([part, [...path, key]]);
    }
  }
  return [...found.values()];
}

function note(found: Map<AbortSignal, FoundSignal>, signal: AbortSignal, path: Path): void {
  const known = found.get(signal);
  if (known === undefined) found.set(signal, { paths: [path], signal });
  else known.paths.push(path);
}

/** Puts something to its places, where these exist. */
export function putAt(whole: object, paths: readonly Path[], value: unknown): void {
  for (const path of paths) {
    let at: unknown = whole;
    for (const key of path.slice(0, -1)) at = (at as Parts | undefined)?.[key];
    if (typeof at === 'object' && at !== null) (at as Parts)[path.at(-1) as string] = value;
  }
}

/** Whether there is a signal where one mostly is: it is an argument, or in an object of options. */
export function hasSignalNear(whole: object): boolean {
  try {
    return look(whole, MOST_DEPTH, { left: MOST_VISITED });
  } catch {
    // A getter threw: that is for the clone to say.
    return false;
  }
}

type Parts = Record<string, unknown>;

function look(container: object, depth: number, visits: { left: number }): boolean {
  if (visits.left-- <= 0) return false;
  const keys = Array.isArray(container) ? container.keys() : Object.keys(container);
  let parts = MOST_PARTS;
  for (const key of keys) {
    if (parts-- <= 0) return false;
    const part = (container as Parts)[key];
    if (typeof part !== 'object' || part === null || ArrayBuffer.isView(part)) continue;
    if (part instanceof AbortSignal) return true;
    if (depth > 1 && isContainer(part) && look(part, depth - 1, visits)) return true;
  }
  return false;
}

function isContainer(value: object): boolean {
  if (types.isProxy(value)) return false;
  if (Array.isArray(value)) return true;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
