/**
 * The main thread's record of a worker's window, by position: the requests, the expected work of each, and
 * the bytes of its arguments. The shared memory has what the thread needs.
 */

import { advance, distance, FIRST_POSITION } from '../protocol/positions.js';
import { isReclaimable, mayWait } from '../requests/reclaimable.js';
import type { Request } from '../requests/request.js';

/**
 * Expected run time of a task that has never run, in ms: a window takes a few such requests, not hundreds.
 */
const UNKNOWN_RUN_TIME = 0.4;

/** The sums that policies see. */
export interface Sums {
  /** Number of requests in the window. */
  pending: number;
  /** Their expected work, in ms. */
  work: number;
}

export class InFlight {
  readonly #sums: Sums;
  readonly #mask: number;
  readonly #requests: (Request | undefined)[];
  readonly #works: Float64Array;
  readonly #sizes: Float64Array;
  readonly #ends: Float64Array;
  readonly #mobility: Uint8Array;
  #done = FIRST_POSITION;
  #tail = FIRST_POSITION;
  #bytes = 0;
  /** Counts requests that have left at the front; see `left`. */
  #left = 0;
  #unknown = 0;
  #movable = 0;
  /** Items of chunks, without the first of each. */
  #extraItems = 0;
  #lowest = Number.POSITIVE_INFINITY;
  #freeTo = 0;

  /** @param capacity a power of two */
  constructor(capacity: number, sums: Sums) {
    this.#sums = sums;
    this.#mask = capacity - 1;
    this.#requests = new Array(capacity).fill(undefined);
    this.#works = new Float64Array(capacity);
    this.#sizes = new Float64Array(capacity);
    this.#ends = new Float64Array(capacity);
    this.#mobility = new Uint8Array(capacity);
  }

  /** Position of the first request whose completion has not been read. */
  get done(): number {
    return this.#done;
  }

  /** Position after the last request. */
  get tail(): number {
    return this.#tail;
  }

  /** Bytes of arguments of all requests. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Number of requests in the window. */
  get pending(): number {
    return this.#sums.pending;
  }

  /** Whether there is a request of a task that had never run when it was sent. */
  get hasUnknown(): boolean {
    return this.#unknown > 0;
  }

  /** Number of requests in the window, each item of a chunk that may run counted as one. */
  get items(): number {
    return this.#sums.pending + this.#extraItems;
  }

  /** Number of requests that may run elsewhere unless they have been started. */
  get movable(): number {
    return this.#movable;
  }

  /** No unstarted request that may be taken back has a lower priority. */
  get lowestPriority(): number {
    return this.#lowest;
  }

  /** The requests have been looked at, and none that may be taken back has a lower priority than this. */
  set lowestPriority(priority: number) {
    this.#lowest = priority;
  }

  /** Number of requests that have left the window at its front so far: `done`, without its wrap. */
  get left(): number {
    return this.#left;
  }

  /** Where the arena's bytes that may still be read begin. */
  get freeTo(): number {
    return this.#freeTo;
  }

  /**
   * Returns the end of the used arena, where the bytes of the next request may begin. Resets the arena if the
   * window is empty, so that the same memory is used again and again.
   */
  claimArenaFrom(): number {
    if (this.pending > 0) return this.endAt(advance(this.#tail, -1));
    this.#freeTo = 0;
    return 0;
  }

  /** The requests and the bytes of their arguments by `position & mask`, for a loop over many. */
  get lists(): {
    readonly requests: readonly (Request | undefined)[];
    readonly sizes: Float64Array;
    readonly mask: number;
  } {
    return { requests: this.#requests, sizes: this.#sizes, mask: this.#mask };
  }

  at(position: number): Request | undefined {
    return this.#requests[position & this.#mask];
  }

  /** Bytes of its arguments; also of a request that has just been taken out at the tail. */
  bytesAt(position: number): number {
    return this.#sizes[position & this.#mask] as number;
  }

  /** Where its bytes in the arena end; also of a request that has just been taken out at the tail. */
  endAt(position: number): number {
    return this.#ends[position & this.#mask] as number;
  }

  /**
   * Enters a request at the tail.
   * @param end where its bytes in the arena end
   */
  enter(request: Request, bytes: number, end: number): void {
    const at = this.#tail & this.#mask;
    const { mean } = request.task;
    const chunk = request.extras?.chunk;
    const work = Number.isNaN(mean) ? UNKNOWN_RUN_TIME : chunk === undefined ? mean : mean * chunk.size;
    if (chunk !== undefined) this.#extraItems += chunk.runnable - 1;
    this.#requests[at] = request;
    this.#works[at] = work;
    this.#sizes[at] = bytes;
    this.#ends[at] = end;
    this.#tail = advance(this.#tail, 1);
    this.#bytes += bytes;
    this.#sums.pending++;
    this.#sums.work += work;
    if (work === UNKNOWN_RUN_TIME) this.#unknown++;
    const mobility = isReclaimable(request, 'balance') ? 1 : 0;
    this.#mobility[at] = mobility;
    this.#movable += mobility;
    if (request.priority < this.#lowest && mayWait(request)) this.#lowest = request.priority;
  }

  /** Takes out the first request: it is completed, or its thread has died running it. */
  leave(): Request {
    const position = this.#done;
    this.#done = advance(position, 1);
    this.#left++;
    this.#freeTo = this.endAt(position);
    return this.#remove(position);
  }

  /** Takes out the last request: it has been taken back. */
  removeLast(): Request {
    this.#tail = advance(this.#tail, -1);
    return this.#remove(this.#tail);
  }

  find(id: number): Request | undefined {
    for (const request of this) if (request.id === id) return request;
    return undefined;
  }

  /** All requests, the first one first. */
  *[Symbol.iterator](): Generator<Request> {
    for (let p = this.#done; p !== this.#tail; p = advance(p, 1)) yield this.at(p) as Request;
  }

  /** Throws unless the sums agree with the requests; for tests. */
  verify(): void {
    const pending = distance(this.#done, this.#tail);
    if (pending !== this.#sums.pending) {
      throw new Error(`pending is ${this.#sums.pending}, the window has ${pending}`);
    }
    let held = 0;
    for (const request of this.#requests) if (request !== undefined) held++;
    let movable = 0;
    for (let p = this.#done; p !== this.#tail; p = advance(p, 1))
      movable += this.#mobility[p & this.#mask] as number;
    if (movable !== this.#movable) throw new Error(`${this.#movable} are said to be movable, ${movable} are`);
    if (held !== pending) throw new Error(`${held} requests are held, ${pending} are pending`);
  }

  #remove(position: number): Request {
    const at = position & this.#mask;
    const sums = this.#sums;
    const request = this.#requests[at] as Request;
    this.#requests[at] = undefined;
    sums.pending--;
    if (this.#works[at] === UNKNOWN_RUN_TIME) this.#unknown--;
    this.#movable -= this.#mobility[at] as number;
    const { extras } = request;
    if (extras?.chunk !== undefined) this.#extraItems -= extras.chunk.runnable - 1;
    if (sums.pending === 0) {
      // Sums of floats drift; with an empty window they begin anew.
      sums.work = 0;
      this.#lowest = Number.POSITIVE_INFINITY;
      this.#bytes = 0;
    } else {
      sums.work -= this.#works[at] as number;
      this.#bytes -= this.#sizes[at] as number;
    }
    return request;
  }
}
