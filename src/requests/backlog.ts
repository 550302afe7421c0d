/**
 * Requests that wait for one worker: those of its sessions, and those pinned to it by a policy. They leave by
 * priority, then first in, first out; but the requests of a session keep their order, so that none counts as
 * more urgent than those before it.
 */
import { isOlder } from './queue.js';
import type { Binding, Request } from './request.js';
import { prioritiesInOrder } from './session-order.js';

/** Entries of removed requests that a lane or row may have before it is made anew. */
const MOST_GONE = 1024;

/** Requests of one priority, in order. */
interface Lane {
  readonly priority: number;
  /** Requests that were removed from the middle are still in it. */
  list: (Request | undefined)[];
  /** Index of the first request that is still here. */
  from: number;
  /** Number of requests that are still here. */
  size: number;
}

/** The requests of a session, in order. */
interface Row {
  /** Some of those that were removed are still in it. */
  list: Request[];
  /** Number of requests that are still here. */
  size: number;
}

export class Backlog {
  /** The most urgent first; none is empty. Most often there is one. */
  readonly #lanes: Lane[] = [];
  /** In the order in which they came; those that were put back come last. */
  readonly #here = new Map<Request, Lane>();
  readonly #rows = new Map<Binding, Row>();
  #hasReturned = false;

  get length(): number {
    return this.#here.size;
  }

  /** The one that leaves next. */
  get first(): Request | undefined {
    if (this.#lanes.length === 0) return undefined;
    const lane = this.#lanes[0] as Lane;
    return lane.list[lane.from];
  }

  /** Priority of the one that leaves next; -Infinity if there is none. */
  get priority(): number {
    return this.#lanes.length === 0 ? Number.NEGATIVE_INFINITY : (this.#lanes[0] as Lane).priority;
  }

  /** The one that waits longest. O(1), and O(priorities) if some have been put back. */
  get oldest(): Request | undefined {
    if (!this.#hasReturned) return this.#here.keys().next().value;
    let oldest: Request | undefined;
    for (const { list, from } of this.#lanes) {
      const first = list[from] as Request;
      if (oldest === undefined || isOlder(first, oldest)) oldest = first;
    }
    return oldest;
  }

  /** Whether the request may go ahead of all that are here: it is more urgent. O(1). */
  lets({ priority, extras }: Request): boolean {
    if (this.#here.size === 0) return true;
    const session = extras?.session;
    return priority > this.priority && (session === undefined || !this.#rows.has(session));
  }

  /** O(log priorities), and O(priorities) for the first of its priority. */
  push(request: Request): void {
    const lane = this.#laneOf(this.#priorityOf(request));
    lane.list.push(request);
    lane.size++;
    this.#here.set(request, lane);
  }

  /**
   * Puts back requests that have left and were not started, ahead of those of the same priority.
   * @param requests in the order in which they are to leave; of each session, those that left it last
   */
  putBack(requests: readonly Request[]): void {
    if (requests.length === 0) return;
    this.#hasReturned = true;
    const { priorities, lowest } = prioritiesInOrder(requests);
    const later = [...lowest].flatMap(([session, low]) => this.#takeLater(session, low));
    for (let i = requests.length - 1; i >= 0; i--) {
      const request = requests[i] as Request;
      const lane = this.#laneOf(priorities[i] as number);
      if (lane.from > 0) lane.list[--lane.from] = request;
      else lane.list.unshift(request);
      lane.size++;
      this.#here.set(request, lane);
      const session = request.extras?.session;
      if (session === undefined) continue;
      const row = this.#rows.get(session);
      if (row === undefined) this.#rows.set(session, { list: [request], size: 1 });
      else {
        row.list.unshift(request);
        row.size++;
      }
    }
    for (const request of later) this.push(request);
  }

  /** Takes the one that leaves next. O(1), amortised. */
  shift(): Request | undefined {
    const { first } = this;
    if (first !== undefined) this.remove(first);
    return first;
  }

  /** Removes a request, wherever it is. O(1), amortised. @returns false: it is not here */
  remove(request: Request): boolean {
    const lane = this.#here.get(request);
    if (lane === undefined) return false;
    this.#here.delete(request);
    if (this.#here.size === 0) this.#hasReturned = false;
    this.#leaveRow(request);
    if (--lane.size === 0) this.#lanes.splice(this.#placeOf(lane.priority), 1);
    else if (lane.list.length > MOST_GONE + 2 * lane.size) this.#tidy(lane);
    else while (!this.#isAt(lane, lane.from)) lane.list[lane.from++] = undefined;
    return true;
  }

  /** Removes and returns all, in the order in which they came. */
  takeAll(): Request[] {
    const all = [...this];
    this.#hasReturned = false;
    this.#here.clear();
    this.#rows.clear();
    this.#lanes.length = 0;
    return all;
  }

  /** All of them, the one that waits longest first. */
  [Symbol.iterator](): IterableIterator<Request> {
    if (!this.#hasReturned) return this.#here.keys();
    return [...this.#here.keys()].sort((a, b) => (isOlder(a, b) ? -1 : 1)).values();
  }

  /** Takes those of a session that would leave ahead of one with this priority, in their order. */
  #takeLater(session: Binding, priority: number): Request[] {
    const row = this.#rows.get(session);
    if (row === undefined) return [];
    const here = new Set(row.list.filter((each) => this.#here.has(each)));
    const lanes = new Set<Lane>();
    for (const request of here) lanes.add(this.#here.get(request) as Lane);
    const [first] = lanes as Iterable<Lane>;
    if ((first as Lane).priority <= priority) return [];
    for (const request of here) this.remove(request);
    // They may come back to the same lanes, at another place.
    for (const lane of lanes) this.#tidy(lane);
    return [...here];
  }

  #priorityOf(request: Request): number {
    const { priority, extras } = request;
    const session = extras?.session;
    if (session === undefined) return priority;
    const row = this.#rows.get(session);
    if (row === undefined) {
      this.#rows.set(session, { list: [request], size: 1 });
      return priority;
    }
    // The last one that was not withdrawn: there is one.
    while (!this.#here.has(row.list.at(-1) as Request)) row.list.pop();
    const last = this.#here.get(row.list.at(-1) as Request) as Lane;
    row.list.push(request);
    row.size++;
    return Math.min(last.priority, priority);
  }

  #leaveRow({ extras }: Request): void {
    const session = extras?.session;
    if (session === undefined) return;
    const row = this.#rows.get(session) as Row;
    if (--row.size === 0) this.#rows.delete(session);
    else if (row.list.length > MOST_GONE + 2 * row.size)
      row.list = row.list.filter((each) => this.#here.has(each));
  }

  #laneOf(priority: number): Lane {
    const at = this.#placeOf(priority);
    const lane = this.#lanes[at];
    if (lane?.priority === priority) return lane;
    const added = { priority, list: [], from: 0, size: 0 };
    this.#lanes.splice(at, 0, added);
    return added;
  }

  /** Index of the lane of that priority, or of the first that is less urgent. */
  #placeOf(priority: number): number {
    let from = 0;
    let to = this.#lanes.length;
    while (from < to) {
      const middle = (from + to) >> 1;
      if ((this.#lanes[middle] as Lane).priority > priority) from = middle + 1;
      else to = middle;
    }
    return from;
  }

  #tidy(lane: Lane): void {
    lane.list = lane.list.filter((_, i) => this.#isAt(lane, i));
    lane.from = 0;
  }

  #isAt(lane: Lane, i: number): boolean {
    return this.#here.get(lane.list[i] as Request) === lane;
  }
}
