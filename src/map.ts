/** Batches: an iterable in, results out, with backpressure. */

import type { SubmitOptions } from './call-options.js';
import { invalid } from './checks.js';
import { approximateBytes } from './cloneable.js';
import { rethrowOn } from './rethrow.js';

/** Options of `map`. */
export interface MapOptions {
  /** Results in the order of the source, else in the order of completion. Default true. */
  ordered?: boolean;
  /** Ends the iteration: it throws the signal's reason, and running tasks are stopped as by `submit`'s signal. */
  signal?: AbortSignal;
  /** Options for each request. */
  submit?: Omit<SubmitOptions, 'signal' | 'transfer' | 'onProgress'>;
}

/** One item on its way. */
export interface MapRequest {
  readonly promise: Promise<unknown>;
  /** If it has not started, it never will; its promise does not matter any more. */
  takeBack(): void;
}

/** How many items may be on the way: taken from the source, and their results not taken by the caller. */
export interface MapRoom {
  /** At most this many. */
  readonly most: number;
  /** As long as they are no more bytes than this, … */
  readonly bytes: number;
  /** … or no more items than this. */
  readonly least: number;
}

/** Where the items go. */
export interface MapTarget {
  submit(item: unknown): MapRequest;
  room(): MapRoom;
  /** Whether a submit would be refused for lack of room. */
  isFull(): boolean;
  /** Resolves when it would not any more. */
  ready(): Promise<void>;
}

type Step = IteratorResult<unknown, undefined>;
const DONE: Step = { done: true, value: undefined };

/** How many items may pass before the room is asked for again, if there is some: it follows the mean run time, which changes slowly. */
const ROOM_LASTS = 32;

type Waiter = (step: Step | Promise<never>) => void;

/** One item: its request, and then its result or error. */
interface Slot {
  state: 'pending' | 'value' | 'error';
  value: unknown;
  bytes: number;
  request: MapRequest | undefined;
}

class Mapping implements AsyncIterableIterator<unknown, undefined> {
  readonly #target: MapTarget;
  readonly #given: Iterable<unknown> | AsyncIterable<unknown>;
  readonly #ordered: boolean;
  readonly #signal: AbortSignal | undefined;
  #source: Iterator<unknown> | AsyncIterator<unknown> | undefined;
  #state: 'new' | 'running' | 'ended' = 'new';
  /** What the caller takes next, from `#first` on. Ordered: all items on the way. Unordered: those that are settled. */
  readonly #slots: (Slot | undefined)[] = [];
  #first = 0;
  /** Those that are not settled; they are taken back at an early end, the youngest first. */
  readonly #pending = new Set<Slot>();
  /** Items whose results the caller has not taken, and their bytes, or their results'. */
  #onTheWay = 0;
  #bytes = 0;
  readonly #waiters: Waiter[] = [];
  /** An error that no `next` has got yet. */
  #failure: { readonly error: unknown } | undefined;
  /** The source has ended, or has thrown: it must not be closed. */
  #exhausted = false;
  /** What the next item waits for: the source is asked for it, or there is no room in the queue. */
  #awaits: 'nothing' | 'source' | 'room' = 'nothing';
  /** What the source has thrown, while results are to come before it. */
  #sourceError: Slot | undefined;
  /** A task has failed: the items after it would run for nothing. */
  #failing = false;
  #closing: Promise<unknown> | undefined;
  #room: MapRoom = { most: 0, bytes: 0, least: 0 };
  #roomLasts = 0;

