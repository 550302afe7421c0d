/** Batches: an iterable in, results out, with backpressure. */
import type { MapOptions } from '../options/submit.js';
import { byteSize } from '../values/byte-size.js';
import { MapBudget, type MapLimits } from './map-budget.js';
import type { MapSource } from './map-source.js';
import { PullIterator } from './pull-iterator.js';

/** One item on its way. */
export interface MapRequest {
  readonly promise: Promise<unknown>;
  /** If it has not started, it never will; its promise does not matter any more. */
  takeBack(): void;
}

/** Where the items go. */
export interface MapTarget {
  submit(item: unknown): MapRequest;
  /** How many items may be on the way. */
  room(): MapLimits;
  /** Whether a submit would be refused for lack of room. */
  isFull(): boolean;
  /** Resolves when it would not any more. */
  ready(): Promise<void>;
}

/** One item: its request, and then its result or error. */
interface Slot {
  state: 'pending' | 'value' | 'error';
  value: unknown;
  bytes: number;
  request: MapRequest | undefined;
}

/** See `Balancer.map`. */
export class MapIterator extends PullIterator {
  readonly #target: MapTarget;
  readonly #items: MapSource;
  readonly #ordered: boolean;
  readonly #signal: AbortSignal | undefined;
  readonly #budget: MapBudget;
  /** What the caller takes next, from `#first` on. Ordered: all items on the way. Unordered: those that are settled. */
  readonly #writer: (Slot | undefined)[] = [];
  #first = 0;
  /** Those that are not settled; they are taken back at an early end, the youngest first. */
  readonly #pending = new Set<Slot>();
  /** What the next item waits for: the source is asked for it, or there is no room in the queue. */
  #awaits: 'nothing' | 'source' | 'room' = 'nothing';
  /** What the source has thrown, while results are to come before it. */
  #sourceError: Slot | undefined;
  /** A task has failed: the items after it would run for nothing. */
  #failing = false;
  #closed: Promise<unknown> | undefined;

  constructor(target: MapTarget, items: MapSource, options: MapOptions) {
    super();
    this.#target = target;
    this.#items = items;
    this.#ordered = options.ordered ?? true;
    this.#signal = options.signal;
    this.#budget = new MapBudget(() => target.room());
  }

  protected override begin(): void {
    if (this.#signal?.aborted === true) {
      this.#fail(this.#signal.reason);
      return;
    }
    this.#signal?.addEventListener('abort', this.#onAbort);
    try {
      this.#items.open();
    } catch (error) {
      this.#fail(error);
    }
  }

  protected override serve(): void {
    this.#handOut();
    this.#pull();
  }

  protected override async leave(): Promise<void> {
    const wasEnded = this.state === 'ended';
    this.end();
    try {
      await this.#closed;
    } catch (error) {
      if (!wasEnded) throw error;
    }
  }

  /** Takes items from the source while there is room for them. */
  #pull(): void {
    while (this.#wantsMore() && this.#hasRoom()) {
      this.#awaits = 'source';
      try {
        const step = this.#items.next();
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
    return this.state === 'running' && this.#awaits === 'nothing' && !this.#items.isOver && !this.#failing;
  }

  #hasRoom(): boolean {
    if (!this.#budget.hasRoom()) return false;
    if (!this.#target.isFull()) return true;
    // Somebody else fills the queue. The next of our own results looks again, if there is any to come.
    if (this.#budget.isUnused) {
      this.#awaits = 'room';
      this.#resume(this.#target.ready(), () => {});
    }
    return false;
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

  #take(step: IteratorResult<unknown>): void {
    if (this.state === 'ended') return;
    if (step.done === true) {
      this.#items.end();
      this.#handOut();
      return;
    }
    const slot: Slot = {
      state: 'pending',
      value: undefined,
      bytes: byteSize(step.value),
      request: undefined,
    };
    this.#budget.enter(slot.bytes);
    this.#pending.add(slot);
    if (this.#ordered) this.#writer.push(slot);
    slot.request = this.#target.submit(step.value);
    slot.request.promise.then(
      (value) => this.#came(slot, 'value', value),
      (error) => this.#came(slot, 'error', error),
    );
  }

  #came(slot: Slot, state: 'value' | 'error', value: unknown): void {
    if (this.state === 'ended') return;
    this.#pending.delete(slot);
    const bytes = byteSize(value);
    this.#budget.grow(bytes - slot.bytes);
    this.#failing ||= state === 'error';
    slot.state = state;
    slot.value = value;
    slot.bytes = bytes;
    slot.request = undefined;
    if (!this.#ordered) this.#writer.push(slot);
    this.#noteEnd();
    this.#handOut();
    this.#pull();
  }

  /** What the source gave before comes first. */
  #sourceFailed(error: unknown): void {
    this.#items.end();
    if (this.state === 'ended') return;
    this.#sourceError = { state: 'error', value: error, bytes: 0, request: undefined };
    this.#budget.enter(this.#sourceError.bytes);
    this.#noteEnd();
    this.#handOut();
  }

  /** Puts the source's error behind the results of what it gave before. */
  #noteEnd(): void {
    if (this.#sourceError === undefined || (!this.#ordered && this.#pending.size > 0)) return;
    this.#writer.push(this.#sourceError);
    this.#sourceError = undefined;
  }

  /** Hands results to those who wait for them. */
  #handOut(): void {
    while (this.isAwaited) {
      const slot = this.#writer[this.#first];
      if (slot === undefined) {
        if (this.#items.isOver && this.#budget.isUnused) this.end();
        return;
      }
      if (slot.state === 'pending') return;
      this.#forgetFirst();
      this.#budget.leave(slot.bytes);
      if (slot.state === 'error') {
        this.#fail(slot.value);
        return;
      }
      this.give(slot.value);
    }
  }

  #forgetFirst(): void {
    // At once, since results may be large; the places go when they are many.
    this.#writer[this.#first++] = undefined;
    if (this.#first === this.#writer.length || this.#first > 1024) {
      this.#writer.splice(0, this.#first);
      this.#first = 0;
    }
  }

  readonly #onAbort = (): void => this.#fail(this.#signal?.reason);

  #fail(error: unknown): void {
    this.end({ error });
  }

  /** Takes back what is not started, and closes the source. */
  protected override clear(): Promise<unknown> | undefined {
    this.#signal?.removeEventListener('abort', this.#onAbort);
    this.#writer.length = 0;
    // The youngest first: each is then the last of its window, and nothing has to move.
    for (const { request } of [...this.#pending].reverse()) request?.takeBack();
    this.#pending.clear();
    const closed = this.#items.close();
    // Not for a source that is just asked for an item: that may take for ever.
    this.#closed = this.#awaits === 'source' ? undefined : closed;
    return this.#closed;
  }
}

function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof (value as { then?: unknown }).then === 'function';
}
