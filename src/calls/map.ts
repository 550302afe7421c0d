/** `map` and `mapSettled`: an iterable in, outcomes out, with backpressure. */

import { BalancerClosedError } from '../errors/errors.js';
import type { MapSettings } from '../options/submit.js';
import { setImmediate } from '../protocol/timers.js';
import { listenToAbort, unlistenToAbort } from '../requests/abort-listeners.js';
import { byteSize } from '../values/byte-size.js';
import { MapBudget } from './map-budget.js';
import { type FailedItem, markFailure } from './map-failure.js';
import type { JobEvents } from './map-job.js';
import type { MapRequests } from './map-requests.js';
import { MapReruns } from './map-reruns.js';
import { RetryRule } from './map-retry.js';
import { MapSender } from './map-sender.js';
import { ChunkSizes } from './map-sizes.js';
import type { MapSource } from './map-source.js';
import {
  OrderedOutlet,
  type OutcomeState,
  type Outlet,
  outcomeStates,
  Span,
  UnorderedOutlet,
} from './map-span.js';
import type { OpenLoops } from './open-loops.js';
import { PullIterator, type Step } from './pull-iterator.js';

/** See `Balancer.map` and `Balancer.mapSettled`. */
export class MapIterator extends PullIterator implements JobEvents {
  readonly #requests: MapRequests;
  readonly #source: MapSource;
  /** Failures are outcomes, and end nothing. */
  readonly #settles: boolean;
  readonly #signal: AbortSignal | undefined;
  readonly #sizes: ChunkSizes;
  readonly #budget: MapBudget;
  readonly #outlet: Outlet;
  readonly #reruns: MapReruns;
  readonly #sender: MapSender;
  /** The span that is being filled from the source, how many items it is to have, and the items taken in all. */
  #open: Span | undefined;
  #size = 1;
  #taken = 0;
  /** The source has been asked for an item. */
  #awaitsSource = false;
  /** No request is under way whose completion would make us look for room in the queue. */
  #awaitsRoom = false;
  /** The error of the source, while outcomes are to come before it. */
  #sourceError: { readonly error: unknown } | undefined;
  /** A task has failed: no more items are taken. */
  #failing = false;
  #failed: FailedItem | undefined;
  #isFlushing = false;
  #closed: Promise<unknown> | undefined;

  constructor(
    requests: MapRequests,
    source: MapSource,
    settings: MapSettings,
    settles: boolean,
    loops: OpenLoops,
  ) {
    super(loops);
    this.#requests = requests;
    this.#source = source;
    this.#settles = settles;
    this.#signal = settings.signal;
    const { retry } = settings;
    const batch = requests.allowsChunks ? settings.batch : 1;
    this.#sizes = new ChunkSizes(batch, requests.task, () => requests.workers);
    this.#budget = new MapBudget(() => requests.limits(this.#size));
    this.#outlet = settings.ordered ? new OrderedOutlet() : new UnorderedOutlet();
    this.#reruns = new MapReruns(requests, retry && new RetryRule(retry, Math.random));
    this.#sender = new MapSender(requests, this.#sizes, this.#reruns, this);
  }

  /** The item whose failure has ended the map, if one has. */
  get failed(): FailedItem | undefined {
    return this.#failed;
  }

