/**
 * Cancels requests: by their signal, their `timeout` or their `queueTimeout`. The caller's promise is
 * rejected at once.
 *
 * A request that has not started is taken out of the queue or the window. A running one is stopped in two
 * stages: first the task's own signal is aborted, so that the task can end by itself; after the grace period
 * its thread is ended, and the other requests of that window run elsewhere. A thread that will most likely take
 * its place is started a little before.
 */

import type { Dispatcher } from '../dispatch/dispatcher.js';
import { TaskTimeoutError } from '../errors/errors.js';
import { CLOCK_OFFSET, performance } from '../protocol/clock.js';
import { afterMessages } from '../protocol/deadline.js';
import { clearTimeout, setTimeout } from '../protocol/timers.js';
import { listenToAbort, unlistenToAbort } from '../requests/abort-listeners.js';
import type { Chunk } from '../requests/chunk.js';
import { queueTimeoutError } from '../requests/queue-timeout-error.js';
import type { Request, RequestExtras } from '../requests/request.js';
import type { Worker } from '../worker/worker.js';
import { QueueTimeouts } from './queue-timeouts.js';
import { StackBudget } from './stack-budget.js';

/** Timers fire up to this much early, in ms. */
const EARLY_MS = 1;

/** Told of threads that are to be ended for what they run. */
export interface Successors {
  /** How long before the end it should be told, in ms. */
  readonly lead: number;
  /** The worker's thread will be ended soon. */
  prepare(worker: Worker): void;
  /** It has been ended, or will not be. */
  decided(worker: Worker): void;
}

export class Cancellation {
  readonly #dispatcher: Dispatcher;
  readonly #grace: number;
  readonly #successors: () => Successors;
  /** The requests of each signal: a million may share one. */
  readonly #bySignal = new WeakMap<AbortSignal, Set<Request>>();
  readonly #queueTimeouts = new QueueTimeouts((requests) => this.#onQueueTimeouts(requests));
  readonly #stacks = new StackBudget();
  /** The grace period of a worker's running request. */
  readonly #graces = new WeakMap<Worker, NodeJS.Timeout>();

  /** @param grace in ms, from the abort of the task's signal to the end of its thread */
  constructor(dispatcher: Dispatcher, grace: number, successors: () => Successors) {
    this.#dispatcher = dispatcher;
    this.#grace = grace;
    this.#successors = successors;
  }

  /** Watches a request until it settles. Does nothing for a request without signal and timeouts. */
  watch(request: Request, extras: RequestExtras): void {
    const { signal, timeout, queueTimeout } = extras;
    if (signal === undefined && timeout === 0 && queueTimeout === 0) return;
    const waiting = queueTimeout > 0 ? this.#queueTimeouts.add(request, queueTimeout) : undefined;
    if (waiting !== undefined) extras.due = waiting.due + CLOCK_OFFSET;
    let running: NodeJS.Timeout | undefined;
    if (timeout > 0) {
      extras.sent = () => {
        clearTimeout(running);
        const check = (ms: number): void => {
          const judge = (): void => {
            // It has been sent again meanwhile, since the thread that ran it has ended.
            if (running !== timer || this.#hasSettled(request)) return;
            const { chunk } = extras;
            const left =
              chunk === undefined
                ? this.#timeLeft(request, timeout)
                : this.#timeLeftInChunk(request, chunk, timeout);
            if (left > 0) check(left);
            else
              this.#timeUp(
                request,
                new TaskTimeoutError(request.task.name, 'run', timeout, request.task.place),
              );
          };
          const timer = setTimeout(() => afterMessages(judge), ms).unref();
          running = timer;
        };
        check(timeout);
      };
    }
    if (signal !== undefined) this.#listen(signal, request);
    extras.release = () => {
      if (waiting !== undefined) this.#queueTimeouts.remove(waiting);
      clearTimeout(running);
      if (signal !== undefined) this.#unlisten(signal, request);
    };
  }

