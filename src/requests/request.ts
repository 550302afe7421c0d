/** One call of `submit`: the task, its arguments, its promise. */
import type { Transferable } from 'node:worker_threads';
import { isOfOneRequest, rethrow, throwNew } from '../errors/async-stack.js';
import { decodeFailure, type Failure } from '../errors/failure.js';
import { showOrigin } from '../errors/origin.js';
import type { ObservedRequest, ObservedWorker, Thrown } from '../ledger/observer.js';
import type { Refusal, RequestOutcome } from '../ledger/outcome.js';
import type { RequestView } from '../policies/policy.js';
import type { Carrier } from '../protocol/messages.js';
import type { TaskRef } from '../tasks/registry.js';
import type { Chunk } from './chunk.js';
import { DeferredRejection } from './deferred-rejection.js';

type Resolve = (value: unknown) => void;

/** A session, as the dispatcher uses it. */
export interface Binding {
  /** The view of its worker; selects one if there is none. */
  bind(select: () => object | undefined): object | undefined;
  /** A request of it is settled. */
  settled(): void;
}

/** A worker, as far as a request knows it. */
export interface Host extends ObservedWorker {
  readonly running: {
    /** Since when the request has been running, in ms of `performance.now()`; `undefined`: it does not. */
    since(request: Request): number | undefined;
  };
}

/**
 * Fields that most requests do not need. Kept apart, since a million queued requests must stay small:
 * request, promise and its resolve function together are about 240 bytes.
 */
export class RequestExtras {
  key: string | undefined = undefined;
  priority = 0;
  transfer: readonly Transferable[] | undefined = undefined;
  /** Buffers that are to be taken from the caller as it is first sent; copies go to the thread. */
  taken: readonly ArrayBuffer[] | undefined = undefined;
  /** Its transferred arguments are in a worker's thread, and nowhere else. */
  away = false;
  context: unknown = undefined;
  onProgress: ((value: unknown) => void) | undefined = undefined;
  onYield: ((value: unknown) => void) | undefined = undefined;
  /** Its caller has left the loop over its values: it is given up, whatever becomes of it. */
  isLeft = false;
  signal: AbortSignal | undefined = undefined;
  /** From the start of the run, in ms; 0: none. */
  timeout = 0;
  /** From submit, in ms; 0: none. */
  queueTimeout = 0;
  /** When its queue time is over, in ms of `performance.now() + CLOCK_OFFSET`; 0: never. */
  due = 0;
  /** How many more runs may follow a crash. */
  retries = 0;
  /** How many workers died while they ran it. */
  kills = 0;
  /** The policy has chosen the worker by the key: `reclaim` leaves it there. */
  pinned = false;
  /** It stands for the items of this chunk. */
  chunk: Chunk | undefined = undefined;
  /** It must run on the worker of this session. */
  session: Binding | undefined = undefined;
  /** The worker that has it in its window or backlog. */
  worker: object | undefined = undefined;
  /** Called each time it is put into a window. */
  sent: (() => void) | undefined = undefined;
  /** Removes the request's timers and listeners; called once, when it settles. */
  release: (() => void) | undefined = undefined;
  /** Where `submit` was called, when that is recorded. */
  place: Error | undefined = undefined;
  /** What travels with it to the thread, for the context of its run. */
  carrier: Carrier | undefined = undefined;
}

/** The resolve function of a settled request: so that it settles once and keeps nothing alive. */
function settled(): void {}

/** One executor for the promises of all requests, since a closure for each would cost 100 bytes. */
let capture: Resolve = settled;
function executor(resolve: Resolve): void {
  capture = resolve;
}

const NO_VALUES: readonly unknown[] = Object.freeze([]);

export class Request implements RequestView, ObservedRequest {
  /** Unique among the unsettled requests of a Balancer; it starts again after 2^30. */
  readonly id: number;
  readonly task: TaskRef;
  args: readonly unknown[];
  extras: RequestExtras | undefined;
  /** When it was submitted, in ms of `performance.now()`; set only where somebody observes the Balancer. */
  queuedAt: number | undefined;
  #resolve: Resolve = settled;

  constructor(
    id: number,
    task: TaskRef,
    args: readonly unknown[] | undefined,
    extras: RequestExtras | undefined,
    queuedAt?: number,
  ) {
    this.id = id;
    this.task = task;
    this.args = args ?? NO_VALUES;
    this.extras = extras;
    this.queuedAt = queuedAt;
  }

  /**
   * Makes the request's promise. Called once.
   *
   * Only `resolve` is kept: a rejection is a resolution with a rejected promise, and the reject function, 64
   * bytes, can be freed at once.
   */
  promise(): Promise<unknown> {
    const promise = new Promise<unknown>(executor as (resolve: Resolve) => void);
    this.#resolve = capture;
    capture = settled;
    return promise;
  }

  get key(): string | undefined {
    return this.extras?.key;
  }

  /** How many items of a `map` it stands for; 1 where it is no chunk. */
  get items(): number {
    return this.extras?.chunk === undefined ? 1 : this.extras.chunk.size;
  }