  protected override begin(): void {
    if (this.#signal?.aborted === true) {
      this.end({ error: this.#signal.reason });
      return;
    }
    if (this.#signal !== undefined) listenToAbort(this.#signal, this.#onAbort);
    try {
      this.#source.open();
    } catch (error) {
      this.end({ error });
    }
  }

  protected override poll(): Step | undefined {
    if (!this.#outlet.hasNext()) return undefined;
    const { span, offset } = this.#outlet;
    if (span.states[offset] === outcomeStates.error && !this.#settles) return undefined;
    const value = this.#takeNext();
    if (span.given === span.items.length) this.#pull();
    return { done: false, value };
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

  /** Sends items that are to run again, then takes items from the source while there is room for them. */
  #pull(): void {
    while (this.state === 'running' && this.#sender.hasLeftovers && this.#hasQueueRoom())
      this.#sender.sendLeftover();
    while (this.#wantsMore() && this.#hasRoom()) {
      this.#awaitsSource = true;
      try {
        const step = this.#source.next();
        if (isPromise(step)) {
          this.#resume(step);
          this.#flushSoon();
          return;
        }
        this.#awaitsSource = false;
        this.#take(step);
      } catch (error) {
        this.#awaitsSource = false;
        this.#sourceFailed(error);
      }
    }
    // There is no room to fill it.
    if (!this.#awaitsSource) this.#flush();
  }

  #wantsMore(): boolean {
    return this.state === 'running' && !this.#awaitsSource && !this.#source.isOver && !this.#failing;
  }

  /** A span is begun only if there is room for all of it: each outcome that is given makes room for one item. */
  #hasRoom(): boolean {
    // One may have been opened by an item that was asked for while there was room in the one before.
    if (this.#open !== undefined) return this.#budget.allows(1);
    this.#size = this.#sizes.next(this.#source.remaining);
    return this.#budget.allows(this.#size) && this.#hasQueueRoom();
  }

  #hasQueueRoom(): boolean {
    if (this.#requests.makeSpace()) return true;
    // Other callers fill the queue. The next completion of our own looks again, if there is any to come.
    if (this.#sender.underWay === 0 && !this.#awaitsRoom) {
      this.#awaitsRoom = true;
      void this.#requests.ready().then(() => {
        this.#awaitsRoom = false;
        this.#pull();
      });
    }
    return false;
  }

  #resume(promise: Promise<IteratorResult<unknown>>): void {
    const failed = (error: unknown): void => {
      this.#awaitsSource = false;
      this.#sourceFailed(error);
    };
    promise.then((step) => {
      this.#awaitsSource = false;
      try {
        this.#take(step);
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
      this.#flush();
      this.#handOut();
      return;
    }
    const { value } = step;
    const bytes = byteSize(value);
    this.#budget.enter(bytes);
    let span = this.#open;
    if (span === undefined) {
      span = new Span(this.#taken);
      this.#open = span;
      this.#outlet.opened(span);
    }
    this.#taken++;
    span.add(value, bytes);
    if (span.items.length >= this.#size || span.itemBytes >= this.#sizes.mostBytes) this.#flush();
  }

  /** The next item may be long in coming: sends the taken ones now if a worker may be idle, else later in this turn. */
  #flushSoon(): void {
    if (this.#open === undefined || this.#isFlushing) return;
    if (this.#sender.underWay < this.#requests.workers) {
      this.#flush();
      return;
    }
    this.#isFlushing = true;
    setImmediate(() => {
      this.#isFlushing = false;
      this.#flush();
    });
  }

  /** Sends the taken items. */
  #flush(): void {
    const span = this.#open;
    if (span === undefined || this.state === 'ended') return;
    this.#open = undefined;
    span.isOpen = false;
    this.#sender.send(span, 0, span.items.length);
  }

  settled(span: Span, offset: number, state: OutcomeState, outcome: unknown): void {
    if (this.state === 'ended' || span.states[offset] !== outcomeStates.pending) return;
    if (state === outcomeStates.error && this.#goesOn(span, offset, outcome)) return;
    span.settle(offset, state, outcome);
    this.#outlet.settled(span, offset);
    if (span.pending > 0) return;
    this.#budget.grow(span.outcomeBytes);
    if (this.#settles || this.#failing) return;
    this.#budget.grow(-span.itemBytes);
    span.dropItems();
  }

  /** An item has failed. Returns whether that is not its outcome: it runs again, or the map has ended. */
  #goesOn(span: Span, offset: number, error: unknown): boolean {
    if (this.#settles && this.#requests.isEnd(error)) {
      this.end({ error });
      return true;
    }
    const run = (): void => {
      this.#sender.keep(span, offset, offset + 1, true, false);
      this.#pull();
    };
    try {
      if (this.#reruns.afterError(span.first + offset, error, span.items[offset], run)) return true;
    } catch (thrown) {
      this.end({ error: thrown });
      return true;
    }
    this.#failing ||= !this.#settles;
    return false;
  }

  crashed(span: Span, offset: number, error: Error): boolean {
    if (this.#reruns.afterCrash(span.first + offset)) {
      this.left(span, offset, offset + 1, true);
      return true;
    }
    this.settled(span, offset, outcomeStates.error, error);
    return false;
  }

  left(span: Span, from: number, to: number, alone: boolean): void {
    this.#sender.keep(span, from, to, alone, true);
  }

  changed(): void {
    if (this.state === 'ended') return;
    this.#handOut();
    this.#pull();
  }

  /** The outcomes of the items that the source gave before come first. */
  #sourceFailed(error: unknown): void {
    this.#source.end();
    if (this.state === 'ended') return;
    this.#sourceError = { error };
    this.#flush();
    this.#handOut();
  }

  /** Gives outcomes to the calls of `next` that wait for them. */
  #handOut(): void {
    while (this.isAwaited) {
      if (!this.#outlet.hasNext()) {
        if (this.#source.isOver && this.#budget.isUnused) this.end(this.#sourceError);
        return;
      }
      const { span, offset } = this.#outlet;
      if (span.states[offset] === outcomeStates.error && !this.#settles) {
        this.#fail(span, offset);
        return;
      }
      this.give(this.#takeNext());
    }
  }

  /** Takes the next outcome, which is there. */
  #takeNext(): unknown {
    const { span, offset } = this.#outlet;
    const given = this.#settles ? span.settledResult(offset) : span.outcomes[offset];
    span.forget(offset);
    this.#outlet.advance();
    this.#budget.leave(
      span.given === span.items.length && !span.isOpen ? span.itemBytes + span.outcomeBytes : 0,
    );
    return given;
  }

  /** No item is taken any more: outcomes of earlier items are given, and then the error. */
  override shut(): void {
    if (this.state !== 'running' || this.#source.isOver || this.#failing) return;
    void this.#source.close();
    this.#sourceFailed(new BalancerClosedError());
  }

  readonly #onAbort = (): void => this.end({ error: this.#signal?.reason });

  #fail(span: Span, offset: number): void {
    const error = span.outcomes[offset];
    this.#failed = { index: span.first + offset, item: span.items[offset] };
    markFailure(error, this.#failed);
    this.end({ error });
  }

  /** Withdraws what has not started, and closes the source. */
  protected override clear(): Promise<unknown> | undefined {
    if (this.#signal !== undefined) unlistenToAbort(this.#signal, this.#onAbort);
    this.#outlet.clear();
    this.#open = undefined;
    this.#reruns.clear();
    this.#sender.withdrawAll();
    const closed = this.#source.close();
    // A source that has just been asked for an item may take forever.
    this.#closed = this.#awaitsSource ? undefined : closed;
    return this.#closed;
  }
}

function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof (value as { then?: unknown }).then === 'function';
}
