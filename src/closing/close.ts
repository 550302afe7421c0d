/**
 * The end of a Balancer:
 *
 * 1. New requests are refused, and the pool starts no more threads.
 * 2. All accepted requests settle; with `queued: 'reject'` only those that run are finished. After the
 *    timeout, or without one when nothing runs any more, the rest is rejected and the threads are ended.
 * 3. The threads end, then maintenance and the poller stop, and the process is no longer kept alive.
 */

import type { Cancellation } from '../calls/cancellation.js';
import type { Submission } from '../calls/submission.js';
import type { Dispatcher } from '../dispatch/dispatcher.js';
import { BalancerClosedError } from '../errors/errors.js';
import { withoutOwnFrames } from '../errors/own-frame.js';
import type { CloseSettings } from '../options/close.js';
import type { Maintenance } from '../pool/maintenance.js';
import type { Pool } from '../pool/pool.js';
import { Deadline } from '../protocol/deadline.js';
import { setImmediate } from '../protocol/timers.js';
import type { KeepAlive } from './keep-alive.js';
import { watchForStandstill } from './standstill.js';

export interface ClosingParts {
  readonly submission: Submission;
  readonly cancellation: Cancellation;
  readonly dispatcher: Dispatcher;
  readonly pool: Pool;
  readonly maintenance: Maintenance;
  readonly keepAlive: KeepAlive;
}

export class Closing {
  readonly #parts: ClosingParts;
  readonly #patience: number;
  #end: Promise<void> | undefined;
  #waiting: (() => void)[] = [];

  /** @param patience how long nothing may run while requests wait, in ms; `Infinity`: no limit */
  constructor(parts: ClosingParts, patience: number) {
    this.#parts = parts;
    this.#patience = patience;
  }

  get hasBegun(): boolean {
    return this.#end !== undefined;
  }

  /**
   * Begins the end, if it has not begun. Resolves when every promise is settled and every thread has ended.
   * @param options `timeout` in ms, or `Infinity`: after that time, unfinished requests are rejected and the
   *   threads are ended; where none was given: when nothing runs any more. `queued`: `'reject'` rejects requests
   *   that have not started
   */
  async close({ timeout, hasTimeout, queued }: CloseSettings): Promise<void> {
    this.#end ??= this.#parts.keepAlive.during(this.#close(queued));
    if (queued === 'reject') void this.#rejectQueued();
    const stop = this.#limit(hasTimeout ? timeout : undefined);
    try {
      await this.#end;
    } finally {
      stop();
    }
  }

  /** @returns ends the watch for the time */
  #limit(timeout: number | undefined): () => void {
    if (timeout === undefined) {
      const why = `while nothing had run for ${this.#patience} ms, and this request had not started`;
      return watchForStandstill(this.#parts.dispatcher, this.#patience, () => this.#giveUp(why));
    }
    if (timeout === Number.POSITIVE_INFINITY) return () => {};
    const why = `and its timeout of ${timeout} ms ran out before this request ended`;
    const deadline = new Deadline(() => this.#giveUp(why), timeout);
    return () => deadline.clear();
  }

  /** To be called when all requests are settled. */
  wentIdle(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  async #close(queued: 'finish' | 'reject'): Promise<void> {
    const { submission, dispatcher, pool, maintenance, keepAlive } = this.#parts;
    submission.close();
    pool.beginClose();
    if (queued === 'finish') dispatcher.pass();
    // A getter in arguments may have called `close`, while its request was neither queued nor pending.
    await undefined;
    do {
      while (dispatcher.hasUnsettled) {
        await new Promise<void>((resolve) => {
          this.#waiting.push(resolve);
        });
      }
      // What a chunk of a map has left comes back within the turn.
      if (submission.hasHadChunks) await new Promise<void>((resolve) => setImmediate(resolve));
    } while (dispatcher.hasUnsettled);
    submission.finish();
    await pool.close();
    maintenance.stop();
    dispatcher.poller.stop();
    keepAlive.end();
  }

  async #rejectQueued(): Promise<void> {
    const { submission, dispatcher, cancellation } = this.#parts;
    submission.finish();
    const why = 'the Balancer was closed before this request had started';
    const error = withoutOwnFrames(new BalancerClosedError(why));
    // A getter in arguments may have called `close`: no window may change before its request is sent.
    await undefined;
    dispatcher.rejectUnstarted(error);
    let isUndecided: boolean;
    do {
      isUndecided = false;
      for (const worker of [...dispatcher.workers]) {
        const request = worker.state === 'checking' ? undefined : worker.runningRequest;
        if (request === undefined) continue;
        // The thread has claimed it just now, and says in its next step whether the module is loaded.
        if (worker.running.isUndecided(request)) isUndecided = true;
        else if (worker.running.forbidStart(request)) cancellation.cancelClaimed(request, worker, error);
      }
      if (isUndecided) await new Promise<void>((resolve) => setImmediate(resolve));
    } while (isUndecided);
  }

  #giveUp(why: string): void {
    const error = withoutOwnFrames(new BalancerClosedError(`the Balancer was closed, ${why}`));
    this.#parts.submission.finish();
    this.#parts.dispatcher.rejectAll(error);
    this.#parts.pool.terminate();
  }
}
