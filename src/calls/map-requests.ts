/**
 * The requests behind a map: one for each item that travels alone, one for each chunk; and how many there may
 * be at a time.
 */

import type { Dispatcher } from '../dispatch/dispatcher.js';
import { BalancerClosedError } from '../errors/errors.js';
import type { SubmitOptions } from '../options/submit.js';
import type { Request, RequestExtras } from '../requests/request.js';
import type { TaskRef } from '../tasks/registry.js';
import { ChunkMemories, type FreeMemories } from '../values/chunk-memory.js';
import type { ItemRun } from '../values/packed-items.js';
import type { Worker } from '../worker/worker.js';
import type { MapLimits } from './map-budget.js';
import { type JobEvents, MapJob } from './map-job.js';
import type { ChunkSizes } from './map-sizes.js';
import type { Span } from './map-span.js';
import type { Submission } from './submission.js';

/** A request on its way. */
export interface MapRequest {
  /** For an item alone: its outcome. For a chunk: it is over. */
  readonly promise: Promise<unknown>;
  /** What of it has not started never will; its promise does not matter any more. */
  withdraw(): void;
}

/** What to run on each item. */
export interface MapCall {
  readonly task: unknown;
  readonly ref: TaskRef;
  readonly options: SubmitOptions;
  /** Further runs if a worker dies, where the options do not say. */
  readonly retries: number;
  /** Most bytes of arguments in a window. */
  readonly windowBytes: number;
  readonly freeMemories: FreeMemories;
  /** Called at the end of the map. */
  readonly ended: () => void;
}

/** Workers that may die running one item; as for any request. */
const MOST_KILLS = 3;
/** Chunks of each worker that may be on the way: one runs, one waits, one is read. */
const CHUNKS = 4;

export class MapRequests {
  readonly #submission: Submission;
  readonly #dispatcher: Dispatcher;
  readonly #call: MapCall;
  /** Of its chunks. */
  readonly memories: ChunkMemories;

  constructor(submission: Submission, dispatcher: Dispatcher, call: MapCall) {
    this.#submission = submission;
    this.#dispatcher = dispatcher;
    this.#call = call;
    this.memories = new ChunkMemories(call.freeMemories);
  }

  get task(): TaskRef {
    return this.#call.ref;
  }

  get workers(): number {
    return Math.max(1, this.#dispatcher.workers.length);
  }

  /**
   * Whether items may share a request: what the task could change in their context would be seen by the next
   * one.
   */
  get allowsChunks(): boolean {
    const { context } = this.#call.options;
    return (typeof context !== 'object' || context === null) && typeof context !== 'function';
  }

  /**
   * @param kills how many workers have died running it
   * @param isAgain it has been submitted before, and has not run: a Balancer that closes still runs it
   */
  submit(item: unknown, kills: number, isAgain: boolean): MapRequest {
    const { task, options } = this.#call;
    let request: Request | undefined;
    const given = kills === 0 ? options : { ...options, retries: this.#retries - kills };
    const prepare = (accepted: Request, extras: RequestExtras): void => {
      request = accepted;
      extras.kills = kills;
    };
    const promise = this.#submission.accept(task, [item], given, prepare, false, isAgain);
    const withdraw = (): void => {
      if (request === undefined || request.isSettled) return;
      const isUnstarted = this.#dispatcher.withdraw(request);
      // After an abort, what runs is stopped by the same signal, which then must still find it unsettled.
      if (isUnstarted || options.signal?.aborted !== true) request.drop();
    };
    return { promise, withdraw };
  }

  /**
   * @param span where the items are, from that offset on
   * @param sizes are told how long its items took
   * @param isAgain as for `submit`
   */
  submitChunk(
    span: Span,
    from: number,
    run: ItemRun,
    sizes: ChunkSizes,
    events: JobEvents,
    isAgain: boolean,
  ): MapRequest {
    const { ref, options } = this.#call;
    const job = new MapJob(span, from, run, sizes.limit, ref, events);
    let request: Request | undefined;
    const prepare = (accepted: Request): void => {
      request = accepted;
      job.place = accepted.extras?.place;
    };
    const promise = this.#submission.acceptChunk(ref, job.chunk, options, prepare, isAgain);
    const over = promise.then(
      (failed) => {
        job.finish();
        // Where its thread has died, somebody may still write to it.
        if (job.chunk.meanTime !== undefined) sizes.ran(job.chunk.meanTime);
        if (failed === undefined) return;
        this.memories.outcomesTook(job.outcomeBytes / Math.max(1, job.chunk.completed));
        this.memories.giveBack(run.memory);
      },
      (error) => job.fail(error),
    );
    const withdraw = (): void => {
      if (request === undefined || request.isSettled) return;
      if (this.#dispatcher.withdraw(request)) request.drop();
      else if (options.signal?.aborted !== true) {
        const worker = request.extras?.worker as Worker | undefined;
        if (worker?.isRunning(request) === true) worker.commands.stopChunk(request);
        request.drop();
      }
    };
    return { promise: over, withdraw };
  }

  /** Items that have been submitted, and have come back, are about to be submitted once more. */
  submittedAgain(items: number): void {
    this.task.ledger.submitted -= items;
  }

  /** Items that have been submitted, and have come back, will not run. */
  dropped(items: number): void {
    this.task.account.outcomes.aborted += items;
  }

  /** Whether an item is run again after that many workers have died running it. */
  mayRunAgain(kills: number): boolean {
    return kills <= this.#retries && kills < MOST_KILLS;
  }

  /** How many items may be under way. @param size of a chunk */
  limits(size: number): MapLimits {
    const { ref, windowBytes } = this.#call;
    const { workers } = this;
    return {
      most: Math.max(this.#dispatcher.capacityFor(ref), size === 1 ? 1 : CHUNKS * workers * size),
      bytes: 1.5 * workers * windowBytes,
      least: 2 * workers,
    };
  }

  /** The map has ended. */
  ended(): void {
    this.#call.ended();
  }

  /** Whether this is the error of a Balancer that is closed: it concerns all items that are still to come. */
  isEnd(error: unknown): boolean {
    return this.#submission.isClosed && error instanceof BalancerClosedError;
  }

  /** Dispatches what can be, if the queue is full. Returns whether a request would be accepted then. */
  makeSpace(): boolean {
    return this.#submission.makeSpace();
  }

  /** Resolves when a request would be accepted. */
  ready(): Promise<void> {
    return this.#submission.ready(true);
  }

  get #retries(): number {
    return this.#call.options.retries ?? this.#call.retries;
  }
}