  /** How many items a thread has started, once it has the request, and have no outcome. */
  get unsettled(): number {
    if (this.isSettled) return 0;
    return this.extras?.chunk === undefined ? 1 : this.extras.chunk.running;
  }

  get priority(): number {
    return this.extras === undefined ? 0 : this.extras.priority;
  }

  get isSettled(): boolean {
    return this.#resolve === settled;
  }

  /** The worker that has it, if that is known. */
  get worker(): Host | undefined {
    return this.extras?.worker as Host | undefined;
  }

  /**
   * When its run has started, in ms of `performance.now()`; `undefined`: it does not run, or that is not
   * known. Not before it was submitted, although a thread may take the end of its last run for it.
   */
  get startedAt(): number | undefined {
    const since = this.worker?.running.since(this);
    return since === undefined ? undefined : Math.max(since, this.queuedAt ?? since);
  }

  /** Settles with a result. Does nothing when settled already. */
  resolve(value: unknown): void {
    const resolve = this.#resolve;
    if (resolve === settled) return;
    if (this.extras === undefined) {
      // The common case, without looking names up.
      this.#resolve = settled;
      this.args = NO_VALUES;
      const { account, ledger } = this.task;
      account.outcomes.fulfilled++;
      if (ledger.observer !== undefined) ledger.observer.settled(this, 'fulfilled', undefined);
    } else {
      this.#finish('fulfilled', undefined);
    }
    resolve(value);
  }

  /** Nobody waits for it any more: settles without a result. Does nothing when settled already. */
  drop(): void {
    const resolve = this.#resolve;
    if (resolve === settled) return;
    this.#finish('aborted', undefined);
    resolve(undefined);
  }

  /** Settles with an error of our own. Does nothing when settled already. */
  reject(error: unknown, outcome: RequestOutcome): void {
    const resolve = this.#resolve;
    if (resolve === settled) return;
    this.#finish(outcome, { error });
    const place = this.extras?.place;
    resolve(isOfOneRequest(error) ? rethrow(() => error, place) : Promise.reject(error));
  }

  /** As `reject`, by one who knows its worker, which most requests do not: observers may ask for it. */
  rejectAt(worker: Host, error: unknown, outcome: RequestOutcome): void {
    if (this.isSettled) return;
    this.extras ??= new RequestExtras();
    this.extras.worker = worker;
    this.reject(error, outcome);
  }

  /** It is not taken. Does nothing when settled already. */
  refuse(error: unknown, why: Refusal): void {
    if (this.isSettled) return;
    const chunk = this.extras?.chunk;
    if (chunk === undefined) this.task.ledger.refusals[why]++;
    else chunk.refusal = why;
    this.reject(error, 'refused');
  }

  /** Settles with an error that is made for this request alone, later. Does nothing when settled already. */
  rejectWith(make: () => Error, outcome: RequestOutcome): void {
    const resolve = this.#resolve;
    if (resolve === settled) return;
    const place = this.extras?.place;
    if (this.task.ledger.observer === undefined) {
      this.#finish(outcome, undefined);
      resolve(throwNew(make, place));
      return;
    }
    const error = make();
    this.#finish(outcome, { error });
    resolve(throwNew(() => error, place));
  }

  /** As `reject`, for one of many errors that are made together: nobody's frames are added to it. */
  rejectPlainly(error: Error, outcome: RequestOutcome): void {
    const resolve = this.#resolve;
    if (resolve === settled) return;
    this.#finish(outcome, { error });
    resolve(new DeferredRejection(error));
  }

  /** Settles with the error that the task threw. Does nothing when settled already. */
  fail(failure: Failure): void {
    const resolve = this.#resolve;
    if (resolve === settled) return;
    const place = this.extras?.place;
    const { name, place: origin, ledger } = this.task;
    if (ledger.observer === undefined) {
      this.#finish('failed', undefined);
      resolve(rethrow(() => showOrigin(decodeFailure(failure), name, origin), place));
      return;
    }
    // The very error that the caller gets.
    const error = showOrigin(decodeFailure(failure), name, origin);
    this.#finish('failed', { error });
    resolve(rethrow(() => error, place));
  }

  /** Enters the outcome in the books. Items of a chunk have outcomes of their own: `MapJob` enters them. */
  #finish(end: RequestOutcome, thrown: Thrown | undefined): void {
    this.#resolve = settled;
    this.args = NO_VALUES;
    const { extras } = this;
    // Ahead of the observers: a subscriber that aborts its signal must not have it withdrawn once more.
    if (extras?.release !== undefined) {
      const { release } = extras;
      extras.release = undefined;
      release();
    }
    const outcome = extras?.isLeft === true ? 'aborted' : end;
    const { account, ledger } = this.task;
    if (extras?.chunk === undefined) account.outcomes[outcome]++;
    else extras.chunk.outcome = outcome;
    ledger.observer?.settled(this, outcome, thrown);
    extras?.session?.settled();
  }
}
