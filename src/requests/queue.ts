/** The work queue: requests that no worker has yet, by priority, then first in, first out. */
import { Heap } from '../collections/heap.js';
import type { Request } from './request.js';

const CHUNK = 512;
/** How far a request that is put back is moved to its place at once. */
const NEAR = 32;

interface Chunk {
  readonly items: (Request | undefined)[];
  next: Chunk | undefined;
}

function makeChunk(): Chunk {
  return { items: new Array(CHUNK), next: undefined };
}

/** First in, first out, in a list of chunks: no copying, and at most one chunk of spare room. */
class Fifo {
  /** Requests taken back from a window, the oldest last. They come before all others. */
  readonly #returned: Request[] = [];
  /** Whether they are in order; otherwise they are sorted when the next one is wanted. */
  #isSorted = true;
  /** It grows as needed, since deadlines as priorities make a list for each request. */
  #first: Chunk = { items: [], next: undefined };
  #last: Chunk = this.#first;
  #from = 0;
  #to = 0;

  push(request: Request): void {
    if (this.#to === CHUNK) {
      this.#last.next = makeChunk();
      this.#last = this.#last.next;
      this.#to = 0;
    }
    this.#last.items[this.#to++] = request;
  }

  /**
   * Puts a request back by its age. O(1), and one sort for all that came far from their places, as when
   * several workers die.
   */
  pushBack(request: Request): void {
    const returned = this.#returned;
    let i = returned.length;
    const far = this.#isSorted ? i - NEAR : i;
    while (i > 0 && i > far && isOlder(returned[i - 1] as Request, request)) i--;
    if (i > 0 && i <= far) {
      this.#isSorted = false;
      i = returned.length;
    }
    returned.splice(i, 0, request);
  }

  /** The next unsettled request. Drops settled ones on its way. */
  peek(): Request | undefined {
    if (!this.#isSorted) this.#sort();
    for (;;) {
      const { length } = this.#returned;
      const request = length > 0 ? this.#returned[length - 1] : this.#head();
      if (request === undefined || !request.isSettled) return request;
      this.drop();
    }
  }

  /** Takes away the request that `peek` has returned. */
  drop(): void {
    if (this.#returned.length > 0) {
      this.#returned.pop();
      return;
    }
    this.#first.items[this.#from++] = undefined;
    if (this.#from === CHUNK && this.#first.next !== undefined) {
      this.#first = this.#first.next;
      this.#from = 0;
    } else if (this.#first === this.#last && this.#from === this.#to) {
      this.#from = 0;
      this.#to = 0;
    }
  }

  #sort(): void {
    this.#returned.sort((a, b) => (isOlder(a, b) ? 1 : -1));
    this.#isSorted = true;
  }

  /** Drops all settled requests. Those that were put back stay ahead of the others. */
  compact(): void {
    if (!this.#isSorted) this.#sort();
    const returned = this.#returned.filter((request) => !request.isSettled);
    const living: Request[] = [];
    let from = this.#from;
    for (let chunk: Chunk | undefined = this.#first; chunk !== undefined; chunk = chunk.next) {
      const { items } = chunk;
      const to = chunk === this.#last ? this.#to : CHUNK;
      for (; from < to; from++) {
        const request = items[from] as Request;
        if (!request.isSettled) living.push(request);
      }
      from = 0;
    }
    this.clear();
    for (const request of returned) this.#returned.push(request);
    for (const request of living) this.push(request);
  }

  clear(): void {
    this.#returned.length = 0;
    this.#isSorted = true;
    this.#first = this.#last = { items: [], next: undefined };
    this.#from = this.#to = 0;
  }

  #head(): Request | undefined {
    return this.#first === this.#last && this.#from === this.#to ? undefined : this.#first.items[this.#from];
  }
}

/** Ids wrap after 2^30, so the age is a distance: a signed number of 30 bits. */
export function isOlder(a: Pick<Request, 'id'>, b: Pick<Request, 'id'>): boolean {
  return isBefore(a.id, b.id);
}

function isBefore(a: number, b: number): boolean {
  return ((a - b) << 2) >> 2 < 0;
}

export class Queue {
  /** The bucket of priority 0. Most programs use no other, so it is found without a look-up. */
  readonly #plain = new Fifo();
  readonly #buckets = new Map<number, Fifo>([[0, this.#plain]]);
  /** Priorities that have a bucket, the highest first. */
  readonly #priorities = new Heap<number>((a, b) => b - a);
  #size = 0;
  /** Settled requests that still lie in a bucket. */
  #dead = 0;
  /** Id of the newest request at the last `mark`, and how many that came until then still wait. */
  #mark = 0;
  #marked = 0;