  constructor(target: MapTarget, source: Iterable<unknown> | AsyncIterable<unknown>, options: MapOptions) {
    this.#target = target;
    this.#given = source;
    this.#ordered = options.ordered ?? true;
    this.#signal = options.signal;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<Step> {
    if (this.#state === 'new') this.#start();
    if (this.#failure !== undefined) {
      const { error } = this.#failure;
      this.#failure = undefined;
      return rethrowOn(error);
    }
    if (this.#state === 'ended') return Promise.resolve(DONE);
    const promise = new Promise<Step>((resolve) => {
      this.#waiters.push(resolve);
    });
    this.#serve();
    this.#pull();
    return promise;
  }

  async return(): Promise<Step> {
    const wasEnded = this.#state === 'ended';
    this.#end(undefined);
    this.#failure = undefined;
    try {
      await this.#closing;
    } catch (error) {
      if (!wasEnded) throw error;
    }
    return DONE;
  }

  async throw(error: unknown): Promise<Step> {
    await this.return();
    throw error;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  /** Nothing is opened, and nothing listened to, before the first `next`: as with any generator. */
  #start(): void {
    this.#state = 'running';
    if (this.#signal?.aborted === true) {
      this.#exhausted = true;
      this.#fail(this.#signal.reason);
      return;
    }
    this.#signal?.addEventListener('abort', this.#onAbort);
    try {
      this.#source = open(this.#given);
    } catch (error) {
      this.#exhausted = true;
      this.#fail(error);
    }
  }

  /** Takes items from the source while there is room for them. */
  #pull(): void {
    while (this.#wantsMore() && this.#hasRoom()) {
      this.#awaits = 'source';
      try {
        const step = this.#source!.next();
        if (isPromise(step)) {
          this.#resume(step, (later) => this.#take(later));
          return;
        }
        this.#awaits = 'nothing';
        this.#take(step);
      } catch (error) {
        this.#sourceFailed(error);
      }
    }
  }

  #wantsMore(): boolean {
    return this.#state === 'running' && this.#awaits === 'nothing' && !this.#exhausted && !this.#failing;
  }

