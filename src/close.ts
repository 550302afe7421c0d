/** The end of a Balancer: requests are refused, the accepted ones finish, the threads end. */

import type { Submission } from './calls/submission.js';
import type { Dispatcher } from './dispatch/dispatcher.js';
import { BalancerClosedError } from './errors/errors.js';
import type { KeepAlive } from './keep-alive.js';
import type { Maintenance } from './pool/maintenance.js';
import type { Pool } from './pool/pool.js';

/** What comes to its end. */
export interface ClosingParts {
  readonly intake: Submission;
  readonly dispatcher: Dispatcher;
  readonly pool: Pool;
  readonly upkeep: Maintenance;
  readonly keepAlive: KeepAlive;
}

export class Closing {
  readonly #parts: ClosingParts;
  #end: Promise<void> | undefined;
  #idle: (() => void)[] = [];

  constructor(parts: ClosingParts) {
    this.#parts = parts;
  }

  get hasBegun(): boolean {
    return this.#end !== undefined;
  }

  /**
   * Begins it, if it has not begun. Resolves when every promise is settled and every thread has ended.
   * @param timeout in ms; what is not finished by then is rejected, and the threads are ended. `undefined`: none
   */
  async close(timeout: number | undefined): Promise<void> {
    this.#end ??= this.#parts.keepAlive.during(this.#close());
    if (timeout === undefined) return this.#end;
    const timer = setTimeout(() => this.#giveUp(timeout), timeout);
    try {
      await this.#end;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Nothing is queued, nothing pending. */
  wentIdle(): void {
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  async #close(): Promise<void> {
    const { intake, dispatcher, pool, upkeep, keepAlive } = this.#parts;
    intake.close();
    pool.beginClose();
    dispatcher.pass();
    // A getter in arguments may have called this, while its request was neither queued nor pending.
    await undefined;
    while (dispatcher.queue.size > 0 || dispatcher.pending > 0) {
      await new Promise<void>((resolve) => {
        this.#idle.push(resolve);
      });
    }
    await pool.close();
    upkeep.stop();
    dispatcher.poller.stop();
    keepAlive.end();
  }

  #giveUp(timeout: number): void {
    const error = new BalancerClosedError(
      `the Balancer was closed, and its timeout of ${timeout} ms ran out before this request ended`,
    );
    this.#parts.dispatcher.rejectAll(error);
    this.#parts.pool.terminate();
  }
}
