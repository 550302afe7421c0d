/** `map`: an iterable in, results out, with backpressure. */
import { BalancerClosedError } from '../errors/errors.js';
import type { MapSettings } from '../options/submit.js';
import { listenToAbort, unlistenToAbort } from '../requests/abort-listeners.js';
import { byteSize } from '../values/byte-size.js';
import { MapBudget, type MapLimits } from './map-budget.js';
import type { MapSource } from './map-source.js';
import type { OpenLoops } from './open-loops.js';
import { PullIterator } from './pull-iterator.js';

/** The request of one item. */
export interface MapRequest {
  readonly promise: Promise<unknown>;
  /** The result is not wanted any more: if the request has not started, it never will. */
  withdraw(): void;
}

/** Where the items go. */
export interface MapTarget {
  submit(item: unknown): MapRequest;
  /** How many items may be under way at present. */
  limits(): MapLimits;
  /** Dispatches what can be, if the queue is full. Returns whether a request would be accepted then. */
  makeSpace(): boolean;
  /** Resolves when a request would be accepted. */
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
  readonly #source: MapSource;
  readonly #ordered: boolean;
  readonly #signal: AbortSignal | undefined;
  readonly #budget: MapBudget;
  /**
   * The slots to be delivered, from `#first` on. Ordered: all items under way. Unordered: the settled ones.
   */
  readonly #slots: (Slot | undefined)[] = [];
  #first = 0;
  /** Items that are not settled. An early end withdraws them, the youngest first. */
  readonly #pending = new Set<Slot>();
  /** Why no item can be taken at present: the source was asked for one, or the queue is full. */
  #awaits: 'nothing' | 'source' | 'space' = 'nothing';
  /** The error of the source, while results of earlier items are still to come. */
  #sourceError: Slot | undefined;
  /** A task has failed: later items would run for nothing. */
  #failing = false;
  #closed: Promise<unknown> | undefined;

  constructor(target: MapTarget, source: MapSource, { ordered, signal }: MapSettings, loops: OpenLoops) {
    super(loops);
    this.#target = target;
    this.#source = source;
    this.#ordered = ordered;
    this.#signal = signal;
    this.#budget = new MapBudget(() => target.limits());
  }

  protected override begin(): void {
    if (this.#signal?.aborted === true) {
      this.#fail(this.#signal.reason);
      return;
    }
    if (this.#signal !== undefined) listenToAbort(this.#signal, this.#onAbort);
    try {
      this.#source.open();
    } catch (error) {
      this.#fail(error);
    }
  }

  protected override serve(): void {
    this.#deliver();
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

  /** Takes items from the source, as long as more may be under way. */
  #pull(): void {
    while (this.#wantsMore() && this.#mayTakeOne()) {
      this.#awaits = 'source';
      try {
        const step = this.#source.next();
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
    return this.state === 'running' && this.#awaits === 'nothing' && !this.#source.isOver && !this.#failing;
  }

  #mayTakeOne(): boolean {
    if (!this.#budget.allowsAnother()) return false;
    if (this.#target.makeSpace()) return true;
    // Other requests fill the queue. The next of our own results comes back here; without one to come, wait
    // for space.
    if (this.#budget.isUnused) {
      this.#awaits = 'space';
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
      this.#source.end();
      this.#deliver();
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
    if (this.#ordered) this.#slots.push(slot);
    slot.request = this.#target.submit(step.value);
    slot.request.promise.then(
      (value) => this.#settled(slot, 'value', value),
      (error) => this.#settled(slot, 'error', error),
    );
  }

  #settled(slot: Slot, state: 'value' | 'error', value: unknown): void {
    if (this.state === 'ended') return;
    this.#pending.delete(slot);
    const bytes = byteSize(value);
    this.#budget.grow(bytes - slot.bytes);
    this.#failing ||= state === 'error';
    slot.state = state;
    slot.value = value;
    slot.bytes = bytes;
    slot.request = undefined;
    if (!this.#ordered) this.#slots.push(slot);
    this.#queueSourceError();
    this.#deliver();
    this.#pull();
  }

  /** Results of earlier items are delivered before the error. */
  #sourceFailed(error: unknown): void {
    this.#source.end();
    if (this.state === 'ended') return;
    this.#sourceError = { state: 'error', value: error, bytes: 0, request: undefined };
    this.#budget.enter(this.#sourceError.bytes);
    this.#queueSourceError();
    this.#deliver();
  }

  /** Puts the source's error behind the results of earlier items. */
  #queueSourceError(): void {
    if (this.#sourceError === undefined || (!this.#ordered && this.#pending.size > 0)) return;
    this.#slots.push(this.#sourceError);
    this.#sourceError = undefined;
  }

  /** Gives results to callers that wait for them. */
  #deliver(): void {
    while (this.isAwaited) {
      const slot = this.#slots[this.#first];
      if (slot === undefined) {
        if (this.#source.isOver && this.#budget.isUnused) this.end();
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
    // The slot goes at once, since results may be large; the array is shortened only now and then, which is
    // cheaper.
    this.#slots[this.#first++] = undefined;
    if (this.#first === this.#slots.length || this.#first > 1024) {
      this.#slots.splice(0, this.#first);
      this.#first = 0;
    }
  }

  /** No item is taken any more: results of earlier items are delivered, and then the error. */
  override shut(): void {
    if (this.state !== 'running' || this.#source.isOver || this.#failing) return;
    this.#source.close();
    this.#sourceFailed(new BalancerClosedError());
  }

  readonly #onAbort = (): void => this.#fail(this.#signal?.reason);

  #fail(error: unknown): void {
    this.end({ error });
  }

  /** Withdraws the requests that have not started, and closes the source. */
  protected override clear(): Promise<unknown> | undefined {
    if (this.#signal !== undefined) unlistenToAbort(this.#signal, this.#onAbort);
    this.#slots.length = 0;
    // The youngest first: each is then the last of its window, and no other has to move.
    for (const { request } of [...this.#pending].reverse()) request?.withdraw();
    this.#pending.clear();
    const closed = this.#source.close();
    // A source that was just asked for an item may take for ever: it is not waited for.
    this.#closed = this.#awaits === 'source' ? undefined : closed;
    return this.#closed;
  }
}

function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof (value as { then?: unknown }).then === 'function';
}