  /** Rejects the requests whose queue time is over. O(1) if there is none. */
  look(): void {
    this.#queueTimeouts.look();
  }

  /** Rejects the requests with a signal that have not started. @returns whether these are all, and not none */
  withdrawUnstarted(signal: AbortSignal, error: unknown): boolean {
    // The youngest first, as in `#onAbort`.
    const requests = [...(this.#bySignal.get(signal) ?? [])].reverse();
    let left = requests.length;
    for (const request of requests) {
      if (this.#hasSettled(request) || !this.#dispatcher.withdraw(request)) continue;
      request.reject(error, 'aborted');
      left--;
    }
    return requests.length > 0 && left === 0;
  }

  /** Its run has taken too long. */
  #timeUp(request: Request, error: TaskTimeoutError): void {
    if (request.isSettled) return;
    request.reject(error, 'timed-out-running');
    this.#stop(request, error);
  }

  /** The Balancer closes: rejects a request that a worker has claimed, and stops it. */
  cancelClaimed(request: Request, worker: Worker, error: unknown): void {
    if (!request.isSettled) request.reject(error, 'closed');
    this.#stopClaimed(request, worker, error);
  }

  #stop(request: Request, error: unknown): void {
    if (!this.#dispatcher.withdraw(request)) this.#stopRunning(request, error);
  }

  #stopRunning(request: Request, error: unknown): void {
    const worker = request.extras?.worker as Worker | undefined;
    if (worker !== undefined) this.#stopClaimed(request, worker, error);
  }

  #stopClaimed(request: Request, worker: Worker, error: unknown): void {
    if (!worker.isRunning(request)) return;
    worker.commands.cancel(request, error);
    this.#startGrace(
      worker,
      () => worker.isRunning(request),
      () => this.#dispatcher.end(worker, request),
    );
  }

  /**
   * @param isRunning whether the thread still runs what is to end
   * @param end ends its thread
   */
  #startGrace(worker: Worker, isRunning: () => boolean, end: () => void): void {
    if (this.#grace === Number.POSITIVE_INFINITY) return;
    const isLate = (): boolean => worker.state !== 'dead' && isRunning();
    const successors = this.#successors();
    // Most of what ends by itself does so soon.
    const lead = Math.min(this.#grace / 2, successors.lead);
    this.#after(this.#grace - lead, worker, () => {
      if (!isLate()) {
        successors.decided(worker);
        return;
      }
      successors.prepare(worker);
      this.#after(lead, worker, () => {
        if (isLate()) end();
        successors.decided(worker);
      });
    });
  }

  /**
   * One timer for each worker, since its earlier requests are over: otherwise a long grace would keep every
   * stopped request in memory.
   */
  #after(ms: number, worker: Worker, then: () => void): void {
    clearTimeout(this.#graces.get(worker));
    const timer = setTimeout(() => afterMessages(then), ms);
    this.#graces.set(worker, timer.unref());
  }

  /**
   * Collects completions that a busy main thread has not seen yet. Returns whether the request is settled
   * then.
   */
  #hasSettled(request: Request): boolean {
    if (request.isSettled) return true;
    const worker = request.extras?.worker as Worker | undefined;
    if (worker !== undefined) this.#dispatcher.collect(worker);
    return request.isSettled;
  }

  #timeLeft(request: Request, timeout: number): number {
    const worker = request.extras?.worker as Worker | undefined;
    const start = worker?.running.startOf(request) ?? 0;
    // The clock of `timeout` starts with the run.
    if (start === 0) return timeout;
    const left = start + timeout - (performance.now() + CLOCK_OFFSET);
    return left <= EARLY_MS ? 0 : left;
  }

  /** The time of the running item. If that is up, the item fails; then the time of the next one counts. */
  #timeLeftInChunk(request: Request, chunk: Chunk, timeout: number): number {
    const worker = request.extras?.worker as Worker | undefined;
    const item = worker?.running.itemOf(request);
    if (worker === undefined || item === undefined || chunk.isSettled(item.index)) return timeout;
    const left = item.start + timeout - (performance.now() + CLOCK_OFFSET);
    if (left > EARLY_MS) return left;
    const error = new TaskTimeoutError(request.task.name, 'run', timeout, request.task.place);
    chunk.timedOut(item.index, error);
    worker.commands.cancelItem(request, item.index, error);
    this.#startGrace(
      worker,
      () => worker.running.itemOf(request)?.index === item.index,
      () => this.#endChunk(worker, request, item.index),
    );
    return timeout;
  }

  #endChunk(worker: Worker, request: Request, index: number): void {
    // If the item ends just now, so does the chunk, and the thread lives.
    if (worker.commands.stopChunk(request) === index) this.#dispatcher.end(worker, request);
  }

  #onQueueTimeouts(requests: readonly Request[]): void {
    // First all that call the caller's code: a callback may abort others of them.
    const waiting = requests.filter((request) => this.#isWaiting(request));
    const errors = this.#stacks.plainErrors(waiting);
    // The youngest first, as in `#onAbort`.
    for (let i = waiting.length - 1; i >= 0; i--) {
      const request = waiting[i] as Request;
      if (!request.isSettled) this.#queueTimeUp(request, errors?.[i]);
    }
  }

  /** A thread goes on claiming meanwhile. A request that it has claimed first has started, and runs. */
  #queueTimeUp(request: Request, plain: Error | undefined): void {
    const worker = request.extras?.worker as Worker | undefined;
    const isQueued = worker === undefined;
    if (!isQueued && !this.#dispatcher.withdraw(request)) {
      if (!worker.isRunning(request) || this.#hasStarted(request)) return;
      if (!worker.running.forbidStart(request)) return;
      request.rejectWith(() => queueTimeoutError(request), 'timed-out-queued');
      this.#stopClaimed(request, worker, queueTimeoutError(request));
      return;
    }
    if (plain === undefined) request.rejectWith(() => queueTimeoutError(request), 'timed-out-queued');
    else request.rejectPlainly(plain, 'timed-out-queued');
    // The queue looks for settled requests when it forgets.
    if (isQueued) this.#dispatcher.withdraw(request);
  }

  #isWaiting(request: Request): boolean {
    // Most are in the queue: ten thousand may end together, in code that has not been compiled yet.
    if (request.extras?.worker === undefined) return !request.isSettled;
    return !this.#hasSettled(request) && !this.#hasStarted(request);
  }

  /** A request whose module is still loading has not started. */
  #hasStarted(request: Request): boolean {
    const worker = request.extras?.worker as Worker | undefined;
    if (worker?.isRunning(request) !== true) return false;
    if (!worker.running.isUndecided(request)) return !worker.running.isLoading(request);
    if (request.extras !== undefined) this.#queueTimeouts.add(request, EARLY_MS);
    return true;
  }

  #listen(signal: AbortSignal, request: Request): void {
    let requests = this.#bySignal.get(signal);
    if (requests === undefined) {
      requests = new Set();
      this.#bySignal.set(signal, requests);
    }
    if (requests.size === 0) listenToAbort(signal, this.#onAbort);
    requests.add(request);
  }

  #unlisten(signal: AbortSignal, request: Request): void {
    const requests = this.#bySignal.get(signal);
    if (requests === undefined || !requests.delete(request)) return;
    if (requests.size === 0) unlistenToAbort(signal, this.#onAbort);
  }

  readonly #onAbort = (signal: AbortSignal): void => {
    const requests = [...(this.#bySignal.get(signal) ?? [])];
    for (const request of requests) request.reject(signal.reason, 'aborted');
    // The youngest first: each is then the last of its window, and no other has to move.
    for (const request of requests.reverse()) this.#stop(request, signal.reason);
  };
}
