/**
 * Which requests get an arrow from where they were submitted to where they run. Each arrow is three events,
 * and a million of them would hide the picture: so there are at most that many in a second.
 */
import type { ObservedRequest } from '../ledger/observer.js';

/** Arrows that have begun and not ended. Beyond it there are no new ones: requests may wait for long. */
const MOST_OPEN = 10_000;

export class Arrows {
  readonly #perSecond: number;
  readonly #open = new Map<ObservedRequest, number>();
  #lastId = 0;
  /** How many may begin now. */
  #tokens: number;
  #filledAt = 0;

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
    this.#tokens = perSecond;
  }

  /** A request is submitted. @param at in ms @returns the id of its arrow, or 0: it gets none */
  begin(request: ObservedRequest, at: number): number {
    if (this.#tokens < 1) this.#fill(at);
    if (this.#tokens < 1 || this.#open.size >= MOST_OPEN) return 0;
    this.#tokens--;
    const id = ++this.#lastId;
    this.#open.set(request, id);
    return id;
  }

  /** A request runs, or never will. @returns the id of its arrow, or 0: it has none */
  end(request: ObservedRequest): number {
    if (this.#open.size === 0) return 0;
    const id = this.#open.get(request);
    if (id === undefined) return 0;
    this.#open.delete(request);
    return id;
  }

  #fill(at: number): void {
    const seconds = (at - this.#filledAt) / 1000;
    this.#filledAt = at;
    this.#tokens = Math.min(this.#perSecond, this.#tokens + seconds * this.#perSecond);
  }
}
