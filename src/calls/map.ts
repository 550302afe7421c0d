/** Batches: an iterable in, outcomes out, with backpressure. */
// By name, not as globals: a test that puts fake timers in their place must not stop a map.
import { clearTimeout, setImmediate, setTimeout } from 'node:timers';
import { BalancerClosedError } from '../errors/errors.js';
import type { MapSettings } from '../options/submit.js';
import { listenToAbort, unlistenToAbort } from '../requests/abort-listeners.js';
import { byteSize } from '../values/byte-size.js';
import { type ItemRun, packItems } from '../values/packed-items.js';
import { MapBudget } from './map-budget.js';
import type { JobEvents } from './map-job.js';
import type { MapRequest, MapRequests } from './map-requests.js';
import { RetryRule } from './map-retry.js';
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

/** Which item of a map has failed. */
export interface FailedItem {
  /** Its place in the source, from 0. */
  readonly index: number;
  readonly item: unknown;
}

/** What an item has been through. */
interface Trouble {
  /** Runs that have thrown. */
  attempts: number;
  /** Workers that died running it. */
  kills: number;
}

/** Items that are to be sent once more. */
interface Leftover {
  readonly span: Span;
  from: number;
  readonly to: number;
  /** Each in a request of its own. */
  readonly alone: boolean;
}

