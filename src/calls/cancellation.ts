/**
 * What ends a request from outside: its signal, its timeout, its queueTimeout.
 *
 * Not started: it is taken out of the queue or the window, and nothing else notices. Running: two stages. First the task's own
 * signal is aborted, so that it can end by itself; after the grace period its thread is ended, and what else was in that
 * window runs elsewhere. The caller's promise is rejected at once in either case.
 */

import type { Dispatcher } from '../dispatch/dispatcher.js';
import { TaskTimeoutError } from '../errors/errors.js';
import { CLOCK_OFFSET } from '../protocol/clock.js';
import type { Request, RequestExtras } from '../requests/request.js';
import type { Worker } from '../worker/worker.js';

/** Timers fire up to this much early, in ms. */
const EARLY_MS = 1;

export class Cancellation {
  readonly #dispatcher: Dispatcher;
  readonly #grace: number;
  /** One listener for each signal, however many requests use it: a million would leak, and be slow. */
  readonly #bySignal = new WeakMap<AbortSignal, Set<Request>>();

  /** The time that the running request of a worker has to end by itself. */
  readonly #graces = new WeakMap<Worker, NodeJS.Timeout>();

  /** @param grace in ms, from the abort of the task's signal to the end of its thread */
  constructor(dispatcher: Dispatcher, grace: number) {
    this.#dispatcher = dispatcher;
    this.#grace = grace;
  }

  /** Watches a request until it settles. Does nothing for one without signal and timeouts. */
  guard(request: Request, extras: RequestExtras): void {
    const { signal } = extras;
    const { timeout, queueTimeout } = extras;
    if (signal === undefined && timeout === 0 && queueTimeout === 0) return;
    let timer: NodeJS.Timeout | undefined;
    if (queueTimeout > 0) {
      const waiting = setTimeout(() => this.#queueTimeUp(request, queueTimeout), queueTimeout);
      waiting.unref();
      timer = waiting;
    }
    let running: NodeJS.Timeout | undefined;
    if (timeout > 0) {
      extras.sent = () => {
        clearTimeout(running);
        const look = (ms: number): void => {
          running = setTimeout(() => {
            if (this.#isOver(request)) return;
            const left = this.#timeLeft(request, timeout);
            if (left > 0) look(left);
            else this.expire(request, new TaskTimeoutError(request.task.name, 'run', timeout));
          }, ms);
          running.unref();
        };
        look(timeout);
      };
    }
    if (signal !== undefined) this.#listen(signal, request);
    extras.release = () => {
      clearTimeout(timer);
      clearTimeout(running);
      if (signal !== undefined) this.#forget(signal, request);
    };
  }

  /** Rejects the request and stops it, wherever it is. */
  expire(request: Request, error: unknown): void {
    if (request.isSettled) return;
    request.reject(error);
    this.#stop(request, error);
  }

  #stop(request: Request, error: unknown): void {
    if (this.#dispatcher.withdraw(request)) return;
    const worker = request.extras?.worker as Worker | undefined;
    if (worker === undefined || !worker.isRunning(request)) return;
    worker.commands.cancel(request, error);
    if (this.#grace === Number.POSITIVE_INFINITY) return;
    // One for each worker: what it has run before is over. So a long grace does not hold every request that was ever stopped.
    clearTimeout(this.#graces.get(worker));
    const timer = setTimeout(() => this.#graceOver(worker, request), this.#grace);
    this.#graces.set(worker, timer.unref());
  }

  #graceOver(worker: Worker, request: Request): void {
    if (worker.state === 'dead' || !worker.isRunning(request)) return;
    this.#dispatcher.end(worker, request);
  }

  /** Whether it is over, also if that has only not been seen yet, since the main thread was busy. */
  #isOver(request: Request): boolean {
    const worker = request.extras?.worker as Worker | undefined;
    if (worker !== undefined) this.#dispatcher.collect(worker);
    return request.isSettled;
  }

  #timeLeft(request: Request, timeout: number): number {
    const worker = request.extras?.worker as Worker | undefined;
    const start = worker?.startOf(request) ?? 0;
    // Not started: the clock of `timeout` has not begun.
    if (start === 0) return timeout;
    const left = start + timeout - (performance.now() + CLOCK_OFFSET);
    return left <= EARLY_MS ? 0 : left;
  }

  #queueTimeUp(request: Request, queueTimeout: number): void {
    if (this.#isOver(request)) return;
    const worker = request.extras?.worker as Worker | undefined;
    if (worker?.isRunning(request) === true) return;
    this.expire(request, new TaskTimeoutError(request.task.name, 'queue', queueTimeout));
  }

  #listen(signal: AbortSignal, request: Request): void {
    let requests = this.#bySignal.get(signal);
    if (requests === undefined) {
      requests = new Set();
      this.#bySignal.set(signal, requests);
    }
    if (requests.size === 0) signal.addEventListener('abort', this.#onAbort);
    requests.add(request);
  }

  #forget(signal: AbortSignal, request: Request): void {
    const requests = this.#bySignal.get(signal);
    if (requests === undefined || !requests.delete(request)) return;
    if (requests.size === 0) signal.removeEventListener('abort', this.#onAbort);
  }

  readonly #onAbort = (event: Event): void => {
    const signal = event.target as AbortSignal;
    const requests = [...(this.#bySignal.get(signal) ?? [])];
    for (const request of requests) request.reject(signal.reason);
    // The last first: each is at the end of its window then, and nothing behind it has to be moved.
    for (const request of requests.reverse()) this.#stop(request, signal.reason);
  };
}
