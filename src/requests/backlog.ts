/**
 * Requests that wait for one worker, first in, first out: those of its sessions, and those pinned to it by a
 * policy.
 */
import type { Request } from './request.js';

/** Entries of removed requests that the list may have before it is made anew. */
const MOST_GONE = 1024;

export class Backlog {
  /** In order. Requests that were removed from the middle are still in it. */
  #list: (Request | undefined)[] = [];
  /** Index of the first request that is still here. */
  #from = 0;
  readonly #here = new Set<Request>();

  get length(): number {
    return this.#here.size;
  }

  /** The one that waits longest. */
  get first(): Request | undefined {
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

  /** Removes a request, wherever it is. O(1), amortised. @returns false: it is not here */
  remove(request: Request): boolean {
    if (!this.#here.delete(request)) return false;
    if (this.#here.size === 0) this.#begin([]);
    else if (this.#list.length > MOST_GONE + 2 * this.#here.size) this.#begin([...this.#here]);
    else while (!this.#here.has(this.#list[this.#from] as Request)) this.#list[this.#from++] = undefined;
    return true;
  }

  /** Removes and returns all. */
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