  #isRoomTaken(): boolean {
    const { most, bytes, least } = this.#room;
    return this.#onTheWay >= most || (this.#bytes >= bytes && this.#onTheWay >= least);
  }

  #resume<T>(promise: Promise<T>, then: (value: T) => void): void {
    const failed = (error: unknown): void => {
      this.#awaits = 'nothing';
      this.#sourceFailed(error);
    };
    promise.then((value) => {
      this.#awaits = 'nothing';
      try {
        then(value);
      } catch (error) {
        failed(error);
      }
      this.#pull();
    }, failed);
  }

  #hasRoom(): boolean {
    if (this.#roomLasts-- <= 0 || this.#isRoomTaken()) {
      this.#room = this.#target.room();
      this.#roomLasts = ROOM_LASTS;
      if (this.#isRoomTaken()) return false;
    }
    if (!this.#target.isFull()) return true;
    // Somebody else fills the queue. The next of our own results looks again, if there is any to come.
    if (this.#onTheWay === 0) {
      this.#awaits = 'room';
      this.#resume(this.#target.ready(), () => {});
    }
    return false;
  }

  #take(step: IteratorResult<unknown>): void {
    if (this.#state === 'ended') return;
    if (step.done === true) {
      this.#exhausted = true;
      this.#serve();
      return;
    }
    const slot: Slot = {
      state: 'pending',
      value: undefined,
      bytes: approximateBytes(step.value),
      request: undefined,
    };
    this.#enter(slot);
    this.#pending.add(slot);
    if (this.#ordered) this.#slots.push(slot);
    slot.request = this.#target.submit(step.value);
    slot.request.promise.then(
      (value) => this.#came(slot, 'value', value),
      (error) => this.#came(slot, 'error', error),
    );
  }

  #enter(slot: Slot): void {
    this.#onTheWay++;
    this.#bytes += slot.bytes;
  }

  #came(slot: Slot, state: 'value' | 'error', value: unknown): void {
    if (this.#state === 'ended') return;
    this.#pending.delete(slot);
    const bytes = approximateBytes(value);
    this.#bytes += bytes - slot.bytes;
    this.#failing ||= state === 'error';
    slot.state = state;
    slot.value = value;
    slot.bytes = bytes;
    slot.request = undefined;
    if (!this.#ordered) this.#slots.push(slot);
    this.#noteEnd();
    this.#serve();
    this.#pull();
  }

  /** Hands results to those who wait for them. */
  #serve(): void {
    while (this.#waiters.length > 0) {
      const slot = this.#slots[this.#first];
      if (slot === undefined) {
        if (this.#exhausted && this.#onTheWay === 0) this.#end(undefined);
        return;
      }
      if (slot.state === 'pending') return;
      this.#forgetFirst();
      this.#onTheWay--;
      this.#bytes -= slot.bytes;
      if (slot.state === 'error') {
        this.#fail(slot.value);
        return;
      }
      this.#waiters.shift()?.({ done: false, value: slot.value });
    }
  }

  #forgetFirst(): void {
    // At once, since results may be large; the places go when they are many.
    this.#slots[this.#first++] = undefined;
    if (this.#first === this.#slots.length || this.#first > 1024) {
      this.#slots.splice(0, this.#first);
      this.#first = 0;
    }
  }

  /** What the source gave before comes first. */
  #sourceFailed(error: unknown): void {
    this.#exhausted = true;
    if (this.#state === 'ended') return;
    this.#sourceError = { state: 'error', value: error, bytes: 0, request: undefined };
    this.#enter(this.#sourceError);
    this.#noteEnd();
    this.#serve();
  }

  /** Puts the source's error behind the results of what it gave before. */
  #noteEnd(): void {
    if (this.#sourceError === undefined || (!this.#ordered && this.#pending.size > 0)) return;
    this.#slots.push(this.#sourceError);
    this.#sourceError = undefined;
  }

  readonly #onAbort = (): void => this.#fail(this.#signal?.reason);

  #fail(error: unknown): void {
    this.#end({ error });
  }

  /** Ends, early or not: takes back what is not started, closes the source, tells those who wait. Does nothing the second time. */
  #end(failure: { readonly error: unknown } | undefined): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.#signal?.removeEventListener('abort', this.#onAbort);
    this.#slots.length = 0;
    // The youngest first: each is then the last of its window, and nothing has to move.
    for (const { request } of [...this.#pending].reverse()) request?.takeBack();
    this.#pending.clear();
    this.#closing = this.#closeSource();
    const [first, ...others] = this.#waiters.splice(0);
    if (first === undefined) {
      this.#failure = failure;
      return;
    }
    const settle = (): void => {
      if (failure === undefined) first(DONE);
      else first(rethrowOn(failure.error));
      for (const waiter of others) waiter(DONE);
    };
    // An error while closing does not hide the one that was the reason.
    if (this.#closing === undefined) settle();
    else this.#closing.then(settle, settle);
  }

  /** Returns what to wait for: not for a source that is just asked for an item, since that may take for ever. */
  #closeSource(): Promise<unknown> | undefined {
    const source = this.#source;
    if (source === undefined || this.#exhausted) return undefined;
    this.#exhausted = true;
    const closing = (async () => source.return?.(undefined))();
    closing.catch(() => {});
    return this.#awaits === 'source' ? undefined : closing;
  }
}

/** See `Balancer.map`. */
export function mapInto(
  target: MapTarget,
  source: Iterable<unknown> | AsyncIterable<unknown>,
  options: MapOptions,
): AsyncIterableIterator<unknown> {
  const given = source as Partial<AsyncIterable<unknown> & Iterable<unknown>> | null | undefined;
  if (typeof given?.[Symbol.asyncIterator] !== 'function' && typeof given?.[Symbol.iterator] !== 'function') {
    throw invalid('map(source)', source, 'an iterable or an async iterable');
  }
  return new Mapping(target, source, options);
}

function open(
  source: Iterable<unknown> | AsyncIterable<unknown>,
): Iterator<unknown> | AsyncIterator<unknown> {
  return Symbol.asyncIterator in Object(source)
    ? (source as AsyncIterable<unknown>)[Symbol.asyncIterator]()
    : (source as Iterable<unknown>)[Symbol.iterator]();
}

function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof (value as { then?: unknown }).then === 'function';
}