  constructor() {
    this.#priorities.push(0);
  }

  get size(): number {
    return this.#size;
  }

  /** O(1); O(log p) for the first of p priorities. */
  push(request: Request): void {
    this.#bucket(request).push(request);
    this.#size++;
  }

  /** Puts back a request that was taken out and not started, ahead of the younger ones of its priority. */
  pushBack(request: Request): void {
    this.#bucket(request).pushBack(request);
    this.#size++;
    if (this.#isMarked(request)) this.#marked++;
  }

  /** The next request; it stays. */
  peek(): Request | undefined {
    if (this.#size === 0) return undefined;
    return this.#hasOnlyPlain ? this.#plain.peek() : this.#top()?.peek();
  }

  /**
   * All requests that wait now came before the mark. O(1).
   * @param newest id of the last request that was submitted
   */
  mark(newest: number): void {
    this.#mark = newest;
    this.#marked = this.#size;
  }

  /** Whether a request waits that came before the mark. O(1), whatever the priorities. */
  get hasMarked(): boolean {
    return this.#marked > 0;
  }

  /** Takes the next request. O(1) for one priority. */
  shift(): Request | undefined {
    if (this.#size === 0) return undefined;
    const bucket = this.#hasOnlyPlain ? this.#plain : this.#top();
    const request = bucket?.peek();
    if (request === undefined) return undefined;
    bucket?.drop();
    this.#size--;
    if (this.#marked > 0 && this.#isMarked(request)) this.#marked--;
    return request;
  }

  /**
   * A waiting request is settled (aborted, timed out), or is about to be. It stays in its bucket as a dead
   * entry until it is met, until the dead outnumber the living, or until none lives. O(1), amortised.
   */
  forget(request: Request): void {
    this.#size--;
    if (this.#marked > 0 && this.#isMarked(request)) this.#marked--;
    this.#dead++;
    if (this.#size === 0) this.#clear();
    else if (this.#dead > 1024 && this.#dead > this.#size) this.#compact();
  }

  /** A request that was just taken out still counts as waiting; it is kept elsewhere until `takeAside`. */
  setAside(request: Request): void {
    this.#size++;
    if (this.#isMarked(request)) this.#marked++;
  }

  /** A request that was set aside waits no longer. */
  takeAside(request: Request): void {
    this.#size--;
    if (this.#marked > 0 && this.#isMarked(request)) this.#marked--;
  }

  /** Takes all, the next first; not those that were set aside. */
  *takeAll(): Generator<Request> {
    for (let request = this.shift(); request !== undefined; request = this.shift()) yield request;
  }

  /** Whether no request waits with another priority than 0. */
  get #hasOnlyPlain(): boolean {
    return this.#buckets.size === 1;
  }

  #isMarked(request: Request): boolean {
    return this.#mark !== 0 && !isBefore(this.#mark, request.id);
  }

  #bucket(request: Request): Fifo {
    const priority = request.extras === undefined ? 0 : request.extras.priority;
    if (priority === 0) return this.#plain;
    let bucket = this.#buckets.get(priority);
    if (bucket === undefined) {
      bucket = new Fifo();
      this.#buckets.set(priority, bucket);
      this.#priorities.push(priority);
    }
    return bucket;
  }

  /** The highest bucket that is not empty. Removes empty ones on its way, except that of priority 0. */
  #top(): Fifo | undefined {
    let sawPlain = false;
    let found: Fifo | undefined;
    for (;;) {
      const priority = this.#priorities.peek();
      if (priority === undefined) break;
      const bucket = this.#buckets.get(priority) as Fifo;
      if (bucket.peek() !== undefined) {
        found = bucket;
        break;
      }
      this.#priorities.pop();
      if (priority === 0) sawPlain = true;
      else this.#buckets.delete(priority);
    }
    if (sawPlain) this.#priorities.push(0);
    return found;
  }

  /** Only dead entries are left. O(1). */
  #clear(): void {
    this.#dead = 0;
    this.#plain.clear();
    if (this.#hasOnlyPlain) return;
    this.#buckets.clear();
    this.#buckets.set(0, this.#plain);
    this.#priorities.clear();
    this.#priorities.push(0);
  }

  #compact(): void {
    this.#dead = 0;
    for (const [priority, bucket] of this.#buckets) {
      bucket.compact();
      // Empty buckets below one that never becomes empty are removed only here.
      if (priority !== 0 && bucket.peek() === undefined) this.#buckets.delete(priority);
    }
    this.#priorities.clear();
    this.#priorities.addAll([...this.#buckets.keys()]);
  }
}
