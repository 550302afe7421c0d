/** Requests that wait for one worker alone, first in, first out: those of sessions, and those that a pinning policy has given to it. */
import type { Request } from './request.js';

/** Places of those that have gone, before the list is made anew. */
const MOST_GONE = 1024;

export class Backlog {
  /** In order; also those that have been taken out of the middle. */
  #list: (Request | undefined)[] = [];
  #from = 0;
  readonly #here = new Set<Request>();

  get length(): number {
    return this.#here.size;
  }

  /** The one that waits longest. */
  get first(): Request | undefined {
    if (this.#here.size === 0) return undefined;
    while (!this.#here.has(this.#list[this.#from] as Request)) this.#list[this.#from++] = undefined;
    return this.#list[this.#from];
  }

  /** O(1). */
  push(request: Request): void {
    this.#here.add(request);
    this.#list.push(request);
  }

  /** Takes the one that waits longest. O(1), amortised. */
  shift(): Request | undefined {
    const { first } = this;
    if (first !== undefined) this.remove(first);
    return first;
  }

  /** Takes one out, wherever it is. O(1), amortised. @returns false: it is not here */
  remove(request: Request): boolean {
    if (!this.#here.delete(request)) return false;
    if (this.#here.size === 0) this.#begin([]);
    else if (this.#list.length > MOST_GONE + 2 * this.#here.size) this.#begin([...this.#here]);
    return true;
  }

  /** Takes all. */
  takeAll(): Request[] {
    const all = [...this.#here];
    this.#here.clear();
    this.#begin([]);
    return all;
  }

  /** All of them, the one that waits longest first. */
  [Symbol.iterator](): IterableIterator<Request> {
    return this.#here.values();
  }

  #begin(list: Request[]): void {
    this.#list = list;
    this.#from = 0;
  }
}
