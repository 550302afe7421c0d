/** Takes items from the source of a map while there is room for them, and sends them in spans. */
import { performance } from '../protocol/clock.js';
import { setImmediate } from '../protocol/timers.js';
import { byteSize } from '../values/byte-size.js';
import type { MapBudget } from './map-budget.js';
import type { MapRequests } from './map-requests.js';
import type { MapSender } from './map-sender.js';
import type { ChunkSizes } from './map-sizes.js';
import { type MapSource, mustBeResult } from './map-source.js';
import { Span } from './map-span.js';

/**
 * Chunks are taken and packed for this long without a turn of the event loop, in ms, once each worker has so
 * many.
 */
const MOST_TURN_MS = 1;
const FIRST_CHUNKS = 2;

export interface IntakeEvents {
  /** Items are about to be added to it. */
  opened(span: Span): void;
  sourceEnded(): void;
  /** The source has thrown. */
  sourceFailed(error: unknown): void;
}

export class MapIntake {
  readonly #requests: MapRequests;
  readonly #source: MapSource;
  readonly #sizes: ChunkSizes;
  readonly #budget: MapBudget;
  readonly #sender: MapSender;
  readonly #events: IntakeEvents;
  /** The span that is being filled. */
  #open: Span | undefined;
  #size = 1;
  #taken = 0;
  /** The source has been asked for an item. */
  #awaitsSource = false;
  /** No request is under way whose completion would make us look for room in the queue. */
  #awaitsRoom = false;
  #isFlushing = false;
  /** The event loop takes a turn before the next chunk is begun. */
  #isResting = false;
  /** When the open span was begun, in ms; 0: it has only one item, or its source had to be awaited. */
  #begunAt = 0;
  /** Time for the chunks of this turn of the event loop, in ms. */
  #spent = 0;
  #isStopped = false;
  /** Space is made in the queue: completions are read, upon which `pull` and `end` may be called. */
  #isMakingSpace = false;
  #isOver = false;

  constructor(
    requests: MapRequests,
    source: MapSource,
    sizes: ChunkSizes,
    budget: MapBudget,
    sender: MapSender,
    events: IntakeEvents,
  ) {
    this.#requests = requests;
    this.#source = source;
    this.#sizes = sizes;
    this.#budget = budget;
    this.#sender = sender;
    this.#events = events;
  }

  /** Items of a span. */
  get size(): number {
    return this.#size;
  }

  /** The source has been asked for an item, and has not given it. */
  get awaitsSource(): boolean {
    return this.#awaitsSource;
  }

  /** No more items are taken; those that have been are sent. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Nothing is sent any more. */
  end(): void {
    this.#isOver = true;
    this.#open = undefined;
  }

