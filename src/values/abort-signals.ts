/**
 * AbortSignals among the arguments and in the `context`.
 *
 * Structured clone silently makes empty objects of them. Node can transfer a signal that has been marked for
 * it, through a pair of ports that stays open until it is aborted: too much for a request, and lost when a
 * request moves to another worker. So signals are taken out before the arguments are sent, the thread puts
 * signals of its own in their places, and messages tell it of aborts while it has the request. Where that is
 * impossible, as inside a `Map` or in a result, they are refused.
 */
import { types } from 'node:util';
import type { Path } from '../protocol/messages.js';
import { isPlainObject } from './plain-object.js';

/** A signal that was taken out, and its places. */
export interface FoundSignal {
  readonly paths: Path[];
  readonly signal: AbortSignal;
}

/** Bounds of the look for a signal near the top: objects, parts of each, and depth. */
const MAX_VISITED = 64;
const MAX_PARTS = 64;
const MAX_DEPTH = 5;

type Parts = Record<string, unknown>;

/** Puts a value at each of these places that exists. */
export function putAt(whole: object, paths: readonly Path[], value: unknown): void {
  for (const path of paths) {
    let at: unknown = whole;
    for (const key of path.slice(0, -1)) at = (at as Parts | undefined)?.[key];
    if (typeof at === 'object' && at !== null) (at as Parts)[path.at(-1) as string] = value;
  }
}

/** Whether there is a signal in one of the usual places: as an argument, or in an object of options. */
export function hasSignalNear(whole: object): boolean {
  try {
    return look(whole, MAX_DEPTH, { left: MAX_VISITED });
  } catch {
    // A getter threw. The clone that follows reports it.
    return false;
  }
}

function look(container: object, depth: number, visits: { left: number }): boolean {
  if (visits.left-- <= 0) return false;
  const keys = Array.isArray(container) ? container.keys() : Object.keys(container);
  let parts = MAX_PARTS;
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
  return !types.isProxy(value) && (Array.isArray(value) || isPlainObject(value));
}
