/** Turns each call into a request in the queue, or refuses it. */

import type { Dispatcher } from '../dispatch/dispatcher.js';
import { awaitedIfBare } from '../errors/async-stack.js';
import { fromCaller, fromProgram } from '../errors/checked.js';
import { BalancerClosedError, type NoWorkerError } from '../errors/errors.js';
import { withoutStack } from '../errors/stackless.js';
import type { Ledger } from '../ledger/ledger.js';
import type { SubmitOptions } from '../options/submit.js';
import { invalid } from '../options/validate.js';
import type { Chunk } from '../requests/chunk.js';
import { type Binding, Request, RequestExtras } from '../requests/request.js';
import type { TaskRef, TaskRegistry } from '../tasks/registry.js';
import type { Backpressure } from './backpressure.js';
import type { Cancellation } from './cancellation.js';
import { mustNotStream } from './must-not-stream.js';
import { copyOf, reasonOf, toCaller } from './refusal.js';
import { extrasOf, finite, type SubmissionDefaults } from './request-extras.js';
import { SubmitClock } from './submit-clock.js';
import { chooseTransfer } from './transfer.js';

/** Ids of requests start again at 1 after this. */
const LAST_ID = 2 ** 30;

/** Completes a request before it is queued. Called only for requests with options. */
export type Prepare = (request: Request, extras: RequestExtras) => void;

export class Submission {
  readonly #defaults: SubmissionDefaults;
  readonly #tasks: TaskRegistry;
  readonly #dispatcher: Dispatcher;
  readonly #cancellation: Cancellation;
  readonly #backpressure: Backpressure;
  readonly #ledger: Ledger;
  readonly #clock = new SubmitClock();
  /** Whether a default makes each request need its extras. */
  readonly #allNeedExtras: boolean;
  #lastId = 0;
  /** Set while requests are refused. */
  #refusal: BalancerClosedError | NoWorkerError | undefined;
  /** Set while the Balancer closes: items of a map that it had accepted, and that come back, are not refused. */
  #readmits = false;
  /** Whether any request has been a chunk. */
  hasHadChunks = false;

  constructor(
    defaults: SubmissionDefaults,
    tasks: TaskRegistry,
    dispatcher: Dispatcher,
    cancellation: Cancellation,
    backpressure: Backpressure,
    ledger: Ledger,
  ) {
    const { timeout, queueTimeout, retries, traceSubmit } = defaults;
    const hasTimeout = Number.isFinite(timeout) || Number.isFinite(queueTimeout);
    this.#allNeedExtras = hasTimeout || retries > 0 || traceSubmit;
    this.#defaults = defaults;
    this.#tasks = tasks;
    this.#dispatcher = dispatcher;
    this.#cancellation = cancellation;
    this.#backpressure = backpressure;
    this.#ledger = ledger;
  }

  /** Whether nothing is accepted any more. */
  get isClosed(): boolean {
    return this.#refusal instanceof BalancerClosedError;
  }

  /** Id of the last accepted request. */
  get lastId(): number {
    return this.#lastId;
  }

