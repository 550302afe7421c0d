/**
 * The places of a set: each has a label and a weight, which outlive the worker that holds it. So a policy that hashes sends the
 * keys of a worker that died to the one that comes in its place, and shares stay as they were.
 */

/** What a worker hands on to the one that takes its place. */
export interface Place {
  /** Unique within the set. */
  readonly label: string;
  readonly weight: number;
}

interface Vacancy {
  readonly place: Place;
  /** It stays empty until then, in ms. */
  readonly notBefore: number;
}

/** Places that have lost their worker, the longest vacant first. */
export class Vacancies {
  #list: Vacancy[] = [];

  /** `notBefore` in ms; 0: it may be filled at once. */
  add(place: Place, notBefore = 0): void {
    this.#list.push({ place, notBefore });
  }

  /** How many must stay empty at `now` (ms). O(n). */
  held(now: number): number {
    let held = 0;
    for (const { notBefore } of this.#list) if (notBefore > now) held++;
    return held;
  }

  /** When the next place that must stay empty may be filled, in ms; Infinity: there is none. O(n). */
  nextAfter(now: number): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { notBefore } of this.#list) if (notBefore > now && notBefore < next) next = notBefore;
    return next;
  }

  /** Takes a place that may be filled at `now` (ms). O(n). */
  take(now: number): Place | undefined {
    const at = this.#list.findIndex(({ notBefore }) => notBefore <= now);
    return at < 0 ? undefined : this.#list.splice(at, 1)[0]?.place;
  }

  /** Gives up all but the `most` that have been vacant longest. O(1), or O(n). */
  keep(most: number): void {
    if (this.#list.length > most) this.#list = this.#list.slice(0, Math.max(0, most));
  }

  /** O(n). */
  has(label: string): boolean {
    return this.#list.some(({ place }) => place.label === label);
  }
}
