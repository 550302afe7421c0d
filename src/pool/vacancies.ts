/**
 * The places of a set. A place has a label, a weight and a slot, which outlive the worker in it: so policies
 * that hash send the keys of a worker that died to its successor, the shares of load stay as they were, and
 * the successor gets the port or the database that tasks derive from the slot.
 */

/** What a worker hands on to its successor. */
export interface Place {
  /** Unique within the set. */
  readonly label: string;
  readonly weight: number;
  /** See `WorkerSetup`. */
  readonly slot: number;
}

interface Vacancy {
  readonly place: Place;
  /** When it may be filled, in ms. */
  readonly notBefore: number;
}

/** Places without a worker, the longest vacant first. */
export class Vacancies {
  #list: Vacancy[] = [];

  /** @param notBefore when it may be filled, in ms; 0: at once */
  add(place: Place, notBefore = 0): void {
    this.#list.push({ place, notBefore });
  }

  /** Number of places that must stay vacant at `now` (ms). O(n). */
  reserved(now: number): number {
    let reserved = 0;
    for (const { notBefore } of this.#list) if (notBefore > now) reserved++;
    return reserved;
  }

  /** When the next of the reserved places may be filled, in ms; Infinity: there is none. O(n). */
  nextAfter(now: number): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { notBefore } of this.#list) if (notBefore > now && notBefore < next) next = notBefore;
    return next;
  }

  /** Removes and returns a place that may be filled at `now` (ms). O(n). */
  take(now: number): Place | undefined {
    const at = this.#list.findIndex(({ notBefore }) => notBefore <= now);
    return at < 0 ? undefined : this.#list.splice(at, 1)[0]?.place;
  }

  /** Gives up all places but the `most` that have been vacant longest. O(1), or O(n). */
  keep(most: number): void {
    if (this.#list.length > most) this.#list = this.#list.slice(0, Math.max(0, most));
  }

  /** O(n). */
  has(label: string): boolean {
    return this.#list.some(({ place }) => place.label === label);
  }

  /** O(n). */
  hasSlot(slot: number): boolean {
    return this.#list.some(({ place }) => place.slot === slot);
  }
}
