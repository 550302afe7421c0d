/**
 * Requests of a task whose last runs have killed their threads, or had to be ended with them. They run after
 * what is in the queue with them; and as long as other tasks are being served they wait behind those, and while
 * a thread is being replaced: so one client that crashes does not take all workers from the others, but one at a
 * time.
 *
 * No such request waits for ever: one goes on each second, whatever the state of the set. Requests of
 * sessions are not held back, since they run in order.
 */
import { performance } from '../protocol/clock.js';
import { setTimeout } from '../protocol/timers.js';
import type { Queue } from '../requests/queue.js';
import type { Request } from '../requests/request.js';
import type { Worker } from '../worker/worker.js';

/** Time after which one goes on in any case, in ms. */
const MOST_HELD_MS = 1_000;
/** Time for which a request that has succeeded shows that others are being served, in ms. */
const ACTIVE_MS = 1_000;

export interface SuspectsSetup {
  readonly queue: Pick<Queue, 'peek'>;
  /** Whether a worker is being started that makes the set larger. */
  readonly isShort: () => boolean;
  /** Has the waiting requests offered again. */
  readonly offerAgain: () => void;
  readonly now?: () => number;
}

export class Suspects {
  readonly #setup: SuspectsSetup;
  readonly #now: () => number;
  /** The last one that was let go. */
  #letGo: Request | undefined;
  /** Since when others wait; `undefined`: none was held since then. */
  #heldSince: number | undefined;
  /** Requests that had succeeded at the last look, and when that number last changed. */
  #fulfilled = 0;
  #activeAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  constructor(setup: SuspectsSetup) {
    this.#setup = setup;
    this.#now = setup.now ?? (() => performance.now());
  }

  /**
   * Whether a request of a task with `SUSPECT_FROM` kills must wait for now. To be asked whenever it might be
   * given to a worker.
   */
  holds(request: Request): boolean {
    if (request.extras?.session !== undefined) return false;
    const now = this.#now();
    if (!this.#mustWait(request, now)) {
      this.#letGo = request;
      this.#heldSince = undefined;
      return false;
    }
    this.#heldSince ??= now;
    this.#arm();
    return true;
  }

  #mustWait(request: Request, now: number): boolean {
    const { queue, isShort } = this.#setup;
    const areServed = this.#othersAreServed(request, now);
    if (now - (this.#heldSince ?? now) >= MOST_HELD_MS) return false;
    // At the head of the queue it is met for the first time: those behind it come first.
    const next = queue.peek();
    if (next === request) return true;
    if (!areServed) return false;
    if (isShort() || next !== undefined) return true;
    const other = this.#letGo;
    return other !== undefined && other !== request && (!other.isSettled || hasThread(other));
  }

  #othersAreServed({ task }: Request, now: number): boolean {
    const { fulfilled } = task.ledger.outcomes;
    if (fulfilled !== this.#fulfilled) {
      this.#fulfilled = fulfilled;
      this.#activeAt = now;
    }
    return now - this.#activeAt < ACTIVE_MS;
  }

  #arm(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#setup.offerAgain();
    }, MOST_HELD_MS).unref();
  }
}

/** It has timed out or was aborted, and its thread has not ended yet. */
function hasThread(request: Request): boolean {
  const worker = request.extras?.worker as Worker | undefined;
  return worker?.isRunning(request) === true;
}
