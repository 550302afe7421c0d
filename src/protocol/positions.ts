/**
 * Positions in a window: places in the order of its requests, counted modulo 65,536. A slot is a position
 * modulo the window's capacity.
 */

/** Positions count modulo this. */
const POSITIONS = 0x10000;
export const POSITION_MASK = POSITIONS - 1;

/** Just below the wrap, so that every program passes the wrap early and none meets it first in production. */
export const FIRST_POSITION = POSITIONS - 96;

/**
 * The largest capacity of a window. Well below `POSITIONS`, so that a full and an empty window cannot look
 * alike.
 */
export const MAX_CAPACITY = 16_384;

/** Distance from `from` up to `to`, through the wrap. */
export function distance(from: number, to: number): number {
  return (to - from) & POSITION_MASK;
}

/** The position `n` after `position`, or before it if `n` is negative. */
export function advance(position: number, n: number): number {
  return (position + n) & POSITION_MASK;
}

/**
 * Whether message `a` was sent before message `b`. Messages are counted modulo 2^32, not as positions are.
 */
export function isBehind(a: number, b: number): boolean {
  return ((b - a) | 0) > 0;
}
