/** Batches: an iterable in, results out, with backpressure. */
import type { SubmitOptions } from './options.js';

/** Options of `map`. */
export interface MapOptions {
  /** Results in the order of the source, else in the order of completion. Default true. */
  ordered?: boolean;
  /** Ends the iteration: it throws the signal's reason. */
  signal?: AbortSignal;
  /** Options for each request. */
  submit?: Omit<SubmitOptions, 'signal' | 'transfer' | 'onProgress'>;
}

/** Where the items go. */
export interface MapTarget {
  submit(item: unknown, signal: AbortSignal): Promise<unknown>;
  /** How many items may be on the way: taken from the source, and their results not taken by the caller. */
  limit(): number;
}

type Step = IteratorResult<unknown, undefined>;
const DONE: Step = { done: true, value: undefined };

interface Waiter {
  readonly resolve: (step: Step) => void;
  readonly reject: (error: unknown) => void;
}

/** One result, or error, that is there or is to come. */
interface Slot {
  state: 'pending' | 'value' | 'error';
  value: unknown;
}

class Mapping implements AsyncIterableIterator<unknown, undefined> {
  readonly #target: MapTarget;
  readonly #source: Iterator<unknown> | AsyncIterator<unknown>;
  readonly #ordered: boolean;
  readonly #signal: AbortSignal | undefined;
  readonly #abort = new AbortController();
  /** Ordered: all items on the way, in the source's order. Unordered: results that have come. */
  readonly #slots: Slot[] = [];
  #first = 0;
  /** Items whose results the caller has not taken. */
  #onTheWay = 0;
  readonly #waiters: Waiter[] = [];
  #exhausted = false;
  #failed = false;
  #ended = false;
  #pulling = false;
  #limit = 0;
  #sinceLimit = 0;

  constructor(target: MapTarget, source: Iterable<unknown> | AsyncIterable<unknown>, options: MapOptions) {
    this.#target = target;
    this.#source = iteratorOf(source);
    this.#ordered = options.ordered ?? true;
    this.#signal = options.signal;
    this.#signal?.addEventListener('abort', this.#onAbort);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<Step> {
    if (this.#ended) return Promise.resolve(DONE);
    if (this.#signal?.aborted === true) return this.#fail(this.#signal.reason);
    const promise = new Promise<Step>((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
    });
    this.#serve();
    this.#pull();
    return promise;
  }

  async return(): Promise<Step> {
    await this.#end();
    return DONE;
  }

  async throw(error: unknown): Promise<Step> {
    await this.#end();
    throw error;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end();
  }

  /** Takes items from the source while there is room for them. */
  #pull(): void {
    if (this.#pulling) return;
    while (!this.#exhausted && !this.#ended && this.#hasRoom()) {
      let step: IteratorResult<unknown> | Promise<IteratorResult<unknown>>;
      try {
        step = this.#source.next();
      } catch (error) {
        this.#sourceFailed(error);
        return;
      }
      if (isPromise(step)) {
        this.#pulling = true;
        step.then(
          (later) => {
            this.#pulling = false;
            this.#take(later);
            this.#pull();
          },
          (error) => {
            this.#pulling = false;
            this.#sourceFailed(error);
          },
        );
        return;
      }
      this.#take(step);
    }
  }

  #hasRoom(): boolean {
    // The limit follows the tasks' mean run time, which changes slowly.
    if (this.#sinceLimit-- <= 0) {
      this.#limit = this.#target.limit();
      this.#sinceLimit = 32;
    }
    return this.#onTheWay < this.#limit;
  }

  #take(step: IteratorResult<unknown>): void {
    if (this.#ended) return;
    if (step.done === true) {
      this.#exhausted = true;
      this.#serve();
      return;
    }
    this.#onTheWay++;
    const slot: Slot = { state: 'pending', value: undefined };
    if (this.#ordered) this.#slots.push(slot);
    this.#target.submit(step.value, this.#abort.signal).then(
      (value) => this.#came(slot, 'value', value),
      (error) => this.#came(slot, 'error', error),
    );
  }

  #came(slot: Slot, state: 'value' | 'error', value: unknown): void {
    if (this.#ended) return;
    slot.state = state;
    slot.value = value;
    if (!this.#ordered) this.#slots.push(slot);
    this.#serve();
    this.#pull();
  }

  /** Hands results to those who wait for them. */
  #serve(): void {
    while (this.#waiters.length > 0 && !this.#ended) {
      const slot = this.#slots[this.#first];
      if (slot === undefined || slot.state === 'pending') {
        if (slot === undefined && this.#exhausted && this.#onTheWay === 0) this.#finish();
        return;
      }
      this.#forgetFirst();
      this.#onTheWay--;
      const waiter = this.#waiters.shift() as Waiter;
      if (slot.state === 'value') waiter.resolve({ done: false, value: slot.value });
      else {
        this.#waiters.unshift(waiter);
        void this.#fail(slot.value).catch(() => {});
      }
    }
  }

  #forgetFirst(): void {
    this.#first++;
    if (this.#first > 1024 && this.#first * 2 > this.#slots.length) {
      this.#slots.splice(0, this.#first);
      this.#first = 0;
    }
  }

  #sourceFailed(error: unknown): void {
    this.#exhausted = true;
    if (this.#ended) return;
    // The source is broken already and must not be closed; what it gave before comes first.
    this.#failed = true;
    this.#onTheWay++;
    this.#slots.push({ state: 'error', value: error });
    this.#serve();
  }

  readonly #onAbort = (): void => {
    void this.#fail(this.#signal?.reason).catch(() => {});
  };

  /** Ends with an error, which the first waiter gets. */
  async #fail(error: unknown): Promise<never> {
    if (!this.#ended) {
      const waiter = this.#waiters.shift();
      await this.#end();
      waiter?.reject(error);
    }
    throw error;
  }

  #finish(): void {
    this.#ended = true;
    this.#signal?.removeEventListener('abort', this.#onAbort);
    for (const waiter of this.#waiters.splice(0)) waiter.resolve(DONE);
  }

  /** Ends early: takes back what is not started, closes the source. */
  async #end(): Promise<void> {
    if (this.#ended) return;
    this.#finish();
    this.#slots.length = 0;
    this.#abort.abort(new DOMException('the iteration has ended', 'AbortError'));
    if (!this.#exhausted && !this.#failed) {
      this.#exhausted = true;
      await this.#source.return?.(undefined);
    }
  }
}

/** See `Balancer.map`. */
export function mapInto(
  target: MapTarget,
  source: Iterable<unknown> | AsyncIterable<unknown>,
  options: MapOptions,
): AsyncIterableIterator<unknown> {
  return new Mapping(target, source, options);
}

function iteratorOf(
  source: Iterable<unknown> | AsyncIterable<unknown>,
): Iterator<unknown> | AsyncIterator<unknown> {
  const given = source as Partial<AsyncIterable<unknown> & Iterable<unknown>> | null | undefined;
  if (typeof given?.[Symbol.asyncIterator] === 'function') return given[Symbol.asyncIterator]!();
  if (typeof given?.[Symbol.iterator] === 'function') return given[Symbol.iterator]!();
  throw new TypeError('map: the source is neither an iterable nor an async iterable');
}

function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof (value as { then?: unknown }).then === 'function';
}