  /**
   * Never throws: for a refused request it returns a rejected promise.
   * @param streams whether the task may be a generator
   * @param isAgain it has been accepted before, and has not run
   */
  accept(
    task: unknown,
    args: readonly unknown[] | undefined,
    options: SubmitOptions | undefined,
    prepare: Prepare | undefined,
    streams = false,
    isAgain = false,
  ): Promise<unknown> {
    if (this.#refusal !== undefined && !(isAgain && this.#readmits))
      return this.#refuse(task, toCaller(copyOf(this.#refusal), this.accept, prepare));
    const ledger = this.#ledger;
    let request: Request;
    try {
      if (args !== undefined && !Array.isArray(args)) {
        throw invalid('submit args', args, 'an array of the arguments, as in submit(task, [1, 2], options)');
      }
      const ref = this.#tasks.resolve(task);
      if (!streams) mustNotStream(ref);
      let extras = options === undefined && !this.#allNeedExtras ? undefined : this.#extrasFor(options);
      if (extras?.transfer !== undefined) chooseTransfer(args ?? [], extras, extras.transfer);
      if (ledger.capture !== undefined) extras = this.#capture(ledger.capture, extras);
      const queuedAt = ledger.isObserved ? this.#clock.now(this.#dispatcher.turns) : undefined;
      request = new Request(this.#takeIds(1), ref, args, extras, queuedAt);
    } catch (error) {
      return Promise.reject(toCaller(error, this.accept, prepare));
    }
    ledger.submitted++;
    const promise = request.promise();
    if (ledger.observer !== undefined) ledger.observer.submitted(request);
    if (!this.#isWelcome(request)) return promise;
    if (request.extras !== undefined) {
      prepare?.(request, request.extras);
      this.#cancellation.watch(request, request.extras);
    }
    this.#dispatcher.submit(request);
    return promise;
  }

  /**
   * Accepts the items of a chunk as one request. Never throws.
   * @param prepare called before the request is dispatched
   * @returns resolves when the chunk is over, with outcomes for all items or fewer; rejects if it is refused,
   *   or cancelled as a whole
   */
  acceptChunk(
    ref: TaskRef,
    chunk: Chunk,
    options: SubmitOptions,
    prepare: (request: Request) => void,
    isAgain: boolean,
  ): Promise<unknown> {
    const ledger = this.#ledger;
    ledger.submitted += chunk.size;
    this.hasHadChunks = true;
    if (this.#refusal !== undefined && !(isAgain && this.#readmits)) {
      chunk.outcome = 'refused';
      chunk.refusal = reasonOf(this.#refusal);
      return Promise.reject(awaitedIfBare(fromProgram(copyOf(this.#refusal))));
    }
    try {
      let extras = this.#extrasFor(options);
      extras.chunk = chunk;
      // The chunk's owner decides about the one item that a crash concerns.
      extras.retries = 0;
      if (ledger.capture !== undefined) extras = this.#capture(ledger.capture, extras);
      const request = new Request(this.#takeIds(chunk.size), ref, [chunk.payload], extras);
      const promise = request.promise();
      if (ledger.isObserved) this.#observed(request);
      if (!this.#isWelcome(request)) return promise;
      prepare(request);
      this.#cancellation.watch(request, extras);
      this.#dispatcher.submit(request);
      return promise;
    } catch (error) {
      chunk.outcome = 'failed';
      return Promise.reject(error);
    }
  }

  /**
   * Accepts a request for one worker alone, ahead of all that wait, also where the queue is full. Never throws.
   * @param timeout in ms; `undefined`: the Balancer's
   */
  acceptFor(
    binding: Binding,
    ref: TaskRef,
    args: readonly unknown[],
    timeout = this.#defaults.timeout,
  ): Promise<unknown> {
    if (this.#refusal instanceof BalancerClosedError) return Promise.reject(copyOf(this.#refusal));
    const ledger = this.#ledger;
    const own = new RequestExtras();
    const extras = ledger.capture === undefined ? own : this.#capture(ledger.capture, own);
    extras.session = binding;
    extras.priority = Number.POSITIVE_INFINITY;
    extras.timeout = finite(timeout);
    const request = new Request(this.#takeIds(1), ref, args, extras);
    ledger.submitted++;
    const promise = request.promise();
    if (ledger.isObserved) this.#observed(request);
    this.#cancellation.watch(request, extras);
    this.#dispatcher.submit(request);
    return promise;
  }

  /**
   * Whether the queue takes the request; otherwise it is settled. Requests that make space for it are sent.
   */
  #isWelcome(request: Request): boolean {
    const signal = request.extras?.signal;
    if (signal?.aborted === true) request.reject(signal.reason, 'aborted');
    // Asking first spares a call, and 3 of the 45 ns that a submit takes.
    else if (this.#backpressure.isFull) this.#makeSpaceFor(request, signal);
    if (!request.isSettled) return true;
    this.#clock.expire();
    return false;
  }

  #makeSpaceFor(request: Request, signal: AbortSignal | undefined): void {
    if (!this.#backpressure.makeSpace()) {
      // Its stack is captured once.
      const error = withoutStack(() => this.#backpressure.refusal());
      fromCaller(error, request.extras?.chunk === undefined ? this.accept : this.acceptChunk);
      request.refuse(error, 'queue-full');
      this.#ledger.forRareEvents.queueFull({ maxQueue: error.maxQueue, waiting: this.#dispatcher.waiting });
    }
    // Making space sends other requests, and a getter in their arguments may have aborted this one.
    if (signal?.aborted === true) request.reject(signal.reason, 'aborted');
  }

  /** Nothing is accepted. Calls with bad arguments are no requests, and are not looked for here. */
  #refuse(task: unknown, error: Error): Promise<never> {
    const ledger = this.#ledger;
    const ref = ledger.isObserved ? this.#taskOf(task) : undefined;
    ledger.submitted++;
    ledger.refusals[reasonOf(error)]++;
    (ref?.account ?? ledger.unknown).outcomes.refused++;
    if (ref !== undefined) {
      const request = new Request(this.#takeIds(1), ref, undefined, undefined);
      this.#observed(request);
      this.#clock.expire();
      ledger.observer?.settled(request, 'refused', { error });
    }
    return Promise.reject(error);
  }

  /** The task, if it is one. */
  #taskOf(task: unknown): TaskRef | undefined {
    try {
      return this.#tasks.resolve(task);
    } catch {
      return undefined;
    }
  }

  #observed(request: Request): void {
    request.queuedAt = this.#clock.now(this.#dispatcher.turns);
    this.#ledger.observer?.submitted(request);
  }

  /** Takes the caller's context along. */
  #capture(capture: NonNullable<Ledger['capture']>, given: RequestExtras): RequestExtras;
  #capture(
    capture: NonNullable<Ledger['capture']>,
    given: RequestExtras | undefined,
  ): RequestExtras | undefined;
  #capture(
    capture: NonNullable<Ledger['capture']>,
    given: RequestExtras | undefined,
  ): RequestExtras | undefined {
    const carrier = capture();
    if (carrier === undefined) return given;
    const extras = given ?? new RequestExtras();
    extras.carrier = carrier;
    return extras;
  }

  /** Each item of a chunk has its own id, the next after the one before. @returns the first */
  #takeIds(count: number): number {
    if (this.#lastId + count > LAST_ID) this.#lastId = 0;
    const first = this.#lastId + 1;
    this.#lastId += count;
    return first;
  }

  /** Dispatches what can be, if the queue is full. @returns whether no request would be refused for that then */
  makeSpace(): boolean {
    return (this.#refusal !== undefined && !this.#readmits) || this.#backpressure.makeSpace();
  }

  /** Resolves when no request would be refused for a full queue. @param isAgain as for `accept` */
  async ready(isAgain = false): Promise<void> {
    while ((this.#refusal === undefined || (isAgain && this.#readmits)) && this.#backpressure.isFull)
      await this.#backpressure.untilSpace();
  }

  /** No worker can run requests: rejects those that wait, and refuses all until called with `undefined`. */
  refuse(error: NoWorkerError | undefined): void {
    if (!(this.#refusal instanceof BalancerClosedError)) this.#refusal = error;
    if (error === undefined) return;
    this.#readmits = false;
    this.#dispatcher.takeUnstarted((request) => request.refuse(error, 'no-worker'));
  }

  /** Refuses all requests from now on. Accepted ones are not affected. */
  close(): void {
    this.#readmits = this.#refusal === undefined;
    this.#refusal = new BalancerClosedError();
    this.#backpressure.wakeAll();
  }

  /** Nothing is taken again any more. */
  finish(): void {
    this.#readmits = false;
    this.#backpressure.wakeAll();
  }

  #extrasFor(given: SubmitOptions | undefined): RequestExtras {
    return extrasOf(given, this.#defaults, this.accept);
  }
}
