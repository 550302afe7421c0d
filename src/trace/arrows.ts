/**
 * Which requests get an arrow from where they were submitted to where they run. Each arrow is three events,
 * and a million of them would hide the picture: so there are at most that many in a second.
 */
import type { ObservedRequest } from '../ledger/observer.js';

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
  readonly #open = new Map<ObservedRequest, Arrow>();
  #lastId = 0;
  /** How many may begin now. */
  #tokens: number;
  #filledAt = 0;

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
    this.#tokens = perSecond;
  }

  /** A request is submitted. @param at in ms @returns `undefined`: it gets none */
  begin(request: ObservedRequest, at: number): Arrow | undefined {
    if (this.#tokens < 1) this.#fill(at);
    if (this.#tokens < 1 || this.#open.size >= MOST_OPEN) return undefined;
    this.#tokens--;
    const arrow = { id: ++this.#lastId, at: 0 };
    this.#open.set(request, arrow);
    return arrow;
  }

  /** A request runs, or never will. @returns `undefined`: it has none */
  end(request: ObservedRequest): Arrow | undefined {
    if (this.#open.size === 0) return undefined;
    const arrow = this.#open.get(request);
    if (arrow !== undefined) this.#open.delete(request);
    return arrow;
  }

  #fill(at: number): void {
    const seconds = (at - this.#filledAt) / 1000;
    this.#filledAt = at;
    this.#tokens = Math.min(this.#perSecond, this.#tokens + seconds * this.#perSecond);
  }
}
