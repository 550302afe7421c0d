/**
 * The look for errors in a value that is too large to be looked at in full: lists of them, or of outcomes, as
 * `Promise.allSettled` gives. Used by both sides.
 */
import { isError } from '../errors/encode.js';
import { elementsOf } from './elements.js';
import { isPlainObject } from './plain-object.js';

/** Down to the fields of objects in a list that is one of the arguments. */
const MAX_DEPTH = 4;
const MAX_VISITED = 100_000;

/**
 * Whether there is an error in one of the usual places. Measured: 15 to 30 ns for each object of a list,
 * where structured clone takes 400 and more (Node 22).
 */
export function hasErrorNear(whole: object): boolean {
  try {
    return look(whole, MAX_DEPTH, { left: MAX_VISITED });
  } catch {
    // A getter threw. The clone that follows reports it.
    return false;
  }
}

function look(container: object, depth: number, visits: { left: number }): boolean {
  if (Array.isArray(container)) {
    for (const part of elementsOf(container)) if (isFound(part, depth, visits)) return true;
    return false;
  }
  for (const key of Object.keys(container)) {
    if (isFound((container as Record<string, unknown>)[key], depth, visits)) return true;
  }
  return false;
}

function isFound(part: unknown, depth: number, visits: { left: number }): boolean {
  if (typeof part !== 'object' || part === null || ArrayBuffer.isView(part)) return false;
  if (Array.isArray(part) || isPlainObject(part))
    return depth > 1 && visits.left-- > 0 && look(part, depth - 1, visits);
  return isError(part);
}