/** See `Balancer.map` and `Balancer.mapSettled`. */
export class MapIterator extends PullIterator implements JobEvents {
  readonly #requests: MapRequests;
  readonly #source: MapSource;
  /** Failures are outcomes, and end nothing. */
  readonly #settles: boolean;
  readonly #signal: AbortSignal | undefined;
  readonly #retry: RetryRule | undefined;
  readonly #sizes: ChunkSizes;
  readonly #budget: MapBudget;
  readonly #outlet: Outlet;
  /** What is filled from the source, and the items that it is to have. */
  #open: Span | undefined;
  #size = 1;
  #taken = 0;
  /** Requests under way; they are taken back at an early end, the youngest first. */
  readonly #pending = new Set<MapRequest>();
  readonly #leftovers: Leftover[] = [];
  /** By index; only of items that have any. */
  readonly #troubles = new Map<number, Trouble>();
  readonly #delayed = new Set<NodeJS.Timeout>();
  /** The source has been asked for an item. */
  #awaitsSource = false;
  /** Nothing of our own is under way, whose outcome would make us look for room in the queue. */
  #awaitsRoom = false;
  /** What the source has thrown, while outcomes are to come before it. */
  #sourceError: { readonly error: unknown } | undefined;
  /** A task has failed: the items after it would run for nothing. */
  #failing = false;
  #closed: Promise<unknown> | undefined;
  #isFlushing = false;
  #failed: FailedItem | undefined;

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
    this.#retry = settings.retry === undefined ? undefined : new RetryRule(settings.retry, Math.random);
    const batch = requests.allowsChunks ? settings.batch : 1;
    this.#sizes = new ChunkSizes(batch, requests.task, () => requests.workers);
    this.#budget = new MapBudget(() => requests.limits(this.#size));
    this.#outlet = settings.ordered ? new OrderedOutlet() : new UnorderedOutlet();
  }

  /** The item whose failure has ended it; `undefined`: none has. */
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
    const value = this.#giveNext();
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

  /** Sends what is left over, and then takes items from the source while there is room for them. */
  #pull(): void {
    while (this.state === 'running' && this.#leftovers.length > 0 && this.#hasQueueRoom())
      this.#sendLeftover();
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
  }

  #wantsMore(): boolean {
    return this.state === 'running' && !this.#awaitsSource && !this.#source.isOver && !this.#failing;
  }

  /** Room for a chunk, where none is being filled: with what one item after the other makes room for, only small ones would be sent. */
  #hasRoom(): boolean {
    if (this.#open !== undefined) return true;
    this.#size = this.#sizes.next(this.#source.remaining);
    return this.#budget.allows(this.#size) && this.#hasQueueRoom();
  }

  #hasQueueRoom(): boolean {
    if (this.#requests.makeSpace()) return true;
    // Somebody else fills the queue. The next of our own outcomes looks again, if there is any to come.
    if (this.#pending.size === 0 && !this.#awaitsRoom) {
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
    const bytes = bytesOf(value);
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

  /** The next item may be long in coming: what has been taken goes now, if somebody may idle, else at the end of this turn. */
  #flushSoon(): void {
    if (this.#open === undefined || this.#isFlushing) return;
    if (this.#pending.size < this.#requests.workers) {
      this.#flush();
      return;
    }
    this.#isFlushing = true;
    setImmediate(() => {
      this.#isFlushing = false;
      this.#flush();
    });
  }

  /** Sends what has been taken. */
  #flush(): void {
    const span = this.#open;
    if (span === undefined || this.state === 'ended') return;
    this.#open = undefined;
    span.isOpen = false;
    this.#send(span, 0, span.items.length);
  }

  #sendLeftover(): void {
    const left = this.#leftovers[0] as Leftover;
    const { span, to, alone } = left;
    const { from } = left;
    const size = alone ? 1 : this.#sizes.next(undefined);
    let end = from;
    while (end < to && end - from < size && span.states[end] === outcomeStates.pending) end++;
    left.from = Math.max(end, from + 1);
    if (left.from >= to) this.#leftovers.shift();
    if (end > from) this.#send(span, from, end);
  }

  /** Sends items of a span: together, as far as they can be. */
  #send(span: Span, from: number, to: number): void {
    if (to - from === 1) {
      this.#sendAlone(span, from);
      return;
    }
    let next = from;
    while (next < to && this.state !== 'ended') {
      const run = packItems(span.items, next, to);
      if (run === undefined || run.count === 1) this.#sendAlone(span, next++);
      else {
        this.#sendRun(span, next, run);
        next += run.count;
      }
    }
  }

  #sendRun(span: Span, from: number, run: ItemRun): void {
    // What was sent before it may have taken the last room.
    if (!this.#requests.makeSpace()) {
      this.left(span, from, from + run.count, false);
      return;
    }
    const request = this.#requests.submitChunk(span, from, run, this.#sizes.limit, this);
    this.#pending.add(request);
    void request.promise.then(() => this.#over(request));
  }

  /** A chunk is over. */
  #over(request: MapRequest): void {
    this.#pending.delete(request);
    this.changed();
  }

  #sendAlone(span: Span, offset: number): void {
    if (!this.#requests.makeSpace()) {
      this.left(span, offset, offset + 1, true);
      return;
    }
    const kills = this.#troubles.get(span.first + offset)?.kills ?? 0;
    const request = this.#requests.submit(span.items[offset], kills);
    this.#pending.add(request);
    const came = (state: OutcomeState, outcome: unknown): void => {
      span.outcomeBytes += bytesOf(outcome);
      this.#pending.delete(request);
      this.settled(span, offset, state, outcome);
      this.changed();
    };
    request.promise.then(
      (value) => came(outcomeStates.value, value),
      (error) => came(outcomeStates.error, error),
    );
  }

  /** An item has an outcome, if it does not run again. */
  settled(span: Span, offset: number, state: OutcomeState, outcome: unknown): void {
    if (this.state === 'ended' || span.states[offset] !== outcomeStates.pending) return;
    if (state === outcomeStates.error) {
      if (this.#settles && this.#requests.isEnd(outcome)) {
        this.end({ error: outcome });
        return;
      }
      if (this.#runsAgain(span, offset, outcome)) return;
      this.#failing ||= !this.#settles;
    }
    span.settle(offset, state, outcome);
    this.#outlet.settled(span, offset);
    if (span.pending > 0 || span.isOpen) return;
    this.#budget.grow(span.outcomeBytes);
    if (!this.#settles && !this.#failing) {
      this.#budget.grow(-span.itemBytes);
      span.itemBytes = 0;
      span.items.fill(undefined);
    }
  }

  crashed(span: Span, offset: number, error: Error): boolean {
    const trouble = this.#troubleOf(span.first + offset);
    trouble.kills++;
    if (this.#requests.mayRunAgain(trouble.kills)) {
      this.left(span, offset, offset + 1, true);
      return true;
    }
    this.settled(span, offset, outcomeStates.error, error);
    return false;
  }

  left(span: Span, from: number, to: number, alone: boolean): void {
    if (this.state !== 'ended') this.#leftovers.push({ span, from, to, alone });
  }

  /** There are new outcomes, or leftovers. */
  changed(): void {
    if (this.state === 'ended') return;
    this.#handOut();
    this.#pull();
  }

  #troubleOf(index: number): Trouble {
    let trouble = this.#troubles.get(index);
    if (trouble === undefined) {
      trouble = { attempts: 0, kills: 0 };
      this.#troubles.set(index, trouble);
    }
    return trouble;
  }

  #runsAgain(span: Span, offset: number, error: unknown): boolean {
    if (this.#retry === undefined) return false;
    const trouble = this.#troubleOf(span.first + offset);
    trouble.attempts++;
    let delay: number | undefined;
    try {
      delay = this.#retry.delayAfter(trouble.attempts, error, span.items[offset]);
    } catch (thrown) {
      this.end({ error: thrown });
      return true;
    }
    if (delay === undefined) {
      this.#troubles.delete(span.first + offset);
      return false;
    }
    const timer = setTimeout(() => {
      this.#delayed.delete(timer);
      this.left(span, offset, offset + 1, true);
      this.#pull();
    }, delay);
    this.#delayed.add(timer);
    return true;
  }

  /** What the source gave before comes first. */
  #sourceFailed(error: unknown): void {
    this.#source.end();
    if (this.state === 'ended') return;
    this.#sourceError = { error };
    this.#flush();
    this.#handOut();
  }

  /** Hands outcomes to those who wait for them. */
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
      this.give(this.#giveNext());
    }
  }

  /** Takes the next outcome, which is there. */
  #giveNext(): unknown {
    const { span, offset } = this.#outlet;
    const outcome = span.outcomes[offset];
    const given = this.#settles ? settledResult(span, offset) : outcome;
    span.outcomes[offset] = undefined;
    span.items[offset] = undefined;
    this.#outlet.advance();
    let bytes = 0;
    if (++span.given === span.items.length && !span.isOpen) bytes = span.itemBytes + span.outcomeBytes;
    this.#budget.leave(bytes);
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
    mark(error, this.#failed);
    this.end({ error });
  }

  /** Takes back what is not started, and closes the source. */
  protected override clear(): Promise<unknown> | undefined {
    if (this.#signal !== undefined) unlistenToAbort(this.#signal, this.#onAbort);
    this.#outlet.clear();
    this.#open = undefined;
    this.#leftovers.length = 0;
    this.#troubles.clear();
    for (const timer of this.#delayed) clearTimeout(timer);
    this.#delayed.clear();
    // The youngest first: each is then the last of its window, and nothing has to move.
    for (const request of [...this.#pending].reverse()) request.withdraw();
    this.#pending.clear();
    const closed = this.#source.close();
    // Not for a source that is just asked for an item: that may take for ever.
    this.#closed = this.#awaitsSource ? undefined : closed;
    return this.#closed;
  }
}

function settledResult(span: Span, offset: number): unknown {
  const index = span.first + offset;
  const item = span.items[offset];
  const outcome = span.outcomes[offset];
  return span.states[offset] === outcomeStates.value
    ? { status: 'fulfilled', index, item, value: outcome }
    : { status: 'rejected', index, item, reason: outcome };
}

/** The error says which item it is of, where nothing of its own is in the way; not enumerable, so that it still equals and prints as what was thrown. */
function mark(error: unknown, { index, item }: FailedItem): void {
  try {
    if (typeof error !== 'object' || error === null || 'index' in error || 'item' in error) return;
    if (!Object.isExtensible(error)) return;
    Object.defineProperty(error, 'index', {
      value: index,
      enumerable: false,
      writable: true,
      configurable: true,
    });
    Object.defineProperty(error, 'item', {
      value: item,
      enumerable: false,
      writable: true,
      configurable: true,
    });
  } catch {
    // A proxy that resists.
  }
}

function bytesOf(value: unknown): number {
  if (typeof value === 'number') return 8;
  return typeof value === 'string' ? 2 * value.length : byteSize(value);
}

function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof (value as { then?: unknown }).then === 'function';
}
