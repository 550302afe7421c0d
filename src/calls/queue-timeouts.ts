/**
 * The queue timeouts of requests: a list for each duration, in order of expiry, as Node keeps its own timers,
 * and one timer for all. So a request costs no timer, and any number that expire together cost linear time.
 */

import { AsyncResource } from 'node:async_hooks';
import { Heap } from '../collections/heap.js';
import { MOST_MS } from '../options/validate.js';
import { performance } from '../protocol/clock.js';
import { clearTimeout, setTimeout } from '../protocol/timers.js';
import type { Request } from '../requests/request.js';

/** One request's entry in the list of its duration. */
export interface QueueTimeout {
  readonly request: Request;
  /** When its time is over, in ms of `performance.now()`. */
  readonly due: number;
  readonly list: List;
  previous: QueueTimeout | undefined;
  next: QueueTimeout | undefined;
}

/** The requests of one duration, the first to expire first. */
interface List {
  readonly duration: number;
  first: QueueTimeout | undefined;
  last: QueueTimeout | undefined;
  /** When to look at it: its first entry is due then, or has been removed since. */
  look: number;
}

export class QueueTimeouts {
  readonly #expire: (requests: Request[]) => void;
  readonly #lists = new Map<number, List>();
  /** All lists, by `look`. */
  readonly #byLook = new Heap<List>((a, b) => a.look - b.look);
  /**
   * Of the constructor's caller: the timer must not hold the AsyncLocalStorage of the request that happens to
   * arm it.
   */
  readonly #context = new AsyncResource('QueueTimeouts');
  #size = 0;
  #timer: NodeJS.Timeout | undefined;
  /** When the timer fires, in ms. */
  #armedFor = Number.POSITIVE_INFINITY;

  /** @param expire called with requests whose time is over, the earliest first; they are no longer listed */
  constructor(expire: (requests: Request[]) => void) {
    this.#expire = expire;
  }

  /**
   * Lists a request whose time begins now. O(1); O(log d) for the first of d durations.
   * @param duration in ms
   */
  add(request: Request, duration: number): QueueTimeout {
    const due = performance.now() + duration;
    let list = this.#lists.get(duration);
    if (list === undefined) {
      list = { duration, first: undefined, last: undefined, look: due };
      this.#lists.set(duration, list);
      this.#byLook.push(list);
    }
    const entry: QueueTimeout = { request, due, list, previous: list.last, next: undefined };
    if (list.last === undefined) list.first = entry;
    else list.last.next = entry;
    list.last = entry;
    this.#size++;
    if (due < this.#armedFor) this.#arm(due);
    return entry;
  }

  /** The request has started or is settled. Does nothing the second time. O(1). */
  remove(entry: QueueTimeout): void {
    const { list, previous, next } = entry;
    if (previous === undefined && list.first !== entry) return;
    if (previous === undefined) list.first = next;
    else previous.next = next;
    if (next === undefined) list.last = previous;
    else next.previous = previous;
    entry.previous = entry.next = undefined;
    this.#size--;
    if (this.#size > 0) return;
    // Nothing is kept alive for requests that are over.
    this.#lists.clear();
    this.#byLook.clear();
    this.#disarm();
  }

  /** Expires the requests whose time is over. O(1) if there is none. */
  look(): void {
    if (this.#size === 0) return;
    const now = performance.now();
    if ((this.#byLook.peek() as List).look > now) return;
    const over: Request[] = [];
    for (let list = this.#byLook.peek(); list !== undefined && list.look <= now; list = this.#byLook.peek()) {
      for (let entry = list.first; entry !== undefined && entry.due <= now; entry = list.first) {
        over.push(entry.request);
        this.remove(entry);
      }
      // Gone with all others if that was the last request.
      if (this.#size === 0) break;
      this.#byLook.pop();
      if (list.first === undefined) {
        this.#lists.delete(list.duration);
      } else {
        list.look = list.first.due;
        this.#byLook.push(list);
      }
    }
    if (this.#size > 0) this.#arm((this.#byLook.peek() as List).look);
    if (over.length > 0) this.#expire(over);
  }

  #arm(at: number): void {
    clearTimeout(this.#timer);
    this.#armedFor = at;
    const ms = Math.min(MOST_MS, Math.max(1, Math.ceil(at - performance.now())));
    this.#timer = this.#context.runInAsyncScope(
      setTimeout,
      undefined,
      () => {
        this.#armedFor = Number.POSITIVE_INFINITY;
        this.look();
        // It has fired a little early.
        if (this.#size > 0 && this.#armedFor === Number.POSITIVE_INFINITY)
          this.#arm((this.#byLook.peek() as List).look);
      },
      ms,
    );
    this.#timer.unref();
  }

  #disarm(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#armedFor = Number.POSITIVE_INFINITY;
  }
}