  /** Sends items that are to run again, then takes items from the source while there is room for them. */
  pull(): void {
    // Whoever has asked for space goes on when it is made, and would do all that a second time.
    if (this.#isMakingSpace) return;
    this.#sendLeftovers();
    while (this.#wantsMore() && this.#hasRoom()) {
      this.#awaitsSource = true;
      try {
        const { list } = this.#source;
        if (list !== undefined) {
          this.#takeOf(list);
          continue;
        }
        const step = this.#source.next();
        if (isPromise(step)) {
          this.#begunAt = 0;
          this.#resume(step);
          this.#flushSoon();
          return;
        }
        this.#awaitsSource = false;
        this.#take(step);
      } catch (error) {
        this.#awaitsSource = false;
        this.#fail(error);
      }
    }
    // There is no room to fill it.
    if (!this.#awaitsSource) this.flush();
  }

  /** Sends what is kept, while there is room; else waits for some. */
  #sendLeftovers(): void {
    const sender = this.#sender;
    while (!this.#isOver && sender.hasLeftovers && this.#hasQueueRoom()) sender.sendLeftover();
  }

  /** Sends the taken items. */
  flush(): void {
    const span = this.#open;
    if (span === undefined) return;
    this.#open = undefined;
    span.isOpen = false;
    this.#sender.send(span, 0, span.length);
    // The queue may have become full since the span was begun, and the source may have no more.
    this.#sendLeftovers();
    if (this.#begunAt > 0) this.#spend(performance.now() - this.#begunAt, span.length);
  }

  /** Items have been taken and packed. @param time in ms */
  #spend(time: number, items: number): void {
    this.#sizes.packed(time / items);
    if (this.#spent === 0) setImmediate(this.#onTurn);
    this.#spent += time;
  }

  readonly #onTurn = (): void => {
    this.#spent = 0;
    if (!this.#isResting) return;
    this.#isResting = false;
    this.pull();
  };

  #wantsMore(): boolean {
    return !this.#isOver && !this.#awaitsSource && !this.#isStopped && !this.#source.isOver;
  }

  /**
   * A span is begun only if there is room for all of it: each outcome that is given makes room for one item.
   */
  #hasRoom(): boolean {
    // One may have been opened by an item that was asked for while there was room in the one before.
    if (this.#open !== undefined) return this.#budget.allows(1);
    this.#size = this.#sizes.next(this.#source.remaining);
    return this.#budget.allows(this.#size) && !this.#mustRest() && this.#hasQueueRoom();
  }

  /** Timers and I/O of the program wait while items are packed. */
  #mustRest(): boolean {
    if (this.#isResting) return true;
    this.#begunAt = 0;
    if (this.#size === 1) return false;
    if (this.#spent >= MOST_TURN_MS && this.#sender.underWay >= FIRST_CHUNKS * this.#requests.workers) {
      this.#isResting = true;
      return true;
    }
    this.#begunAt = performance.now();
    return false;
  }

  #hasQueueRoom(): boolean {
    this.#isMakingSpace = true;
    const hasRoom = this.#requests.makeSpace();
    this.#isMakingSpace = false;
    if (this.#isOver) return false;
    if (hasRoom) return true;
    // Other callers fill the queue. The next completion of our own looks again, if there is any to come.
    if (this.#sender.underWay === 0 && !this.#awaitsRoom) {
      this.#awaitsRoom = true;
      void this.#requests.ready().then(() => {
        this.#awaitsRoom = false;
        this.pull();
      });
    }
    return false;
  }

  #resume(promise: Promise<IteratorResult<unknown>>): void {
    const failed = (error: unknown): void => {
      this.#awaitsSource = false;
      this.#fail(error);
    };
    promise.then((step) => {
      this.#awaitsSource = false;
      try {
        this.#take(step);
      } catch (error) {
        failed(error);
      }
      this.pull();
    }, failed);
  }

  #take(step: IteratorResult<unknown>): void {
    if (this.#isOver) return;
    mustBeResult(step);
    if (step.done === true) this.#sourceEnded();
    else this.#add(step.value);
  }

  /** As `next` of the source, without an object for each item. */
  #takeOf(list: readonly unknown[]): void {
    const index = this.#source.taken;
    this.#source.skip(1);
    const isEnd = index >= list.length;
    const item = isEnd ? undefined : list[index];
    this.#awaitsSource = false;
    // A getter may have ended the map.
    if (this.#isOver) return;
    if (isEnd) this.#sourceEnded();
    else this.#add(item);
  }

  #sourceEnded(): void {
    this.#source.end();
    this.flush();
    this.#events.sourceEnded();
  }

  #add(value: unknown): void {
    const bytes = byteSize(value);
    this.#budget.enter(bytes);
    let span = this.#open;
    if (span === undefined) {
      span = new Span(this.#taken, this.#size);
      this.#open = span;
      this.#events.opened(span);
    }
    this.#taken++;
    span.add(value, bytes);
    if (span.length >= this.#size || span.itemBytes >= this.#sizes.mostBytes) this.flush();
  }

  #fail(error: unknown): void {
    this.#source.end();
    if (!this.#isOver) this.#events.sourceFailed(error);
  }

  /**
   * The next item may be long in coming: sends the taken ones now if a worker may be idle, else later in this
   * turn.
   */
  #flushSoon(): void {
    if (this.#open === undefined || this.#isFlushing) return;
    if (this.#sender.underWay < this.#requests.workers) {
      this.flush();
      return;
    }
    this.#isFlushing = true;
    setImmediate(() => {
      this.#isFlushing = false;
      this.flush();
    });
  }
}

function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}
