/**
 * Which requests get an arrow from where they were submitted to where they run. Each arrow is three events,
 * and a million of them would hide the picture: so there are at most that many in a second.
 */
import type { ObservedRequest } from '../ledger/observer.js';

/**
 * Those of requests that are submitted at once begin at one place, so of a burst this part of a second's
 * arrows are drawn, and at least so many.
 */
const BURST = 0.1;
const LEAST_BURST = 100;
/** Arrows that have begun and not ended. Beyond it there are no new ones: requests may wait for long. */
const MOST_OPEN = 10_000;

/** An arrow that has begun. */
export interface Arrow {
  readonly id: number;
  /** Where it begins in the picture, in tenths of a microsecond. */
  at: number;
}

export class Arrows {
  readonly #perSecond: number;
  /** Most that begin at once. */
  readonly #most: number;
  /** By the id of the request. */
  readonly #open = new Map<number, Arrow>();
  #lastId = 0;
  /** How many may begin now. */
  #tokens: number;
  #filledAt = 0;

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
    this.#most = Math.max(BURST * perSecond, Math.min(LEAST_BURST, perSecond));
    this.#tokens = this.#most;
  }

  /** A request is submitted. @param at in ms @returns `undefined`: it gets none */
  begin(request: ObservedRequest, at: number): Arrow | undefined {
    if (this.#tokens < 1) this.#fill(at);
    if (this.#tokens < 1 || this.#open.size >= MOST_OPEN) return undefined;
    this.#tokens--;
    const arrow = { id: ++this.#lastId, at: 0 };
    this.#open.set(request.id, arrow);
    return arrow;
  }

  /** A request runs, or never will. @returns `undefined`: it has none */
  end(request: ObservedRequest): Arrow | undefined {
    if (this.#open.size === 0) return undefined;
    const arrow = this.#open.get(request.id);
    if (arrow !== undefined) this.#open.delete(request.id);
    return arrow;
  }

  #fill(at: number): void {
    const seconds = (at - this.#filledAt) / 1000;
    this.#filledAt = at;
    this.#tokens = Math.min(this.#most, this.#tokens + seconds * this.#perSecond);
  }
}
